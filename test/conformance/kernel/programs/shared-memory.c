/* Memory that processes share: anonymous and of files, against read and write, with atomics and futexes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096L
static void futex_wait(uint32_t *word, uint32_t value) {
  syscall(SYS_futex, word, FUTEX_WAIT, value, 0, 0, 0);
}
static void futex_wake(uint32_t *word) {
  syscall(SYS_futex, word, FUTEX_WAKE, 1, 0, 0, 0);
}

static void anonymous(void) {
  volatile uint32_t *words = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int private = 1;
  words[0] = 5;
  if (fork() == 0) {
    words[0] += 10;
    private = 2;
    words[2 * PAGE / 4] = 77;
    if (fork() == 0) {
      words[1] = words[0] + 100;
      _exit(0);
    }
    wait(0);
    _exit(words[1] == 115);
  }
  int status;
  wait(&status);
  printf("%u %u %u private %d child saw %d\n", words[0], words[1], words[2 * PAGE / 4], private, WEXITSTATUS(status));
  /* Turns by futex. */
  words[0] = 0;
  words[1] = 0;
  if (fork() == 0) {
    for (int i = 0; i < 200; i++) {
      while (words[0] % 2 == 0) futex_wait((uint32_t *)words, words[0]);
      words[1] += words[0];
      __atomic_fetch_add(&words[0], 1, __ATOMIC_SEQ_CST);
      futex_wake((uint32_t *)words);
    }
    _exit(0);
  }
  for (int i = 0; i < 200; i++) {
    while (words[0] % 2 == 1) futex_wait((uint32_t *)words, words[0]);
    __atomic_fetch_add(&words[0], 1, __ATOMIC_SEQ_CST);
    futex_wake((uint32_t *)words);
  }
  wait(0);
  printf("turns %u sum %u\n", words[0], words[1]);
  /* Adding up by three processes, without any call in between. */
  words[3] = 0;
  for (int child = 0; child < 3; child++)
    if (fork() == 0) {
      for (int i = 0; i < 200000; i++) __atomic_fetch_add(&words[3], 1, __ATOMIC_SEQ_CST);
      _exit(0);
    }
  while (wait(0) > 0) {
  }
  printf("added %u\n", words[3]);
  /* Plain polling. */
  words[4] = 0;
  if (fork() == 0) {
    while (words[4] != 1) {
    }
    words[4] = 2;
    _exit(0);
  }
  words[4] = 1;
  while (words[4] != 2) {
  }
  wait(0);
  printf("polled %u\n", words[4]);
}

static void moved(void) {
  uint32_t *words = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  words[0] = 1;
  uint32_t *twice = mremap(words, 0, 2 * PAGE, MREMAP_MAYMOVE);
  twice[1] = 9;
  printf("twice %u %u\n", twice[0], words[1]);
  madvise(words, 2 * PAGE, MADV_DONTNEED);
  printf("still %u %u\n", words[0], words[1]);
  if (fork() == 0) {
    twice[0] = 4;
    _exit(0);
  }
  wait(0);
  printf("from the child %u %u\n", twice[0], words[0]);
}

int main(void) {
  anonymous();
  moved();
  return 0;
}
