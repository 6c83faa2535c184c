// /proc/self/fd is the process' own whoever it has become (proc_fd_permission): servers that change their user reopen
// what they hold by O_PATH there. Another's is not.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static void say(const char *what, long result) { printf("%s: %s\n", what, result < 0 ? strerror(errno) : "fine"); }

int main(void) {
  char path[64], target[64];
  setvbuf(stdout, 0, _IONBF, 0);
  int memory = open("/own-descriptors", O_CREAT | O_RDWR, 0644);
  write(memory, "text", 4);
  int held = open("/own-descriptors", O_PATH);
  unlink("/own-descriptors");
  setresgid(65534, 65534, 65534);
  setresuid(65534, 65534, 65534);
  printf("dumpable %d\n", prctl(PR_GET_DUMPABLE));
  sprintf(path, "/proc/self/fd/%d", held);
  say("open by O_PATH", open(path, O_RDONLY));
  say("for writing", open(path, O_WRONLY));
  say("readlink", readlink(path, target, sizeof target));
  say("stat", stat(path, &(struct stat){}));
  say("list", open("/proc/self/fd", O_RDONLY | O_DIRECTORY));
  say("access", access("/proc/self/fd", R_OK | X_OK));
  say("of a thread", open("/proc/thread-self/fd", O_RDONLY | O_DIRECTORY));
  say("fdinfo", open("/proc/self/fdinfo", O_RDONLY | O_DIRECTORY));
  say("another's", open("/proc/1/fd", O_RDONLY | O_DIRECTORY));
  say("another's link", readlink("/proc/1/fd/0", target, sizeof target));
  say("its environment", open("/proc/self/environ", O_RDONLY));
  return 0;
}
