/* What a process asks about itself: limits, usage, priorities, scheduling, prctl, wait. One line each. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/membarrier.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <unistd.h>

static void show(const char *what, long result) {
  printf("%s = %ld%s%s\n", what, result, result < 0 ? " " : "", result < 0 ? strerrorname_np(errno) : "");
  fflush(stdout);
}
#define SHOW(call) show(#call, (long)(call))

static void limits(void) {
  struct rlimit64 limit = {100, 50};
  SHOW(prlimit64(0, RLIMIT_NOFILE, &limit, 0));
  limit = (struct rlimit64){64, 128};
  SHOW(prlimit64(0, RLIMIT_NOFILE, &limit, 0));
  SHOW(prlimit64(getpid(), RLIMIT_NOFILE, 0, &limit));
  printf("%ld %ld\n", (long)limit.rlim_cur, (long)limit.rlim_max);
  limit = (struct rlimit64){1, 2000000};
  SHOW(prlimit64(0, RLIMIT_NOFILE, &limit, 0));
  SHOW(prlimit64(0, 16, 0, &limit));
  SHOW(prlimit64(0, RLIMIT_NOFILE, (void *)8, 0));
  SHOW(prlimit64(99999999, RLIMIT_NOFILE, 0, &limit));
  struct rlimit old = {RLIM_INFINITY, RLIM_INFINITY};
  SHOW(syscall(SYS_setrlimit, RLIMIT_CPU, &old));
  SHOW(syscall(SYS_getrlimit, RLIMIT_CPU, &old));
  printf("%d\n", old.rlim_cur == RLIM_INFINITY);
  SHOW(syscall(SYS_getrlimit, -1, &old));
  pid_t child = fork();
  if (child == 0) {
    getrlimit(RLIMIT_NOFILE, &old);
    printf("child has %ld\n", (long)old.rlim_cur);
    setresuid(1000, 1000, 1000);
    limit = (struct rlimit64){64, 200};
    SHOW(prlimit64(0, RLIMIT_NOFILE, &limit, 0));
    SHOW(prlimit64(getppid(), RLIMIT_NOFILE, 0, &limit));
    SHOW(setpriority(PRIO_PROCESS, 0, -1));
    SHOW(setpriority(PRIO_PROCESS, getppid(), 5));
    fflush(stdout);
    _exit(0);
  }
  SHOW(waitpid(child, 0, 0) == child);
}

static void usage(void) {
  struct rusage self;
  struct tms clock;
  volatile long sum = 0;
  for (long i = 0; i < 3000000; i++) sum += i;
  SHOW(getrusage(RUSAGE_SELF, &self));
  printf("%d\n", self.ru_maxrss > 50);
  SHOW(getrusage(RUSAGE_CHILDREN, &self));
  SHOW(getrusage(RUSAGE_THREAD, &self));
  SHOW(getrusage(2, &self));
  SHOW(getrusage(RUSAGE_SELF, (void *)8));
  printf("%d\n", times(&clock) != -1);
  struct sysinfo info;
  SHOW(sysinfo(&info));
  printf("%d %d %d\n", info.totalram > info.freeram, info.mem_unit, info.procs > 0);
  SHOW(sysinfo((void *)8));
}

static void priorities(void) {
  SHOW(syscall(SYS_getpriority, PRIO_PROCESS, 0));
  SHOW(setpriority(PRIO_PROCESS, 0, 7));
  SHOW(syscall(SYS_getpriority, PRIO_PROCESS, getpid()));
  SHOW(setpriority(PRIO_PROCESS, 0, 100));
  SHOW(setpriority(PRIO_PROCESS, 0, -100));
  SHOW(syscall(SYS_getpriority, PRIO_PROCESS, 0));
  SHOW(setpriority(PRIO_PROCESS, 0, 0));
  SHOW(syscall(SYS_getpriority, 3, 0));
  SHOW(setpriority(-1, 0, 0));
  SHOW(syscall(SYS_getpriority, PRIO_PROCESS, 99999999));
  SHOW(nice(3));
  SHOW(setpriority(PRIO_PROCESS, 0, 0));
  SHOW(syscall(SYS_ioprio_get, 1, 0));
  SHOW(syscall(SYS_ioprio_set, 1, 0, (2 << 13) | 5));
  SHOW(syscall(SYS_ioprio_get, 1, 0));
  SHOW(syscall(SYS_ioprio_set, 1, 0, (0 << 13) | 5));
  SHOW(syscall(SYS_ioprio_set, 9, 0, (2 << 13) | 5));
  SHOW(syscall(SYS_ioprio_set, 1, 99999999, (2 << 13) | 5));
}

static void scheduling(void) {
  struct sched_param param = {0};
  cpu_set_t set;
  SHOW(sched_yield());
  SHOW(syscall(SYS_sched_getscheduler, 0));
  SHOW(syscall(SYS_sched_getscheduler, -1));
  SHOW(syscall(SYS_sched_getscheduler, 99999999));
  SHOW(syscall(SYS_sched_setscheduler, 0, SCHED_BATCH, &param));
  SHOW(syscall(SYS_sched_getscheduler, 0));
  SHOW(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER | SCHED_RESET_ON_FORK, &param));
  SHOW(syscall(SYS_sched_getscheduler, 0));
  SHOW(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &param));
  param.sched_priority = 5;
  SHOW(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &param));
  SHOW(syscall(SYS_sched_setscheduler, 0, 77, &param));
  SHOW(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, 0));
  SHOW(syscall(SYS_sched_getparam, 0, &param));
  SHOW(param.sched_priority);
  for (int policy = 0; policy < 8; policy++) {
    SHOW(sched_get_priority_min(policy));
    SHOW(sched_get_priority_max(policy));
  }
  SHOW(syscall(SYS_sched_getaffinity, 0, 7, &set) < 0);
  SHOW(syscall(SYS_sched_getaffinity, 0, sizeof set, &set) > 0);
  SHOW(CPU_ISSET(0, &set) != 0);
  SHOW(sched_setaffinity(0, sizeof set, &set));
  CPU_ZERO(&set);
  SHOW(sched_setaffinity(0, sizeof set, &set));
  CPU_SET(0, &set);
  SHOW(sched_setaffinity(0, sizeof set, &set));
  unsigned cpu = 9, node = 9;
  SHOW(syscall(SYS_getcpu, &cpu, &node, 0));
  printf("cpu %u node %u\n", cpu, node);
  uint32_t attributes[16] = {0};
  SHOW(syscall(SYS_sched_getattr, 0, attributes, 48, 0));
  printf("%u %u %u\n", attributes[0], attributes[1], attributes[5]);
  SHOW(syscall(SYS_sched_getattr, 0, attributes, 40, 0));
  SHOW(syscall(SYS_sched_setattr, 0, attributes, 1));
  SHOW(syscall(SYS_sched_setattr, 0, attributes, 0));
}

static void barriers(void) {
  SHOW((syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0) & 0x1f));
  SHOW(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
  SHOW(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
  SHOW(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
  SHOW(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0));
  SHOW(syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 7, 0));
  SHOW(syscall(SYS_membarrier, 12345, 0, 0));
}

static void options(void) {
  char name[16] = "";
  int value = 9;
  SHOW(prctl(PR_SET_NAME, "a name that is far too long"));
  SHOW(prctl(PR_GET_NAME, name));
  puts(name);
  SHOW(prctl(PR_SET_NAME, 8));
  SHOW(prctl(PR_SET_PDEATHSIG, 9));
  SHOW(prctl(PR_GET_PDEATHSIG, &value));
  SHOW(value);
  SHOW(prctl(PR_SET_PDEATHSIG, 65));
  SHOW(prctl(PR_SET_PDEATHSIG, 0));
  SHOW(prctl(PR_GET_DUMPABLE));
  SHOW(prctl(PR_SET_DUMPABLE, 2));
  SHOW(prctl(PR_SET_DUMPABLE, 0));
  SHOW(prctl(PR_GET_DUMPABLE));
  SHOW(prctl(PR_SET_DUMPABLE, 1));
  SHOW(prctl(PR_SET_CHILD_SUBREAPER, 1));
  SHOW(prctl(PR_GET_CHILD_SUBREAPER, &value));
  SHOW(value);
  SHOW(prctl(PR_GET_TIMERSLACK));
  SHOW(prctl(PR_SET_TIMERSLACK, 1000));
  SHOW(prctl(PR_GET_TIMERSLACK));
  SHOW(prctl(PR_SET_TIMERSLACK, 0));
  SHOW(prctl(PR_GET_TIMERSLACK));
  SHOW(prctl(PR_GET_TIMING));
  SHOW(prctl(PR_GET_TSC, &value));
  SHOW(value);
  SHOW(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
  SHOW(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
  SHOW(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0));
  SHOW(prctl(987654));
  SHOW(personality(0xffffffff));
  SHOW(personality(ADDR_NO_RANDOMIZE));
  SHOW(personality(0xffffffff) == ADDR_NO_RANDOMIZE);
  SHOW(personality(0));
  void *head = 0;
  size_t size = 0;
  SHOW(syscall(SYS_get_robust_list, 0, &head, &size));
  SHOW(head != 0 && size == 24);
  SHOW(syscall(SYS_set_robust_list, head, 23));
}

static _Alignas(32) uint32_t area[8];

/* The C library may have registered one for the first thread: this one has none yet. */
static int register_sequences(void *unused) {
  area[1] = 77;
  SHOW(syscall(SYS_rseq, area, 32, 0, 0x1234));
  SHOW(area[1] < 64);
  SHOW(syscall(SYS_rseq, area, 32, 0, 0x1234));
  SHOW(syscall(SYS_rseq, area, 32, 0, 0x1235));
  SHOW(syscall(SYS_rseq, area, 32, 1, 0x1235));
  SHOW(syscall(SYS_rseq, area, 32, 1, 0x1234));
  printf("%d\n", (int)area[1]);
  SHOW(syscall(SYS_rseq, area, 32, 1, 0x1234));
  return 0;
}

static void sequences(void) {
  static char stack[65536];
  SHOW(syscall(SYS_rseq, area, 32, 2, 0x1234));
  pid_t child = clone(register_sequences, stack + sizeof stack, CLONE_VM | SIGCHLD, 0);
  SHOW(waitpid(child, 0, 0) == child);
}

int main(void) {
  limits();
  usage();
  priorities();
  scheduling();
  barriers();
  options();
  sequences();
  return 3;
}
