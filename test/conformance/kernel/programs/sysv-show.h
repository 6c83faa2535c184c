/* What the three programs of System V IPC share: how results and /proc/sysvipc are printed. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void say(const char *what, long result) {
  if (result < 0) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, result);
  fflush(stdout);
}

/* A file of /proc/sysvipc; columns of pids and times (given by number) as whether they are set. */
static void sysvipc(const char *name, unsigned long hidden) {
  char path[64], text[8192], *line, *rest = text;
  mkdir("/proc", 0755);
  mount("proc", "/proc", "proc", 0, NULL);
  sprintf(path, "/proc/sysvipc/%s", name);
  int fd = open(path, O_RDONLY);
  int size = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
  if (fd < 0) say(path, fd);
  close(fd);
  text[size < 0 ? 0 : size] = 0;
  printf("%s", line = strsep(&rest, "\n"));
  while ((line = strsep(&rest, "\n")) != NULL && *line) {
    printf("\n%zu bytes:", strlen(line));
    int column = 0;
    for (char *word = strtok(line, " "); word; word = strtok(NULL, " "), column++)
      printf(" %s", !(hidden >> column & 1) ? word : strcmp(word, "0") ? "set" : "0");
  }
  printf("\n");
}

static pid_t begin(void (*body)(int), int id) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) { body(id); fflush(stdout); _exit(0); }
  return pid;
}

static void finish(pid_t pid) {
  int status;
  waitpid(pid, &status, 0);
  printf("child: %x\n", status);
}

static void on_alarm(int signal) { }
