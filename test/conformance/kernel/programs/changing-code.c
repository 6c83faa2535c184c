/* Code that changes under the processor: written by the program, by system calls, mapped anew; with an argument
 * also through another mapping of the same file. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

typedef int function(void);
#define RWX (PROT_READ | PROT_WRITE | PROT_EXEC)

/* mov eax, value; ret */
static void make(unsigned char *code, int value) {
  code[0] = 0xb8;
  memcpy(code + 1, &value, 4);
  code[5] = 0xc3;
}
static int run(void *code) { return ((function *)code)(); }
static unsigned char *map(int protection) {
  return mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int main(int argc, char **argv) {
  setbuf(stdout, NULL);
  unsigned char text[6];
  unsigned char *code = map(RWX);
  make(code, 1);
  printf("first %d\n", run(code));
  make(code, 2);
  printf("stored %d\n", run(code));

  int ends[2];
  pipe(ends);
  make(text, 3);
  write(ends[1], text, 6);
  read(ends[0], code, 6);
  printf("read %d\n", run(code));
  make(text, 4);
  write(ends[1], text, 6);
  struct iovec pieces[2] = { { code, 2 }, { code + 2, 4 } };
  readv(ends[0], pieces, 2);
  printf("readv %d\n", run(code));
  mprotect(code, 4096, PROT_READ | PROT_WRITE);
  make(code, 6);
  mprotect(code, 4096, PROT_READ | PROT_EXEC);
  printf("mprotect %d\n", run(code));

  mprotect(code, 4096, RWX);
  if (fork() == 0) {
    make(code, 7);
    printf("child %d\n", run(code));
      _exit(0);
  }
  wait(NULL);
  printf("parent %d\n", run(code));

  munmap(code, 4096);
  unsigned char *again = mmap(code, 4096, RWX, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  make(again, 8);
  printf("mapped again %d\n", run(again));
  madvise(again, 4096, MADV_DONTNEED);
  make(again, 9);
  printf("discarded %d\n", run(again));

  if (argc == 1) return 0;
  int file = memfd_create("code", 0);
  ftruncate(file, 4096);
  unsigned char *writable = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  unsigned char *executable = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, file, 0);
  for (int value = 10; value < 13; value++) {
    make(writable, value);
    printf("two mappings %d\n", run(executable));
  }
  make(text, 13);
  pwrite(file, text, 6, 0);
  printf("pwrite %d\n", run(executable));
  return 0;
}
