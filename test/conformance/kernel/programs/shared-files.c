/* Files mapped shared: other mappings, other processes, read, write and truncate see the same bytes. */
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
static sigjmp_buf back;
static void on_fault(int signal) {
  siglongjmp(back, signal);
}
static void file(void) {
  char text[64] = "";
  int fd = open("/shared-file", O_RDWR | O_CREAT | O_TRUNC, 0600);
  printf("truncate %d\n", ftruncate(fd, 2 * PAGE + 100));
  char *first = mmap(0, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  char *second = mmap(0, 3 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
  char *private = mmap(0, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  strcpy(first, "through the mapping");
  pread(fd, text, 30, 0);
  printf("read: %s; other mapping: %s\n", text, second);
  pwrite(fd, "written", 7, 12);
  printf("mapping: %s\n", first);
  strcpy(private, "mine");
  pread(fd, text, 30, 0);
  printf("file: %s\n", text);
  if (fork() == 0) {
    strcpy(first + PAGE, "from the child");
    int again = open("/shared-file", O_RDWR);
    pwrite(again, "child's call", 12, 2 * PAGE);
    _exit(0);
  }
  wait(0);
  printf("%s / %s / %s\n", first + PAGE, second + 2 * PAGE, private);
  printf("msync %d\n", msync(first, 3 * PAGE, MS_SYNC));
  first[2 * PAGE + 200] = 'z';
  int status = sigsetjmp(back, 1);
  if (status == 0) {
    printf("truncate %d\n", ftruncate(fd, PAGE));
    (void)*(volatile char *)(first + PAGE);
    puts("no signal");
  } else printf("signal %d\n", status);
  ftruncate(fd, 2 * PAGE);
  printf("after growth %d\n", first[PAGE]);
  munmap(first, 3 * PAGE);
  pread(fd, text, 30, 0);
  printf("kept: %s\n", text);
  int reader = open("/shared-file", O_RDONLY);
  void *refused = mmap(0, PAGE, PROT_WRITE, MAP_SHARED, reader, 0);
  printf("%d %s\n", refused == MAP_FAILED, strerrorname_np(errno));
  char *allowed = mmap(0, PAGE, PROT_READ, MAP_SHARED, reader, 0);
  printf("%d %s\n", mprotect(allowed, PAGE, PROT_READ | PROT_WRITE), strerrorname_np(errno));
  int writer = open("/shared-file", O_WRONLY);
  refused = mmap(0, PAGE, PROT_WRITE, MAP_SHARED, writer, 0);
  printf("%d %s\n", refused == MAP_FAILED, strerrorname_np(errno));
}

int main(void) {
  signal(SIGBUS, on_fault);
  file();
  return 0;
}
