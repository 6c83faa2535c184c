/* futex(2) by its raw calls: what every operation answers, between threads and between processes. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long futex(void *word, int operation, uint32_t value, void *timeout, void *second, uint32_t third) {
  return syscall(SYS_futex, word, operation, value, timeout, second, third);
}
static void show(const char *what, long result) {
  printf("%s = %ld%s%s\n", what, result, result < 0 ? " " : "", result < 0 ? strerrorname_np(errno) : "");
  fflush(stdout);
}
#define SHOW(call) show(#call, (long)(call))

static uint32_t one, two;
static volatile int waiting;
static void settle(int count) {
  while (waiting < count) usleep(1000);
  usleep(20000);
}
struct waiter {
  uint32_t *word;
  uint32_t bitset;
  long result;
};
static void *wait_on(void *given) {
  struct waiter *self = given;
  __atomic_fetch_add(&waiting, 1, __ATOMIC_SEQ_CST);
  self->result = futex(self->word, FUTEX_WAIT_BITSET_PRIVATE, 0, 0, 0, self->bitset);
  return 0;
}

static void refusals(void) {
  struct timespec bad = {0, 1000000000}, none = {0, 0}, negative = {-1, 0};
  one = 5;
  SHOW(futex(&one, FUTEX_WAIT, 4, 0, 0, 0));
  SHOW(futex(&one, FUTEX_WAIT, 5, &none, 0, 0));
  SHOW(futex(&one, FUTEX_WAIT, 5, &bad, 0, 0));
  SHOW(futex(&one, FUTEX_WAIT, 5, &negative, 0, 0));
  SHOW(futex(&one, FUTEX_WAIT, 5, (void *)8, 0, 0));
  SHOW(futex((char *)&one + 1, FUTEX_WAIT, 5, 0, 0, 0));
  SHOW(futex((void *)8, FUTEX_WAIT, 5, 0, 0, 0));
  SHOW(futex((void *)8, FUTEX_WAKE, 5, 0, 0, 0));
  SHOW(futex((void *)8, FUTEX_WAKE_PRIVATE, 5, 0, 0, 0));
  SHOW(futex((char *)&one + 1, FUTEX_WAKE_PRIVATE, 5, 0, 0, 0));
  SHOW(futex((void *)-4096, FUTEX_WAKE_PRIVATE, 5, 0, 0, 0));
  SHOW(futex(&one, FUTEX_WAIT_BITSET, 5, 0, 0, 0));
  SHOW(futex(&one, FUTEX_WAKE_BITSET, 5, 0, 0, 0));
  SHOW(futex(&one, FUTEX_WAIT_BITSET, 5, &none, 0, 1));
  SHOW(futex(&one, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 5, &none, 0, 1));
  SHOW(futex(&one, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 5, &none, 0, 1));
  SHOW(futex(&one, FUTEX_FD, 5, 0, 0, 0));
  SHOW(futex(&one, 77, 5, 0, 0, 0));
  SHOW(futex(&one, FUTEX_REQUEUE, 1, (void *)-1L, &two, 0));
  SHOW(futex(&one, FUTEX_CMP_REQUEUE, 1, (void *)1L, &two, 4));
  SHOW(futex(&one, FUTEX_CMP_REQUEUE, 1, (void *)1L, (void *)8, 5));
  SHOW(futex(&one, FUTEX_WAKE_OP, 1, (void *)1L, &two, FUTEX_OP(7, 0, 0, 0)));
  SHOW(futex(&one, FUTEX_WAKE_OP, 1, (void *)1L, &two, FUTEX_OP(0, 0, 9, 0)));
  two = 12;
  SHOW(futex(&one, FUTEX_WAKE_OP, 1, (void *)1L, &two, FUTEX_OP(FUTEX_OP_ADD, -3, FUTEX_OP_CMP_GT, 5)));
  SHOW(two);
  SHOW(futex(&one, FUTEX_WAKE_OP, 1, (void *)1L, &two, FUTEX_OP(FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT, 6, 0, 0)));
  SHOW(two);
  SHOW(futex(&one, FUTEX_WAKE_OP, 1, (void *)1L, &two, FUTEX_OP(FUTEX_OP_ANDN, 9, 0, 0)));
  SHOW(two);
  SHOW(futex(&one, FUTEX_WAKE_OP, 1, (void *)1L, &two, FUTEX_OP(FUTEX_OP_XOR, 3, 0, 0)));
  SHOW(two);
}

static void wakes(void) {
  struct waiter waiters[5];
  pthread_t threads[5];
  one = two = 0;
  for (int i = 0; i < 5; i++) {
    waiters[i] = (struct waiter){&one, 1u << i, -9};
    pthread_create(&threads[i], 0, wait_on, &waiters[i]);
    settle(i + 1);
  }
  SHOW(futex(&one, FUTEX_WAKE_BITSET_PRIVATE, INT_MAX, 0, 0, 8));
  pthread_join(threads[3], 0);
  SHOW(waiters[3].result);
  SHOW(futex(&one, FUTEX_WAKE, INT_MAX, 0, 0, 0));
  SHOW(futex(&one, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)2L, &two, 0));
  pthread_join(threads[0], 0);
  SHOW(futex(&two, FUTEX_WAKE_BITSET_PRIVATE, 1, 0, 0, 4));
  pthread_join(threads[2], 0);
  SHOW(futex(&one, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1L, &two, FUTEX_OP(FUTEX_OP_SET, 7, FUTEX_OP_CMP_EQ, 0)));
  pthread_join(threads[1], 0);
  pthread_join(threads[4], 0);
  SHOW(two);
  SHOW(futex(&two, FUTEX_WAKE_PRIVATE, INT_MAX, 0, 0, 0));
}

static void timeouts(void) {
  struct timespec before, after, at, shortly = {0, 30000000};
  one = 0;
  clock_gettime(CLOCK_MONOTONIC, &before);
  SHOW(futex(&one, FUTEX_WAIT_PRIVATE, 0, &shortly, 0, 0));
  clock_gettime(CLOCK_REALTIME, &at);
  at.tv_nsec += 30000000;
  if (at.tv_nsec >= 1000000000) at.tv_sec++, at.tv_nsec -= 1000000000;
  SHOW(futex(&one, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &at, 0, -1));
  clock_gettime(CLOCK_MONOTONIC, &after);
  long ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
  printf("%d\n", ms >= 59);
}

static void handler(int number) { (void)number; }
static void interruptions(void) {
  struct sigaction action = {.sa_handler = handler};
  struct timespec second = {1, 0};
  pid_t parent = getpid();
  for (int round = 0; round < 3; round++) {
    action.sa_flags = round == 2 ? SA_RESTART : 0;
    sigaction(SIGUSR1, &action, 0);
    one = 0;
    uint32_t *shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child = fork();
    if (child == 0) {
      usleep(50000);
      kill(parent, SIGUSR1);
      usleep(50000);
      *shared = 1;
      futex(shared, FUTEX_WAKE, 1, 0, 0, 0);
      _exit(0);
    }
    SHOW(futex(shared, FUTEX_WAIT, 0, round == 1 ? &second : 0, 0, 0));
    waitpid(child, 0, 0);
  }
}

static uint32_t lock;
static void *lock_it(void *unused) {
  waiting = 1;
  SHOW(futex(&lock, FUTEX_LOCK_PI, 0, 0, 0, 0));
  SHOW((lock & FUTEX_TID_MASK) == gettid());
  SHOW(futex(&lock, FUTEX_UNLOCK_PI, 0, 0, 0, 0));
  SHOW(lock);
  return 0;
}
static void *die_with_it(void *unused) {
  futex(&lock, FUTEX_LOCK_PI, 0, 0, 0, 0);
  waiting = 1;
  usleep(60000);
  return 0;
}
static void inheritance(void) {
  pthread_t thread;
  struct timespec past = {1, 0};
  lock = 0;
  waiting = 0;
  SHOW(futex(&lock, FUTEX_LOCK_PI, 0, 0, 0, 0));
  SHOW(lock == gettid());
  SHOW(futex(&lock, FUTEX_LOCK_PI, 0, 0, 0, 0));
  SHOW(futex(&lock, FUTEX_TRYLOCK_PI, 0, 0, 0, 0));
  SHOW(futex(&lock, FUTEX_UNLOCK_PI, 0, 0, 0, 0));
  SHOW(lock);
  SHOW(futex(&lock, FUTEX_UNLOCK_PI, 0, 0, 0, 0));
  SHOW(futex(&lock, FUTEX_TRYLOCK_PI, 0, 0, 0, 0));
  pthread_create(&thread, 0, lock_it, 0);
  settle(1);
  SHOW(lock == (gettid() | FUTEX_WAITERS));
  long unlocked = futex(&lock, FUTEX_UNLOCK_PI, 0, 0, 0, 0);
  pthread_join(thread, 0);
  SHOW(unlocked);
  waiting = 0;
  pthread_create(&thread, 0, die_with_it, 0);
  settle(1);
  SHOW(futex(&lock, FUTEX_TRYLOCK_PI, 0, 0, 0, 0));
  SHOW(futex(&lock, FUTEX_LOCK_PI, 0, &past, 0, 0));
  SHOW(futex(&lock, FUTEX_LOCK_PI, 0, 0, 0, 0));
  pthread_join(thread, 0);
  SHOW((lock & FUTEX_OWNER_DIED) != 0);
  SHOW((lock & FUTEX_TID_MASK) == gettid());
  SHOW(futex(&lock, FUTEX_UNLOCK_PI, 0, 0, 0, 0));
  lock = 999999;
  SHOW(futex(&lock, FUTEX_LOCK_PI, 0, 0, 0, 0));
}

struct waitv {
  uint64_t value, address;
  uint32_t flags, reserved;
};
static void *wake_second(void *word) {
  usleep(30000);
  *(volatile uint32_t *)word = 1;
  futex(word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
  return 0;
}
static void vectors(void) {
  static uint32_t words[3];
  struct waitv waits[3];
  struct timespec past = {1, 0};
  pthread_t thread;
  for (int i = 0; i < 3; i++) waits[i] = (struct waitv){0, (uintptr_t)&words[i], 2 | 128, 0};
  SHOW(syscall(449, waits, 3, 0, &past, CLOCK_MONOTONIC));
  SHOW(syscall(449, waits, 3, 0, &past, CLOCK_BOOTTIME));
  SHOW(syscall(449, waits, 3, 1, 0, 0));
  SHOW(syscall(449, waits, 0, 0, 0, 0));
  SHOW(syscall(449, waits, 129, 0, 0, 0));
  SHOW(syscall(449, 0, 1, 0, 0, 0));
  waits[2].flags = 1;
  SHOW(syscall(449, waits, 3, 0, 0, 0));
  waits[2].flags = 130;
  words[0] = 1;
  SHOW(syscall(449, waits, 3, 0, 0, 0));
  words[0] = 0;
  pthread_create(&thread, 0, wake_second, &words[1]);
  SHOW(syscall(449, waits, 3, 0, 0, 0));
  pthread_join(thread, 0);
  SHOW(futex(&words[0], FUTEX_WAKE_PRIVATE, 9, 0, 0, 0));
}

int main(void) {
  refusals();
  wakes();
  timeouts();
  interruptions();
  inheritance();
  vectors();
  return 0;
}
