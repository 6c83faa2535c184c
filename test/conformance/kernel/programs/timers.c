/* Clocks and timers: what they answer, which signals come, how many. Times are compared, not printed. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAY(call) do { errno = 0; long r_ = (long)(call); printf("%s = %ld %s\n", #call, r_, r_ < 0 ? strerrorname_np(errno) : ""); } while (0)

static volatile sig_atomic_t count;
static volatile siginfo_t last;
static void on_info(int signal, siginfo_t *info, void *context) { count++; memcpy((void *)&last, info, sizeof *info); }
static void set(int signal, int flags) {
  struct sigaction action = {0};
  action.sa_sigaction = on_info;
  action.sa_flags = SA_SIGINFO | flags;
  sigaction(signal, &action, 0);
}
static double now(int clock) { struct timespec t; clock_gettime(clock, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static void spin(double seconds) { double end = now(CLOCK_PROCESS_CPUTIME_ID) + seconds; while (now(CLOCK_PROCESS_CPUTIME_ID) < end); }

static void clocks(void) {
  struct timespec t;
  for (int clock = 0; clock <= 12; clock++) if (clock < 8 || clock > 10) SAY(clock_gettime(clock, &t));
  /* The alarm clocks are there when the machine has an RTC. */
  for (int clock = 8; clock <= 9; clock++)
    printf("alarm clock %d: consistent %d\n", clock, clock_gettime(clock, &t) == clock_getres(clock, &t));
  SAY(clock_gettime(99, &t));
  SAY(clock_getres(CLOCK_MONOTONIC, &t));
  printf("res %ld %ld\n", (long)t.tv_sec, t.tv_nsec);
  SAY(clock_getres(99, &t));
  t.tv_sec = -1; t.tv_nsec = 0;
  SAY(clock_settime(CLOCK_MONOTONIC, &t));
  clockid_t id;
  SAY(clock_getcpuclockid(0, &id));
  SAY(clock_gettime(id, &t));
  printf("close %d\n", now(CLOCK_REALTIME) - (double)time(0) < 1.1);
  struct timeval tv;
  SAY(gettimeofday(&tv, 0));
  printf("same second %d\n", labs((long)(tv.tv_sec - time(0))) <= 1);
  struct tms tms;
  printf("times %d\n", times(&tms) > 0);
}

static void sleeps(void) {
  struct timespec bad = {0, 1000000000}, negative = {-1, 0}, little = {0, 30000000}, left;
  SAY(nanosleep(&bad, 0));
  SAY(nanosleep(&negative, 0));
  SAY(nanosleep((void *)8, 0));
  double start = now(CLOCK_MONOTONIC);
  SAY(nanosleep(&little, 0));
  double took = now(CLOCK_MONOTONIC) - start;
  printf("slept %d\n", took >= 0.03 && took < 0.3);
  struct timespec at;
  clock_gettime(CLOCK_REALTIME, &at);
  at.tv_nsec += 30000000; if (at.tv_nsec >= 1000000000) { at.tv_nsec -= 1000000000; at.tv_sec++; }
  start = now(CLOCK_MONOTONIC);
  SAY(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &at, 0));
  took = now(CLOCK_MONOTONIC) - start;
  printf("slept %d\n", took >= 0.025 && took < 0.3);
  SAY(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &at, 0));
  printf("clock_nanosleep thread clock %d, unknown %d, raw %d\n", clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &little, 0),
         clock_nanosleep(77, 0, &little, 0), clock_nanosleep(CLOCK_MONOTONIC_RAW, 0, &little, 0));
}

static void interval_timers(void) {
  set(SIGALRM, 0); set(SIGVTALRM, SA_RESTART); set(SIGPROF, SA_RESTART);
  struct itimerval value = {{0, 10000}, {0, 20000}}, old;
  SAY(setitimer(ITIMER_REAL, &value, 0));
  SAY(getitimer(ITIMER_REAL, &old));
  printf("left %d interval %ld\n", old.it_value.tv_usec > 0 && old.it_value.tv_usec <= 20000, (long)old.it_interval.tv_usec);
  count = 0;
  while (count < 3) pause();
  printf("alarms %d code %d signo %d\n", count >= 3, last.si_code, last.si_signo);
  struct itimerval off = {{0, 0}, {0, 0}};
  SAY(setitimer(ITIMER_REAL, &off, &old));
  printf("was on %d\n", old.it_interval.tv_usec == 10000);
  SAY(alarm(10));
  SAY(alarm(0));
  SAY(alarm(0));
  value.it_value.tv_usec = 2000000;
  SAY(setitimer(ITIMER_REAL, &value, 0));
  SAY(setitimer(7, &off, 0));
  SAY(getitimer(-1, &old));
  struct itimerval cpu = {{0, 0}, {0, 30000}};
  count = 0;
  SAY(setitimer(ITIMER_PROF, &cpu, 0));
  spin(0.08);
  printf("prof %d signo %d\n", count, last.si_signo);
  count = 0;
  SAY(setitimer(ITIMER_VIRTUAL, &cpu, 0));
  double until = now(CLOCK_MONOTONIC) + 3;
  while (count == 0 && now(CLOCK_MONOTONIC) < until) for (volatile int i = 0; i < 10000; i++);
  printf("virtual %d signo %d\n", count, last.si_signo);
}

static void posix_timers(void) {
  timer_t id;
  struct sigevent event = {0};
  event.sigev_notify = SIGEV_SIGNAL; event.sigev_signo = SIGUSR1; event.sigev_value.sival_int = 99;
  set(SIGUSR1, 0);
  SAY(timer_create(CLOCK_MONOTONIC, &event, &id));
  struct itimerspec value = {{0, 0}, {0, 20000000}}, old;
  count = 0;
  SAY(timer_settime(id, 0, &value, 0));
  SAY(timer_gettime(id, &old));
  printf("running %d\n", old.it_value.tv_nsec > 0);
  pause();
  printf("fired %d code %d value %d overrun %d\n", count, last.si_code, last.si_value.sival_int, last.si_overrun);
  SAY(timer_gettime(id, &old));
  printf("stopped %d\n", old.it_value.tv_nsec == 0 && old.it_value.tv_sec == 0);
  /* Overrun: blocked for ten periods. */
  sigset_t usr1; sigemptyset(&usr1); sigaddset(&usr1, SIGUSR1);
  sigprocmask(SIG_BLOCK, &usr1, 0);
  value.it_interval.tv_nsec = 5000000; value.it_value.tv_nsec = 5000000;
  timer_settime(id, 0, &value, 0);
  struct timespec wait = {0, 52000000};
  nanosleep(&wait, 0);
  count = 0;
  siginfo_t info;
  SAY(sigwaitinfo(&usr1, &info) == SIGUSR1);
  printf("overrun %d same %d\n", info.si_overrun >= 8 && info.si_overrun <= 14, timer_getoverrun(id) == info.si_overrun);
  SAY(timer_delete(id));
  SAY(timer_delete(id));
  sigprocmask(SIG_UNBLOCK, &usr1, 0);
  event.sigev_notify = SIGEV_NONE;
  SAY(timer_create(CLOCK_REALTIME, &event, &id));
  value.it_interval.tv_nsec = 0; value.it_value.tv_nsec = 10000000;
  timer_settime(id, 0, &value, 0);
  nanosleep(&wait, 0);
  timer_gettime(id, &old);
  printf("silent timer ended %d\n", old.it_value.tv_nsec == 0);
  timer_delete(id);
  event.sigev_notify = SIGEV_THREAD_ID; event.sigev_signo = SIGUSR1;
  event._sigev_un._tid = gettid();
  SAY(timer_create(CLOCK_MONOTONIC, &event, &id));
  count = 0;
  timer_settime(id, 0, &value, 0);
  pause();
  printf("thread timer %d code %d\n", count, last.si_code);
  timer_delete(id);
  event._sigev_un._tid = 999999;
  SAY(timer_create(CLOCK_MONOTONIC, &event, &id));
  event.sigev_notify = SIGEV_SIGNAL; event.sigev_signo = 70;
  SAY(timer_create(CLOCK_MONOTONIC, &event, &id));
  SAY(timer_create(55, 0, &id));
  value.it_value.tv_nsec = 2000000000;
  SAY(timer_create(CLOCK_MONOTONIC, 0, &id));
  SAY(timer_settime(id, 0, &value, 0));
  struct itimerspec once = {{0, 0}, {0, 1}};
  set(SIGALRM, 0);
  count = 0;
  timer_settime(id, 0, &once, 0);
  nanosleep(&wait, 0);
  printf("default signal %d %d\n", count, last.si_signo);
}

static void timer_files(void) {
  int fd;
  uint64_t value;
  SAY(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0));
  SAY(timerfd_create(CLOCK_MONOTONIC, 1));
  fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  SAY(read(fd, &value, 8));
  SAY(read(fd, &value, 4));
  SAY(write(fd, &value, 8));
  struct itimerspec every = {{0, 10000000}, {0, 10000000}}, old;
  SAY(timerfd_settime(fd, 0, &every, &old));
  printf("was %ld %ld\n", (long)old.it_value.tv_sec, old.it_value.tv_nsec);
  struct timespec wait = {0, 55000000};
  nanosleep(&wait, 0);
  struct pollfd polled = {fd, POLLIN | POLLOUT, 0};
  SAY(poll(&polled, 1, 0));
  printf("revents %x\n", polled.revents);
  SAY(read(fd, &value, 8));
  printf("expirations %d\n", value >= 5 && value <= 9);
  SAY(timerfd_gettime(fd, &old));
  printf("interval %ld running %d\n", old.it_interval.tv_nsec, old.it_value.tv_nsec > 0);
  SAY(timerfd_settime(fd, 4, &every, 0));
  SAY(timerfd_settime(0, 0, &every, 0));
  SAY(timerfd_settime(99, 0, &every, 0));
  struct itimerspec at = {{0, 0}, {0, 0}};
  clock_gettime(CLOCK_MONOTONIC, &at.it_value);
  SAY(timerfd_settime(fd, TFD_TIMER_ABSTIME, &at, 0));
  SAY(poll(&polled, 1, 100));
  SAY(read(fd, &value, 8));
  printf("value %d\n", (int)value);
}

static void on_cpu(int s) { count++; }
static void limits(void) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) { /* SIGKILL of a handler's signal cannot be: default action of SIGPROF ends it */
    signal(SIGPROF, SIG_DFL);
    struct itimerval cpu = {{0, 0}, {0, 20000}};
    setitimer(ITIMER_PROF, &cpu, 0);
    for (;;);
  }
  int status;
  waitpid(child, &status, 0);
  printf("ended by %d\n", WTERMSIG(status));
  child = fork();
  if (child == 0) { alarm(1); execl("/proc/self/exe", "program", "pause", (char *)0); execl("/program", "program", "pause", (char *)0); _exit(1); }
  waitpid(child, &status, 0);
  printf("alarm over exec: %d\n", WTERMSIG(status));
}

int main(int argc, char **argv) {
  if (argc > 1) { pause(); return 9; }
  setvbuf(stdout, 0, _IOLBF, 0);
  pid_t pid = fork();
  if (pid == 0) { clocks(); sleeps(); interval_timers(); posix_timers(); timer_files(); limits(); exit(0); }
  int status;
  waitpid(pid, &status, 0);
  printf("status %x\n", status);
  return 0;
}
