/* What the kernel costs: `calls NAME COUNT [PROGRAM]` prints nanoseconds of processor time for one of COUNT turns. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char *program = "/bin/true";
static char bytes[4096];

static void call_getpid(long count) {
  while (count--) syscall(SYS_getpid);
}
static void call_write(long count) {
  int fd = open("/dev/null", O_WRONLY);
  while (count--) write(fd, bytes, 64);
}
static void call_read(long count) {
  int fd = open("/dev/zero", O_RDONLY);
  while (count--) read(fd, bytes, 4096);
}
static void call_stat(long count) {
  struct stat status;
  while (count--) stat("/usr/bin/env", &status);
}
static void call_open(long count) {
  while (count--) close(open("/usr/bin/env", O_RDONLY));
}
static void call_mmap(long count) {
  while (count--) {
    char *page = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int at = 0; at < 65536; at += 4096) page[at] = 1;
    munmap(page, 65536);
  }
}
static void call_pipe(long count) {
  int to[2], from[2];
  pipe(to);
  pipe(from);
  if (fork() == 0) {
    while (read(to[0], bytes, 1) == 1 && *bytes) write(from[1], bytes, 1);
    _exit(0);
  }
  *bytes = 1;
  while (count--) write(to[1], bytes, 1), read(from[0], bytes, 1);
  *bytes = 0;
  write(to[1], bytes, 1);
  wait(0);
}
static void handler(int number) { (void)number; }
static void call_signal(long count) {
  signal(SIGUSR1, handler);
  while (count--) raise(SIGUSR1);
}
static void *nothing(void *unused) { return unused; }
static void call_thread(long count) {
  pthread_t thread;
  while (count--) pthread_create(&thread, 0, nothing, 0), pthread_join(thread, 0);
}
static void call_fork(long count) {
  while (count--) {
    if (fork() == 0) _exit(0);
    wait(0);
  }
}
static void call_spawn(long count) {
  while (count--) {
    if (fork() == 0) {
      execl(program, program, (char *)0);
      _exit(127);
    }
    int status;
    wait(&status);
    if (status != 0) exit(1);
  }
}
static void call_vspawn(long count) {
  while (count--) {
    if (vfork() == 0) {
      execl(program, program, (char *)0);
      _exit(127);
    }
    wait(0);
  }
}

static double processor_ns(void) {
  double sum = 0;
  for (int who = RUSAGE_CHILDREN; who <= RUSAGE_SELF; who++) {
    struct rusage usage;
    getrusage(who, &usage);
    sum += (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e9 + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e3;
  }
  return sum;
}

#define ROW(name) {#name, call_##name}
static const struct {
  const char *name;
  void (*run)(long);
} rows[] = {ROW(getpid), ROW(write), ROW(read), ROW(stat), ROW(open), ROW(mmap), ROW(pipe), ROW(signal), ROW(thread), ROW(fork), ROW(spawn), ROW(vspawn)};

int main(int count, char **arguments) {
  long turns = atol(arguments[2]);
  if (count > 3) program = arguments[3];
  for (int i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (strcmp(rows[i].name, arguments[1]) != 0) continue;
    rows[i].run(turns / 5 + 1);
    double start = processor_ns();
    rows[i].run(turns);
    printf("%.0f\n", (processor_ns() - start) / turns);
    return 0;
  }
  return 2;
}
