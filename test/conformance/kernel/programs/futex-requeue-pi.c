/* FUTEX_WAIT_REQUEUE_PI and FUTEX_CMP_REQUEUE_PI, by hand: who waits comes back owning the mutex. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Atomic uint32_t condition, mutex, other;
static _Atomic int waiting, done;

static long futex(void *word, int op, uint32_t value, void *timeout, void *second, uint32_t third) {
  long result = syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, timeout, second, third);
  return result < 0 ? -errno : result;
}
static const char *name(long result) { return result < 0 ? strerrorname_np(-result) : "ok"; }
static void lock(void) {
  uint32_t none = 0;
  if (!atomic_compare_exchange_strong(&mutex, &none, gettid())) futex(&mutex, FUTEX_LOCK_PI, 0, 0, 0, 0);
}
static void unlock(void) {
  uint32_t own = gettid();
  if (!atomic_compare_exchange_strong(&mutex, &own, 0)) futex(&mutex, FUTEX_UNLOCK_PI, 0, 0, 0, 0);
}

static void *waiter(void *arg) {
  lock();
  uint32_t seen = condition;
  waiting++;
  unlock();
  long result = futex(&condition, FUTEX_WAIT_REQUEUE_PI, seen, 0, &mutex, 0);
  printf("woken %s, owner %d\n", name(result), (mutex & FUTEX_TID_MASK) == gettid());
  done++;
  unlock();
  return 0;
}

static void settle(int count) {
  while (waiting < count) usleep(1000);
  usleep(50000);
}

int main() {
  setvbuf(stdout, 0, _IONBF, 0);
  struct timespec soon;
  clock_gettime(CLOCK_MONOTONIC, &soon);
  soon.tv_nsec += 30000000;
  if (soon.tv_nsec >= 1000000000) soon.tv_sec++, soon.tv_nsec -= 1000000000;
  printf("same word: %s\n", name(futex(&condition, FUTEX_WAIT_REQUEUE_PI, 0, 0, &condition, 0)));
  printf("other value: %s\n", name(futex(&condition, FUTEX_WAIT_REQUEUE_PI, 1, 0, &mutex, 0)));
  printf("in time: %s\n", name(futex(&condition, FUTEX_WAIT_REQUEUE_PI, 0, &soon, &mutex, 0)));
  printf("wake two: %s\n", name(futex(&condition, FUTEX_CMP_REQUEUE_PI, 2, (void *)1, &mutex, 0)));
  printf("requeue to itself: %s\n", name(futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &condition, 0)));
  printf("changed: %s\n", name(futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &mutex, 9)));
  printf("nobody: %ld\n", futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &mutex, 0));

  pthread_t threads[3];
  for (int i = 0; i < 3; i++) pthread_create(&threads[i], 0, waiter, 0);
  settle(3);
  printf("plain wake: %s\n", name(futex(&condition, FUTEX_WAKE, 1, 0, 0, 0)));
  printf("plain requeue: %s\n", name(futex(&condition, FUTEX_CMP_REQUEUE, 1, (void *)1, &other, 0)));
  printf("another mutex: %s\n", name(futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, (void *)5, &other, 0)));
  lock();
  condition++;
  printf("moved %ld while it is taken, word has waiters %d\n",
         futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, (void *)10, &mutex, condition), !!(mutex & FUTEX_WAITERS));
  usleep(50000);
  printf("done %d before it is free\n", done);
  unlock();
  for (int i = 0; i < 3; i++) pthread_join(threads[i], 0);
  printf("free again %d\n", mutex == 0);

  waiting = done = 0;
  for (int i = 0; i < 2; i++) pthread_create(&threads[i], 0, waiter, 0);
  settle(2);
  condition++;
  long moved = futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, (void *)10, &mutex, condition);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], 0);
  printf("free mutex: %ld, done %d, free again %d\n", moved, done, mutex == 0);
  return 0;
}
