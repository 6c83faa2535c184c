// Reservations of many gigabytes, as engines of WebAssembly make them: parts become writable, grow, are given
// back, are seen by system calls, by signals, by a child and by string instructions.
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
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define GIB (1ul << 30)
static unsigned char *base;
static sigjmp_buf back;
static volatile long fault_offset;
static volatile int fault_code;

static void on_fault(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)context;
  fault_offset = (unsigned char *)info->si_addr - base;
  fault_code = info->si_code;
  siglongjmp(back, 1);
}

static void probe(const char *what, volatile unsigned char *at, int is_write) {
  if (sigsetjmp(back, 1) == 0) {
    if (is_write) *at = 1;
    else (void)*at;
    printf("%s: fine\n", what);
  } else printf("%s: fault at +%#lx code %d\n", what, fault_offset, fault_code);
}

static unsigned sum(const unsigned char *at, size_t count) {
  unsigned result = 0;
  for (size_t index = 0; index < count; index++) result = result * 31 + at[index];
  return result;
}

int main(void) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, 0);
  setvbuf(stdout, 0, _IONBF, 0);
  base = mmap(0, 10 * GIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  printf("reserved %d aligned %d\n", base != MAP_FAILED, ((uintptr_t)base & 4095) == 0);
  probe("read of the reservation", base + 5 * GIB, 0);
  printf("mprotect %d\n", mprotect(base, 0x20000, PROT_READ | PROT_WRITE));
  probe("write at 0", base, 1);
  probe("write at the end", base + 0x1ffff, 1);
  probe("write behind it", base + 0x20000, 1);
  probe("a word over the end", base + 0x1fffd, 0);
  for (unsigned index = 0; index < 0x20000; index++) base[index] = index * 7 + (index >> 8);
  printf("sum %u\n", sum(base, 0x20000));
  memcpy(base + 0x10001, base + 3, 0x8000);
  memmove(base + 0x101, base + 0x100, 0x9000);
  memset(base + 0x5000, 0xa5, 777);
  __asm__ volatile("rep movsb" : : "c"(0x1234l), "S"(base + 0x40), "D"(base + 0x9999) : "memory");
  __asm__ volatile("rep stosl" : : "c"(0x123l), "a"(0x01020304), "D"(base + 0xfffd) : "memory");
  *(uint64_t *)(base + 0xffd) += 12345;
  __atomic_fetch_add((uint32_t *)(base + 0x2000), 77, __ATOMIC_SEQ_CST);
  __sync_bool_compare_and_swap((uint64_t *)(base + 0x2008), *(uint64_t *)(base + 0x2008), 99ul);
  *(double *)(base + 0x3000) = 1.5;
  *(double *)(base + 0x3000) *= 3;
  *(long double *)(base + 0x3010) = *(double *)(base + 0x3000) / 7;
  printf("sum %u %g %d\n", sum(base, 0x20000), *(double *)(base + 0x3000), memcmp(base, base + 0x10000, 0x1000) > 0);

  printf("grown %d\n", mprotect(base, 0x300000, PROT_READ | PROT_WRITE));
  printf("kept %u new %u\n", sum(base, 0x20000), sum(base + 0x20000, 0x1000));
  memset(base + 0x1f000, 3, 0x200000);
  printf("sum %u\n", sum(base, 0x300000));

  printf("far %d\n", mprotect(base + 6 * GIB, 0x5000, PROT_READ | PROT_WRITE));
  strcpy((char *)base + 6 * GIB + 0x10, "far away");
  int ends[2];
  pipe(ends);
  printf("write %zd\n", write(ends[1], base + 6 * GIB + 0x10, 9));
  printf("read %zd %s\n", read(ends[0], base + 0x2ffff0, 9), base + 0x2ffff0);
  write(ends[1], "0123456789", 10);
  errno = 0;
  printf("read beyond %zd %d\n", read(ends[0], base + 0x300000, 20), errno);
  read(ends[0], base + 0x300000 - 10, 10);
  struct iovec vectors[2] = {{base + 6 * GIB, 100}, {base + 100, 50}};
  printf("writev %zd\n", writev(ends[1], vectors, 2));
  int file = memfd_create("file", 0);
  write(file, "the file's bytes", 16);
  unsigned char *mapped = mmap(base + 0x100000, 0x1000, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0);
  printf("fixed %d %s\n", mapped == base + 0x100000, mapped);
  probe("write to it", mapped, 1);
  printf("neighbours %d %d\n", base[0xfffff], base[0x101000]);
  pid_t child = fork();
  if (child == 0) {
    base[0] = 42;
    base[6 * GIB] = 1;
    _exit(base[1] + base[0]);
  }
  int status;
  waitpid(child, &status, 0);
  printf("child %d, here %d\n", WEXITSTATUS(status) == (unsigned char)(base[1] + 42), base[0]);
  printf("madvise %d", madvise(base, 0x2000, MADV_DONTNEED));
  printf(" %d %d\n", base[0], base[0x2008]);
  printf("none %d\n", mprotect(base + 0x1000, 0x1000, PROT_NONE));
  probe("read of none", base + 0x1800, 0);
  probe("read behind", base + 0x2000, 0);
  printf("munmap %d\n", munmap(base + 0x4000, 0x1000));
  probe("read of nothing", base + 0x4567, 0);
  printf("msync %d\n", msync(base, 0x1000, MS_SYNC));
  errno = 0;
  printf("mprotect over a hole %d %d\n", mprotect(base + 0x3000, 0x3000, PROT_READ), errno);

  munmap(base, 10 * GIB);
  probe("after munmap", base, 0);

  unsigned char *many[12];
  for (int index = 0; index < 12; index++) {
    many[index] = mmap(0, 8 * GIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    mprotect(many[index], 0x10000, PROT_READ | PROT_WRITE);
  }
  for (int round = 0; round < 3; round++)
    for (int index = 0; index < 12; index++) many[index][index * 0x101]++, many[11 - index][8]++;
  unsigned total = 0;
  for (int index = 0; index < 12; index++) total = total * 31 + sum(many[index], 0x10000);
  printf("many %u\n", total);
  ftruncate(file, 5 * GIB);
  unsigned char *large = mmap(0, 5 * GIB, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  printf("large %d %.16s\n", large != MAP_FAILED, large);
  memcpy(large + 4 * GIB - 3, "around", 6);
  char text[7] = "";
  pread(file, text, 6, 4 * GIB - 3);
  printf("file %s\n", text);
  munmap(large, 5 * GIB);

  // Below the place of executables, as lld lays them out; this one begins at 4 MiB.
  base = mmap((void *)0x200000, 0x200000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  printf("low %d\n", base == (void *)0x200000);
  strcpy((char *)base + 0x1ffff0, "low down");
  base[0x1ffffd] = 1, base[0x1ffffe] = 2, base[0x1fffff] = 3;
  printf("over the border %08x %s\n", *(volatile unsigned *)(base + 0x1ffffd), base + 0x1ffff0);
  printf("protect over the border %d\n", mprotect(base + 0x1ff000, 0x2000, PROT_READ));
  probe("write", base + 0x1ff010, 1);
  printf("munmap %d\n", munmap(base, 0x200000));
  probe("low after munmap", base + 0x1ff010, 0);
  return 0;
}
