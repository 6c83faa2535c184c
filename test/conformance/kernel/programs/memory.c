/* mmap, mprotect, mremap, madvise, mincore, msync, mlock, brk and what faults say. One line each. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096L
static void show(const char *what, long result) {
  printf("%s = %ld%s%s\n", what, result, result == -1 ? " " : "", result == -1 ? strerrorname_np(errno) : "");
  fflush(stdout);
}
#define SHOW(call) show(#call, (long)(call))
#define FAILS(call) show(#call, (void *)(call) == MAP_FAILED ? -1 : 0)

static sigjmp_buf back;
static int code, number;
static void on_fault(int signal, siginfo_t *info, void *context) {
  number = signal;
  code = info->si_code;
  siglongjmp(back, 1);
}
static void probe(const char *what, volatile char *at, int writes) {
  if (sigsetjmp(back, 1) == 0) {
    if (writes) *at = 1;
    else (void)*at;
    printf("%s: fine\n", what);
  } else printf("%s: signal %d code %d\n", what, number, code);
}

static char *map(long pages, int protection) {
  return mmap(0, pages * PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void mapping(void) {
  char *at = map(4, PROT_READ | PROT_WRITE);
  FAILS(mmap(0, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  FAILS(mmap(0, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0));
  FAILS(mmap(0, PAGE, PROT_READ, MAP_PRIVATE, -1, 0));
  FAILS(mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 7));
  FAILS(mmap(at + 1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
  FAILS(mmap(at, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
  FAILS(mmap(0, -PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  char *low = mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  printf("32bit %d\n", (unsigned long)low < 0x80000000UL);
  strcpy(at, "one");
  strcpy(at + PAGE, "two");
  SHOW(mprotect(at + PAGE, PAGE, PROT_NONE));
  probe("none", at + PAGE, 0);
  SHOW(mprotect(at + PAGE, PAGE, PROT_READ));
  probe("read only", at + PAGE, 1);
  SHOW(mprotect(at, 4 * PAGE, PROT_READ | PROT_WRITE));
  printf("%s %s\n", at, at + PAGE);
  SHOW(munmap(at + PAGE, PAGE));
  probe("unmapped", at + PAGE, 0);
  SHOW(mprotect(at, 4 * PAGE, PROT_READ));
  probe("before the hole", at, 1);
  probe("behind the hole", at + 2 * PAGE, 1);
  SHOW(mprotect(at + 1, PAGE, PROT_READ));
  SHOW(mprotect(at, PAGE, 0x100));
  SHOW(mprotect(at, 0, PROT_READ));
  SHOW(munmap(at + 1, PAGE));
  SHOW(munmap(at, 0));
  SHOW(munmap(at, 4 * PAGE));
  SHOW(munmap(at, 4 * PAGE));
  probe("page zero", (char *)8, 0);
  probe("not canonical", (char *)0x800000000000UL, 0);
  char *grown = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  printf("%d\n", grown[100]);
}

static void remapping(void) {
  char *at = map(8, PROT_READ | PROT_WRITE);
  memset(at, 'x', 8 * PAGE);
  SHOW(munmap(at + 4 * PAGE, 4 * PAGE));
  SHOW(mremap(at, 4 * PAGE, 6 * PAGE, 0) == at);
  printf("%c %d\n", at[3 * PAGE], at[5 * PAGE]);
  char *wall = mmap(at + 6 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  FAILS(mremap(at, 6 * PAGE, 8 * PAGE, 0));
  char *moved = mremap(at, 6 * PAGE, 80 * PAGE, MREMAP_MAYMOVE);
  printf("moved %d %c %c %d\n", moved != at, moved[0], moved[4 * PAGE - 1], moved[79 * PAGE]);
  probe("old place", at, 0);
  SHOW(mremap(moved, 80 * PAGE, 2 * PAGE, 0) == moved);
  probe("shrunk", moved + 2 * PAGE, 0);
  char *target = map(4, PROT_READ);
  FAILS(mremap(moved, 2 * PAGE, 2 * PAGE, MREMAP_FIXED, target));
  FAILS(mremap(moved, 2 * PAGE, 2 * PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, target + 1));
  FAILS(mremap(moved, 2 * PAGE, 2 * PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, moved + PAGE));
  SHOW(mremap(moved, 2 * PAGE, 3 * PAGE, MREMAP_FIXED | MREMAP_MAYMOVE, target) == target);
  printf("%c %d\n", target[PAGE], target[2 * PAGE]);
  target = map(3, PROT_READ | PROT_WRITE);
  target[PAGE] = target[0] = 'x';
  target[2 * PAGE] = 'y';
  char *copy = mremap(target, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
  printf("left %d, taken %c %c\n", target[0], copy[0], copy[2 * PAGE]);
  FAILS(mremap(copy + 1, PAGE, PAGE, 0));
  FAILS(mremap(copy, PAGE, 0, 0));
  FAILS(mremap(copy, PAGE, PAGE, 8));
  FAILS(mremap(copy, 0, PAGE, MREMAP_MAYMOVE));
  FAILS(mremap(copy, 40 * PAGE, 50 * PAGE, MREMAP_MAYMOVE));
  FAILS(mremap((void *)0x123450000000, PAGE, PAGE, 0));
}

static void advising(void) {
  unsigned char there[4];
  char *at = map(4, PROT_READ | PROT_WRITE);
  at[0] = at[2 * PAGE] = 5;
  SHOW(mincore(at, 4 * PAGE, there));
  printf("%d %d %d %d\n", there[0] & 1, there[1] & 1, there[2] & 1, there[3] & 1);
  SHOW(mincore(at + 1, PAGE, there));
  SHOW(mincore(at, PAGE, (void *)8));
  SHOW(madvise(at, 4 * PAGE, MADV_DONTNEED));
  printf("%d %d\n", at[0], at[2 * PAGE]);
  int fine[] = {0, 1, 2, 3, 8, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23};
  for (unsigned i = 0; i < sizeof fine / sizeof *fine; i++) printf("advice %d: %d\n", fine[i], madvise(at, PAGE, fine[i]));
  SHOW(madvise(at, PAGE, 77));
  SHOW(madvise(at + 1, PAGE, MADV_NORMAL));
  SHOW(madvise(at, 0, MADV_DONTNEED));
  SHOW(madvise(at, PAGE, MADV_REMOVE));
  SHOW(munmap(at + PAGE, PAGE));
  SHOW(madvise(at, 4 * PAGE, MADV_WILLNEED));
  SHOW(madvise(at, 4 * PAGE, MADV_DONTNEED));
  SHOW(mincore(at, 4 * PAGE, there));
  SHOW(msync(at, PAGE, MS_SYNC));
  SHOW(msync(at, PAGE, MS_SYNC | MS_ASYNC));
  SHOW(msync(at, PAGE, 64));
  SHOW(msync(at + 1, PAGE, MS_SYNC));
  SHOW(msync(at, 2 * PAGE, MS_ASYNC));
  SHOW(mlock(at, PAGE));
  SHOW(madvise(at, PAGE, MADV_DONTNEED));
  SHOW(msync(at, PAGE, MS_INVALIDATE));
  SHOW(munlock(at, PAGE));
  SHOW(mlock(at, 4 * PAGE));
  SHOW(munlock(at, 4 * PAGE));
  SHOW(syscall(SYS_mlock2, at, PAGE, 1));
  SHOW(syscall(SYS_mlock2, at, PAGE, 2));
  SHOW(mlockall(0));
  SHOW(mlockall(MCL_CURRENT));
  SHOW(munlockall());
}

static void forking(void) {
  char *gone = map(1, PROT_READ | PROT_WRITE), *wiped = map(1, PROT_READ | PROT_WRITE), *kept = map(1, PROT_READ | PROT_WRITE);
  *gone = *wiped = *kept = 7;
  SHOW(madvise(gone, PAGE, MADV_DONTFORK));
  SHOW(madvise(wiped, PAGE, MADV_WIPEONFORK));
  if (fork() == 0) {
    probe("dont fork", gone, 0);
    printf("wiped %d kept %d\n", *wiped, *kept);
    *kept = 8;
    fflush(stdout);
    _exit(0);
  }
  wait(0);
  printf("%d %d %d\n", *gone, *wiped, *kept);
}

static void limiting(void) {
  struct rlimit old, less;
  getrlimit(RLIMIT_AS, &old);
  less = (struct rlimit){64 << 20, old.rlim_max};
  SHOW(setrlimit(RLIMIT_AS, &less));
  FAILS(mmap(0, 128 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  FAILS(sbrk(128 << 20));
  char *at = map(1, PROT_READ);
  FAILS(mremap(at, PAGE, 128 << 20, MREMAP_MAYMOVE));
  SHOW(setrlimit(RLIMIT_AS, &old));
  getrlimit(RLIMIT_DATA, &old);
  less = (struct rlimit){1 << 20, old.rlim_max};
  SHOW(setrlimit(RLIMIT_DATA, &less));
  FAILS(mmap(0, 128 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  FAILS(mmap(0, 128 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  FAILS(sbrk(2 << 20));
  SHOW(setrlimit(RLIMIT_DATA, &old));
  char *start = sbrk(0);
  SHOW(sbrk(3 * PAGE) == start);
  start[2 * PAGE] = 9;
  SHOW(sbrk(-2 * PAGE) == start + 3 * PAGE);
  SHOW(sbrk(2 * PAGE) == start + PAGE);
  printf("%d\n", start[2 * PAGE]);
}

static int deep(int levels) {
  volatile char frame[8192];
  memset((char *)frame, levels, sizeof frame);
  return levels == 0 ? frame[5] : deep(levels - 1) + frame[6];
}

static void stack(void) {
  static char alternate[65536];
  stack_t other = {.ss_sp = alternate, .ss_size = sizeof alternate};
  sigaltstack(&other, 0);
  printf("deep %d\n", deep(500));
  if (fork() == 0) {
    struct rlimit less = {1 << 20, RLIM_INFINITY};
    setrlimit(RLIMIT_STACK, &less);
    if (sigsetjmp(back, 1) == 0) deep(500);
    printf("overflow: signal %d\n", number);
    fflush(stdout);
    _exit(0);
  }
  wait(0);
  char *top = mmap(0, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(top, 16 * PAGE);
  char *down = mmap(top + 15 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
  SHOW(down == top + 15 * PAGE);
}

int main(void) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGSEGV, &action, 0);
  sigaction(SIGBUS, &action, 0);
  mapping();
  remapping();
  advising();
  forking();
  limiting();
  stack();
  return 0;
}
