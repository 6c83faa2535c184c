/* POSIX threads as glibc makes them: every kind of lock, TLS, cancellation, and the ends of threads. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 6, ROUNDS = 2000 };
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spin;
static __thread int own = 7;
static long sum, pair[2], torn;

static void *add(void *number) {
  for (int i = 0; i < ROUNDS; i++) {
    pthread_mutex_lock(&mutex);
    sum += (long)number;
    pthread_mutex_unlock(&mutex);
    own += (long)number;
    if (i % 500 == 0) sched_yield();
  }
  return (void *)(long)own;
}
static void mutexes(void) {
  pthread_t threads[THREADS];
  long total = 0;
  void *result;
  for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, add, (void *)i);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], &result), total += (long)result;
  printf("mutex %ld tls %ld own %d\n", sum, total, own);
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
  pthread_mutex_t checked;
  pthread_mutex_init(&checked, &attributes);
  printf("errorcheck %d", pthread_mutex_lock(&checked));
  printf(" %s", strerrorname_np(pthread_mutex_lock(&checked)));
  struct timespec at;
  clock_gettime(CLOCK_REALTIME, &at);
  printf(" %s\n", strerrorname_np(pthread_mutex_timedlock(&mutex, &at) == 0 ? pthread_mutex_trylock(&mutex) : 0));
  pthread_mutex_unlock(&mutex);
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
  pthread_mutex_t inherited;
  printf("inherit %d", pthread_mutex_init(&inherited, &attributes));
  int locked = pthread_mutex_lock(&inherited) + pthread_mutex_lock(&inherited);
  printf(" %d %d\n", locked, pthread_mutex_unlock(&inherited) + pthread_mutex_unlock(&inherited));
}

static pthread_mutex_t inherit;
static void *add_inherited(void *unused) {
  for (int i = 0; i < 300; i++) {
    pthread_mutex_lock(&inherit);
    sum++;
    if (i % 50 == 0) sched_yield();
    pthread_mutex_unlock(&inherit);
  }
  return 0;
}
static void *die_holding(void *lock) {
  pthread_mutex_lock(lock);
  return 0;
}
static void owners(void) {
  pthread_mutexattr_t attributes;
  pthread_t threads[3], thread;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
  pthread_mutex_init(&inherit, &attributes);
  sum = 0;
  for (int i = 0; i < 3; i++) pthread_create(&threads[i], 0, add_inherited, 0);
  for (int i = 0; i < 3; i++) pthread_join(threads[i], 0);
  printf("inherited %ld\n", sum);
  for (int inherits = 0; inherits < 2; inherits++) {
    pthread_mutex_t robust;
    pthread_mutexattr_setprotocol(&attributes, inherits ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &attributes);
    pthread_create(&thread, 0, die_holding, &robust);
    pthread_join(thread, 0);
    printf("robust %s", strerrorname_np(pthread_mutex_lock(&robust)));
    printf(" %d", pthread_mutex_consistent(&robust));
    printf(" %d\n", pthread_mutex_unlock(&robust));
  }
}

static int stage, seen[THREADS];
static void *follow(void *number) {
  pthread_mutex_lock(&mutex);
  for (int i = 1; i <= 50; i++) {
    while (stage < i) pthread_cond_wait(&changed, &mutex);
    seen[(long)number]++;
  }
  pthread_mutex_unlock(&mutex);
  return 0;
}
static void conditions(void) {
  pthread_t threads[THREADS];
  for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, follow, (void *)i);
  for (int i = 0; i < 50; i++) {
    pthread_mutex_lock(&mutex);
    stage++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
    if (i % 10 == 0) usleep(1000);
  }
  int total = 0;
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0), total += seen[i];
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  pthread_mutex_lock(&mutex);
  printf("cond %d %s\n", total, strerrorname_np(pthread_cond_clockwait(&changed, &mutex, CLOCK_MONOTONIC, &at)));
  pthread_mutex_unlock(&mutex);
}

static int serials;
static void *meet(void *unused) {
  for (int i = 0; i < 100; i++)
    if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) __atomic_fetch_add(&serials, 1, __ATOMIC_SEQ_CST);
  for (int i = 0; i < 300; i++) {
    pthread_rwlock_rdlock(&rwlock);
    if (pair[0] != pair[1]) torn++;
    pthread_rwlock_unlock(&rwlock);
    pthread_rwlock_wrlock(&rwlock);
    pair[0]++;
    if (i % 30 == 0) sched_yield();
    pair[1]++;
    pthread_rwlock_unlock(&rwlock);
    pthread_spin_lock(&spin);
    stage++;
    pthread_spin_unlock(&spin);
  }
  return 0;
}
static void barriers(void) {
  pthread_t threads[THREADS];
  stage = 0;
  pthread_barrier_init(&barrier, 0, THREADS);
  pthread_spin_init(&spin, 0);
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, meet, 0);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
  printf("barrier %d rwlock %ld torn %ld spin %d\n", serials, pair[0], torn, stage);
}

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int cleaned, destroyed, onces;
static void clean(void *amount) { cleaned += (int)(long)amount; }
static void destroy(void *value) { destroyed += (int)(long)value; }
static void make_key(void) { pthread_key_create(&key, destroy), onces++; }
static void *cancelled(void *is_asynchronous) {
  pthread_once(&once, make_key);
  pthread_setspecific(key, (void *)5L);
  pthread_cleanup_push(clean, (void *)3L);
  if (is_asynchronous) {
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, 0);
    for (volatile long i = 0;; i++) {
    }
  }
  for (;;) pause();
  pthread_cleanup_pop(0);
  return 0;
}
static void cancellation(void) {
  for (long kind = 0; kind < 2; kind++) {
    pthread_t thread;
    void *result;
    pthread_create(&thread, 0, cancelled, (void *)kind);
    usleep(20000);
    printf("cancel %d", pthread_cancel(thread));
    pthread_join(thread, &result);
    printf(" %d cleaned %d destroyed %d once %d\n", result == PTHREAD_CANCELED, cleaned, destroyed, onces);
  }
}

struct shared {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  pthread_barrier_t barrier;
  pthread_rwlock_t rwlock;
  sem_t sem;
  int turn, count, met;
};
static void processes(void) {
  struct shared *all = mmap(0, sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pthread_mutexattr_t mutexes;
  pthread_condattr_t conditions;
  pthread_barrierattr_t barriers;
  pthread_rwlockattr_t rwlocks;
  pthread_mutexattr_init(&mutexes);
  pthread_mutexattr_setpshared(&mutexes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&mutexes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&all->mutex, &mutexes);
  pthread_condattr_init(&conditions);
  pthread_condattr_setpshared(&conditions, PTHREAD_PROCESS_SHARED);
  pthread_cond_init(&all->changed, &conditions);
  pthread_barrierattr_init(&barriers);
  pthread_barrierattr_setpshared(&barriers, PTHREAD_PROCESS_SHARED);
  pthread_barrier_init(&all->barrier, &barriers, 4);
  pthread_rwlockattr_init(&rwlocks);
  pthread_rwlockattr_setpshared(&rwlocks, PTHREAD_PROCESS_SHARED);
  pthread_rwlock_init(&all->rwlock, &rwlocks);
  sem_init(&all->sem, 1, 2);
  for (int child = 0; child < 4; child++) {
    if (fork() != 0) continue;
    for (int i = 0; i < 50; i++) {
      pthread_mutex_lock(&all->mutex);
      while (all->turn % 4 != child) pthread_cond_wait(&all->changed, &all->mutex);
      all->turn++;
      pthread_cond_broadcast(&all->changed);
      pthread_mutex_unlock(&all->mutex);
      sem_wait(&all->sem);
      __atomic_fetch_add(&all->count, 1, __ATOMIC_SEQ_CST);
      sem_post(&all->sem);
    }
    for (int i = 0; i < 20; i++) {
      pthread_rwlock_wrlock(&all->rwlock);
      all->met++;
      pthread_rwlock_unlock(&all->rwlock);
      pthread_barrier_wait(&all->barrier);
      pthread_rwlock_rdlock(&all->rwlock);
      int isEqual = all->met == 4 * (i + 1);
      pthread_rwlock_unlock(&all->rwlock);
      if (!isEqual) _exit(9);
      pthread_barrier_wait(&all->barrier);
    }
    _exit(0);
  }
  int status, worst = 0;
  while (wait(&status) > 0) worst |= status;
  int free = 0;
  sem_getvalue(&all->sem, &free);
  printf("processes %d turn %d count %d met %d sem %d\n", worst, all->turn, all->count, all->met, free);
  if (fork() == 0) {
    pthread_mutex_lock(&all->mutex);
    kill(getpid(), SIGKILL);
  }
  wait(0);
  printf("died %s %d\n", strerrorname_np(pthread_mutex_lock(&all->mutex)), pthread_mutex_consistent(&all->mutex));
}

static void *outlive(void *text) {
  usleep(30000);
  printf("%s\n", (char *)text);
  fflush(stdout);
  return 0;
}
static void *spin_on(void *unused) {
  for (volatile long i = 0;; i++) {
  }
}
static void *sleep_on(void *unused) {
  for (;;) pause();
}
static void *leave(void *how) {
  switch ((long)how) {
    case 1: exit(3);
    case 2: abort();
    case 3: execl("/program", "program", "again", (char *)0);
  }
  return 0;
}
static void ends(void) {
  for (long how = 0; how < 4; how++) {
    fflush(stdout);
    if (fork() == 0) {
      pthread_t threads[3];
      pthread_create(&threads[0], 0, sleep_on, 0);
      if (how != 0) pthread_create(&threads[1], 0, spin_on, 0);
      if (how == 0) {
        pthread_cancel(threads[0]);
        pthread_create(&threads[2], 0, outlive, "the leader is gone");
        pthread_exit(0);
      }
      usleep(10000);
      pthread_create(&threads[2], 0, leave, (void *)how);
      pthread_join(threads[2], 0);
    }
    int status;
    wait(&status);
    printf("end %ld: %d %d\n", how, WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : -1);
  }
}

int main(int count, char **arguments) {
  if (count > 1) {
    printf("%s %d\n", arguments[1], getpid() == gettid());
    return 4;
  }
  setvbuf(stdout, 0, _IOLBF, 0);
  mutexes();
  owners();
  conditions();
  barriers();
  cancellation();
  processes();
  ends();
  return 0;
}
