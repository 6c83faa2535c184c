// A root of one's own as sandboxes make it (bubblewrap, unprivileged runtimes): a user and a mount namespace, a
// tmpfs, pivot_root, the old root's parts bound, and the old root thrown away.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "own-root.h"

static void say(const char *what, long result) { printf("%s: %s\n", what, result < 0 ? strerror(errno) : "fine"); }

static void put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  say(path, fd < 0 ? -1 : write(fd, text, strlen(text)));
  close(fd);
}

int main(int argc, char **argv) {
  own_root(argc, argv);
  setvbuf(stdout, 0, _IONBF, 0);
  mkdir("/tmp", 0755);
  mkdir("/tmp/sandbox", 0755);
  mkdir("/proc", 0755);
  mkdir("/dev", 0755);
  mkdir("/etc", 0755);
  mount("proc", "/proc", "proc", 0, 0);
  mount("tmpfs", "/dev", "tmpfs", 0, 0);
  mknod("/dev/null", S_IFCHR | 0666, makedev(1, 3));
  say("unshare", unshare(CLONE_NEWUSER | CLONE_NEWNS));
  put("/proc/self/setgroups", "deny");
  put("/proc/self/uid_map", "0 0 1");
  put("/proc/self/gid_map", "0 0 1");
  say("slave", mount(0, "/", 0, MS_SILENT | MS_SLAVE | MS_REC, 0));
  say("umount of the root", umount2("/", MNT_DETACH));
  say("tmpfs", mount("tmpfs", "/tmp/sandbox", "tmpfs", MS_NODEV | MS_NOSUID, 0));
  chdir("/tmp/sandbox");
  mkdir("newroot", 0755);
  say("bind onto itself", mount("newroot", "newroot", 0, MS_MGC_VAL | MS_BIND | MS_REC, 0));
  mkdir("oldroot", 0755);
  say("pivot_root", syscall(SYS_pivot_root, "/tmp/sandbox", "oldroot"));
  chdir("/");
  mkdir("/newroot/dev", 0755);
  say("not without what is mounted below", mount("/oldroot", "/newroot", 0, MS_BIND, 0));
  say("bind of a part", mount("/oldroot/dev", "/newroot/dev", 0, MS_BIND | MS_REC, 0));
  say("private", mount("oldroot", "oldroot", 0, MS_SILENT | MS_REC | MS_PRIVATE, 0));
  say("umount of what is locked", umount2("/oldroot/proc", MNT_DETACH));
  say("umount of the old root", umount2("oldroot", MNT_DETACH));
  say("nothing there", access("oldroot/etc", F_OK));
  int old = open("/", O_DIRECTORY | O_RDONLY);
  chdir("/newroot");
  say("pivot_root onto itself", syscall(SYS_pivot_root, ".", "."));
  fchdir(old);
  say("umount of the first", umount2(".", MNT_DETACH));
  chdir("/");
  say("dev", access("/dev/null", R_OK | W_OK));
  say("newroot", access("/newroot", F_OK));
  say("umount of the last root", umount2("/", 0));
  return 0;
}
