/* What file programs print: the call, its result, and the name of its error. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <linux/close_range.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

static long shown(const char *text, long result) {
  if (result == -1) printf("%s = -1 %s\n", text, strerrorname_np(errno));
  else printf("%s = %ld\n", text, result);
  return result;
}
/* Evaluates a call and prints it with its result. */
#define SHOW(call) shown(#call, (long)(call))
/* Prints only whether it failed: for descriptors and other numbers that may differ. */
#define OK(call) ({ long r_ = (long)(call); shown(#call, r_ == -1 ? -1 : 0); r_; })

static void put(const char *path, const char *text) {
  int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);
  if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) printf("put %s failed\n", path);
  close(fd);
}
static void get(const char *path) {
  char text[256];
  int fd = open(path, O_RDONLY);
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (n < 0) printf("%s: %s\n", path, strerrorname_np(errno));
  else printf("%s: [%.*s]\n", path, (int)n, text);
  if (fd >= 0) close(fd);
}
static void mode(const char *path) {
  struct stat st;
  if (lstat(path, &st)) printf("%s: %s\n", path, strerrorname_np(errno));
  else printf("%s: mode %o nlink %lu uid %u gid %u size %lld\n", path, st.st_mode, (unsigned long)st.st_nlink, st.st_uid, st.st_gid, S_ISDIR(st.st_mode) ? 0 : (long long)st.st_size);
}
/* Runs the rest as an ordinary user, in a child. */
#define AS_USER(id) for (pid_t p_ = (fflush(stdout), fork()); p_ >= 0; p_ = -1) if (p_ > 0) waitpid(p_, NULL, 0); else for (int once_ = (setgroups_(), setresgid(id, id, id), setresuid(id, id, id), 1); once_; fflush(stdout), _exit(0))
#include <grp.h>
static void setgroups_(void) { setgroups(0, NULL); }
