/* pidfd_send_signal on a directory of /proc, what there was before pidfd_open; one of its files or of a thread is none. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>
#define SAY(call) do { errno = 0; long r_ = (long)(call); printf("%s = %ld %s\n", #call, r_, r_ < 0 ? strerrorname_np(errno) : ""); } while (0)

static int open_proc(pid_t pid, const char *rest, int flags) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d%s", pid, rest);
  return open(path, flags);
}

static void proc_directories(void) {
  pid_t child = fork();
  if (child == 0) { pause(); _exit(0); }
  char thread[32];
  snprintf(thread, sizeof thread, "/task/%d", child);
  int fd = open_proc(child, "", O_RDONLY | O_DIRECTORY);
  SAY(pidfd_send_signal(open("/proc", O_RDONLY), 0, 0, 0));
  SAY(pidfd_send_signal(open("/proc/self", O_RDONLY), 0, 0, 0));
  SAY(pidfd_send_signal(open_proc(child, "", O_PATH), 0, 0, 0));
  SAY(pidfd_send_signal(open_proc(child, "/fd", O_RDONLY), 0, 0, 0));
  SAY(pidfd_send_signal(open_proc(child, "/stat", O_RDONLY), 0, 0, 0));
  SAY(pidfd_send_signal(open_proc(child, thread, O_RDONLY), 0, 0, 0));
  SAY(pidfd_send_signal(fd, 0, 0, 0));
  SAY(pidfd_send_signal(fd, 77, 0, 0));
  siginfo_t info = {0};
  SAY(waitid(P_PIDFD, fd, &info, WEXITED));
  SAY(pidfd_send_signal(fd, SIGTERM, 0, 0));
  SAY(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
  SAY(pidfd_send_signal(fd, SIGTERM, 0, 0));
  SAY(waitid(P_PID, child, &info, WEXITED));
  printf("code %d status %d\n", info.si_code, info.si_status);
  SAY(pidfd_send_signal(fd, SIGTERM, 0, 0));
}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  proc_directories();
  return 0;
}
