/* Wakes under load: nothing is lost, nothing comes twice, who waited first goes first. Only sums are printed. */
#include "check.h"
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

enum { WRITERS = 4, READERS = 4, MESSAGES = 400 };
static volatile sig_atomic_t ticks;
static void on_tick(int signal) { ticks++; }
static void nap(long ms) { struct timespec t = {0, ms * 1000000}; nanosleep(&t, 0); }
static void ticking(int us) {
  struct itimerval value = {{0, us}, {0, us}};
  setitimer(ITIMER_REAL, &value, 0);
}

static int shared_pipe[2];
static long sums[READERS], counts[READERS];
static void *reads(void *arg) {
  long me = (long)arg, message[2];
  while (read(shared_pipe[0], message, sizeof message) == sizeof message) { sums[me] += message[1]; counts[me]++; }
  return 0;
}
static void many_to_many(void) {
  struct sigaction action = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, 0);
  pipe(shared_pipe);
  fcntl(shared_pipe[1], F_SETPIPE_SZ, 4096);
  pthread_t readers[READERS];
  for (long i = 0; i < READERS; i++) pthread_create(&readers[i], 0, reads, (void *)i);
  for (int w = 0; w < WRITERS; w++) {
    if (fork() != 0) continue;
    close(shared_pipe[0]);
    for (long i = 0; i < MESSAGES; i++) { long message[2] = {w, i}; write(shared_pipe[1], message, sizeof message); }
    _exit(0);
  }
  ticking(1000);
  close(shared_pipe[1]);
  long sum = 0, count = 0;
  for (int i = 0; i < READERS; i++) { pthread_join(readers[i], 0); sum += sums[i]; count += counts[i]; }
  nap(5);
  ticking(0);
  while (wait(0) > 0);
  printf("pipe: %ld messages, sum %ld, ticked %d\n", count, sum, ticks > 0);
  close(shared_pipe[0]);
}

static void ping_pong(void) {
  sigset_t both, one;
  sigemptyset(&both); sigaddset(&both, SIGUSR1); sigaddset(&both, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &both, 0);
  pid_t parent = getpid(), child = fork();
  int rounds = 0;
  if (child == 0) {
    siginfo_t info;
    for (int i = 0; i < 200; i++) { sigwaitinfo(&both, &info); sigqueue(parent, SIGRTMIN, (union sigval){.sival_int = i}); }
    _exit(0);
  }
  siginfo_t info;
  for (int i = 0; i < 200; i++) {
    kill(child, SIGUSR1);
    sigwaitinfo(&both, &info);
    if (info.si_value.sival_int == i) rounds++;
  }
  wait(0);
  sigprocmask(SIG_UNBLOCK, &both, 0);
  printf("signals: %d rounds\n", rounds);
}

static int tokens;
static long taken[4];
static void *takes(void *arg) {
  uint64_t value;
  while (read(tokens, &value, 8) == 8 && value == 1) { if (++taken[(long)arg] > 100000) break; if (taken[(long)arg] < 0) break; }
  return 0;
}
static void semaphore(void) {
  tokens = eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK);
  uint64_t value = 400;
  write(tokens, &value, 8);
  pthread_t threads[4];
  for (long i = 0; i < 4; i++) pthread_create(&threads[i], 0, takes, (void *)i);
  long sum = 0;
  for (int i = 0; i < 4; i++) { pthread_join(threads[i], 0); sum += taken[i]; }
  printf("eventfd: %ld tokens\n", sum);
}

static int queue_pipe[2], order[4], ordered;
static void *waits(void *arg) {
  char c;
  read(queue_pipe[0], &c, 1);
  order[ordered++] = (int)(long)arg;
  return 0;
}
static void first_come(void) {
  pipe(queue_pipe);
  pthread_t threads[4];
  for (long i = 0; i < 4; i++) { pthread_create(&threads[i], 0, waits, (void *)i); nap(20); }
  for (int i = 0; i < 4; i++) { write(queue_pipe[1], "x", 1); nap(20); }
  for (int i = 0; i < 4; i++) pthread_join(threads[i], 0);
  printf("first come: %d %d %d %d\n", order[0], order[1], order[2], order[3]);
}

static int pipes[8][2], ready;
static volatile long edges;
static void *drains(void *arg) {
  struct epoll_event events[4];
  for (;;) {
    int n = epoll_wait(ready, events, 4, 500);
    if (n <= 0) return 0;
    for (int i = 0; i < n; i++) {
      char buffer[64];
      ssize_t got;
      int fd = events[i].data.fd;
      while ((got = read(fd, buffer, sizeof buffer)) > 0) __sync_fetch_and_add(&edges, got);
      struct epoll_event again = {.events = EPOLLIN | EPOLLET | EPOLLONESHOT, .data.fd = fd};
      epoll_ctl(ready, EPOLL_CTL_MOD, fd, &again);
    }
    if (edges >= 1600) return 0;
  }
}
static void edge_triggered(void) {
  ready = epoll_create1(0);
  for (int i = 0; i < 8; i++) {
    pipe2(pipes[i], O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET | EPOLLONESHOT, .data.fd = pipes[i][0]};
    epoll_ctl(ready, EPOLL_CTL_ADD, pipes[i][0], &event);
  }
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) pthread_create(&threads[i], 0, drains, 0);
  for (int i = 0; i < 1600; i++) write(pipes[i % 8][1], "e", 1);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], 0);
  printf("edges: %ld bytes\n", edges);
}

static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static void precision(void) {
  int early = 0;
  double start = now();
  for (int i = 0; i < 20; i++) { double before = now(); nap(3); if (now() - before < 0.003) early++; }
  printf("sleeps: %d early, in time %d\n", early, now() - start < 2);
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  many_to_many();
  ping_pong();
  semaphore();
  first_come();
  edge_triggered();
  precision();
  return 0;
}
