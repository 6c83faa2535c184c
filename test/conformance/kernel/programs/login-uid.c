// /proc/<pid>/loginuid and sessionid (fs/proc/base.c, kernel/audit.c): set once by anybody, inherited, changed by
// who may. All in a child, so that whoever runs this stays logged in as nobody.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void show(const char *what) {
  char uid[32] = "", session[32] = "";
  int fd = open("/proc/self/loginuid", O_RDONLY);
  read(fd, uid, sizeof uid - 1);
  close(fd);
  fd = open("/proc/self/sessionid", O_RDONLY);
  read(fd, session, sizeof session - 1);
  close(fd);
  printf("%s: loginuid %s, in a session %d\n", what, uid, strcmp(session, "4294967295") != 0);
}

static void set(const char *path, const char *value) {
  int fd = open(path, O_WRONLY);
  ssize_t count = write(fd, value, strlen(value));
  printf("%s: %zd %s\n", value, count, count < 0 ? strerror(errno) : "");
  close(fd);
}

static int in_child(void (*part)(void)) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    part();
    fflush(stdout);
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  return status;
}

static void grandchild(void) { show("inherited"); }

static void without_rights(void) {
  int fd = open("/proc/self/loginuid", O_WRONLY);
  int again = open("/proc/self/loginuid", O_WRONLY);
  setresuid(65534, 65534, 65534);
  ssize_t count = write(fd, "7", 1);
  printf("nobody sets it: %zd\n", count);
  show("set by nobody");
  count = write(again, "8", 1);
  printf("and again: %zd %s\n", count, count < 0 ? strerror(errno) : "");
  show("at last");
}

static void with_rights(void) {
  set("/proc/self/loginuid", "1000");
  show("set");
  in_child(grandchild);
  set("/proc/self/loginuid", "1001");
  show("changed");
  set("/proc/self/loginuid", "x");
  set("/proc/self/loginuid", "4294967295");
  show("logged out");
  char path[64];
  sprintf(path, "/proc/%d/loginuid", getppid());
  set(path, "5");
}

int main(void) {
  show("at first");
  in_child(with_rights);
  in_child(without_rights);
  show("at last");
  return 0;
}
