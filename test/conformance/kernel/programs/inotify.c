/* inotify: which events come, in which order, with which names; watches and their errors. */
#include "check.h"
#include <sys/inotify.h>

static int notifier;
static const char *NAMES[] = {"ACCESS", "MODIFY", "ATTRIB", "CLOSE_WRITE", "CLOSE_NOWRITE", "OPEN", "MOVED_FROM", "MOVED_TO",
                              "CREATE", "DELETE", "DELETE_SELF", "MOVE_SELF"};
static unsigned first_cookie;
static void events(const char *what) {
  char buffer[8192] __attribute__((aligned(8)));
  int waiting = 0;
  ioctl(notifier, FIONREAD, &waiting);
  ssize_t n = read(notifier, buffer, sizeof buffer);
  printf("%s: %s\n", what, n < 0 ? strerrorname_np(errno) : n == waiting ? "all" : "some");
  first_cookie = 0;
  for (char *at = buffer; at < buffer + n;) {
    struct inotify_event *event = (void *)at;
    printf("  %d", event->wd);
    for (int bit = 0; bit < 12; bit++) if (event->mask & (1u << bit)) printf(" %s", NAMES[bit]);
    if (event->mask & ~0xfffu) printf(" +%x", event->mask & ~0xfffu);
    if (event->cookie && !first_cookie) first_cookie = event->cookie;
    printf(" len %u cookie %d %s\n", event->len, event->cookie == 0 ? 0 : event->cookie == first_cookie ? 1 : 2,
           event->len ? event->name : "");
    at += sizeof *event + event->len;
  }
}

int main(void) {
  char byte;
  mkdir("/d", 0755); mkdir("/other", 0755);
  SHOW(inotify_init1(3));
  SHOW(notifier = inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  events("nothing");
  SHOW(inotify_add_watch(notifier, "/missing", IN_OPEN));
  SHOW(inotify_add_watch(notifier, "/d", 0));
  SHOW(inotify_add_watch(77, "/d", IN_OPEN));
  SHOW(inotify_add_watch(0, "/d", IN_OPEN));
  SHOW(inotify_add_watch(notifier, "/d", IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE));
  SHOW(inotify_rm_watch(notifier, 5));
  SHOW(inotify_add_watch(notifier, "/d", IN_ALL_EVENTS));
  put("/d/file", "text");
  events("created and written");
  get("/d/file");
  events("read");
  SHOW(inotify_add_watch(notifier, "/d/file", IN_ALL_EVENTS));
  SHOW(inotify_add_watch(notifier, "/d/file", IN_ONLYDIR | IN_OPEN));
  SHOW(inotify_add_watch(notifier, "/d/file", IN_OPEN | IN_MASK_CREATE));
  get("/d/file");
  events("read, both watched");
  SHOW(chmod("/d/file", 0600));
  events("chmod");
  SHOW(rename("/d/file", "/d/a-name-that-is-long"));
  events("rename");
  SHOW(rename("/d/a-name-that-is-long", "/other/file"));
  events("moved out");
  SHOW(rename("/other/file", "/d/back"));
  events("moved in");
  SHOW(mkdir("/d/sub", 0755));
  SHOW(rmdir("/d/sub"));
  events("directory");
  SHOW(link("/d/back", "/d/second"));
  SHOW(unlink("/d/second"));
  events("second name");
  SHOW(truncate("/d/back", 2));
  events("truncate");
  int fd = open("/d/back", O_RDWR);
  write(fd, "a", 1); write(fd, "b", 1); pwrite(fd, "c", 1, 0);
  events("writes are merged");
  SHOW(unlink("/d/back"));
  events("unlinked, open");
  close(fd);
  events("closed: the watch is gone");
  SHOW(inotify_rm_watch(notifier, 2));
  put("/d/once", "");
  events("again");
  SHOW(inotify_add_watch(notifier, "/d/once", IN_OPEN | IN_ONESHOT));
  SHOW(inotify_add_watch(notifier, "/d", IN_CREATE));
  get("/d/once"); get("/d/once");
  events("one shot");
  SHOW(inotify_add_watch(notifier, "/d", IN_DELETE | IN_MASK_ADD));
  put("/d/x", ""); unlink("/d/x");
  char small[16];
  SHOW(read(notifier, small, sizeof small));
  struct pollfd polled = {notifier, POLLIN, 0};
  SHOW(poll(&polled, 1, 0));
  events("create and delete");
  SHOW(inotify_rm_watch(notifier, 1));
  events("removed");
  unlink("/d/once");
  SHOW(inotify_add_watch(notifier, "/d", IN_DELETE_SELF));
  SHOW(rmdir("/d"));
  events("directory removed");
  SHOW(read(notifier, &byte, 1));
  close(notifier);
  return 0;
}
