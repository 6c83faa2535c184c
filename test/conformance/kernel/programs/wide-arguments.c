// An int is the low half of its register; what is above is left there by whoever called and means nothing.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static long call(long number, unsigned long a, unsigned long b, unsigned long c, unsigned long d) {
  long result;
  register unsigned long r10 __asm__("r10") = d;
  register unsigned long r8 __asm__("r8") = 0, r9 __asm__("r9") = 0;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return result;
}

int main(void) {
  static const unsigned long above[] = {0, 1ul << 32, 0xdeadbeef00000000, 0x7fffffff00000000, 0xffffffff00000000};
  setvbuf(stdout, 0, _IONBF, 0);
  for (int index = 0; index < 5; index++) {
    unsigned long over = above[index];
    char text[8] = "";
    int ends[2];
    pipe(ends);
    printf("write %ld", call(SYS_write, over | ends[1], (unsigned long)"abcdef", 6, 0));
    printf(" read %ld %s", call(SYS_read, over | ends[0], (unsigned long)text, 6, 0), text);
    printf(" flags %lx", call(SYS_fcntl, over | ends[0], over | F_GETFL, 0, 0));
    printf(" dup2 %ld", call(SYS_dup2, over | ends[0], over | 77, 0, 0));
    printf(" close %ld %ld %ld", call(SYS_close, over | 77, 0, 0, 0), call(SYS_close, over | ends[0], 0, 0, 0), call(SYS_close, over | ends[1], 0, 0, 0));
    printf(" none %ld", call(SYS_close, over | 77, 0, 0, 0));
    printf(" open %d", call(SYS_openat, over | (unsigned)AT_FDCWD, (unsigned long)"/", over | O_RDONLY | O_DIRECTORY, over) > 2);
    printf(" kill %ld\n", call(SYS_kill, over | (unsigned)getpid(), over, 0, 0));
  }
  pid_t child = fork();
  if (child == 0) call(SYS_exit_group, 0xdeadbeef00000007, 0, 0, 0);
  int status;
  waitpid(child, &status, 0);
  printf("exit %d\n", WEXITSTATUS(status));
  return 0;
}
