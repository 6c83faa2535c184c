/* Every exception a program can raise, as the signal it gets: number, code, address; trap number and error in
 * the frame as well when there is an argument. (int1 is left out: hosts that are virtual differ.) */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

static sigjmp_buf back;
static char *page;
static int showsFrame;

static void name(const char *what, uint64_t address) {
  if (address - (uint64_t)page < 0x10000) printf(" %s=page+%#lx", what, address - (uint64_t)page);
  else printf(" %s=%#lx", what, address);
}

static void handler(int number, siginfo_t *info, void *pointer) {
  const greg_t *gregs = ((ucontext_t *)pointer)->uc_mcontext.gregs;
  printf("signal %d code %d", number, info->si_code);
  name("address", (uint64_t)info->si_addr);
  name("rip", (uint64_t)gregs[REG_RIP]);
  if (showsFrame) {
    printf(" trap %lld error %#llx", gregs[REG_TRAPNO], gregs[REG_ERR]);
    if (gregs[REG_TRAPNO] == 14) name("cr2", (uint64_t)gregs[REG_CR2]);
  }
  printf("\n");
  siglongjmp(back, 1);
}

/* One asm statement per case; %0 is a page of which only the first half of its three pages is there. */
#define CASE(title, ...) do { \
  printf("%-32s ", title); \
  if (sigsetjmp(back, 1) == 0) { __asm__ volatile(__VA_ARGS__); printf("nothing\n"); } \
} while (0)
#define USES : : "r"(page) : "rax", "rcx", "rdx", "memory", "cc"

static void memoryFaults(void) {
  CASE("read null", "mov 0, %%rax" USES);
  CASE("write null", "mov %%rax, 8" USES);
  CASE("call null", "xor %%eax, %%eax; call *%%rax" USES);
  CASE("read a hole", "mov 0x1010(%0), %%eax" USES);
  CASE("write a hole", "movb $1, 0x1010(%0)" USES);
  CASE("write read-only", "movb $1, 0x2010(%0)" USES);
  CASE("read none", "mov 0x3010(%0), %%eax" USES);
  CASE("read across into a hole", "mov 0xffd(%0), %%rax" USES);
  CASE("execute data", "jmp *%0" USES);
  CASE("execute a hole", "lea 0x1000(%0), %%rax; jmp *%%rax" USES);
  CASE("add to read-only", "incq 0x2ff0(%0)" USES);
  CASE("beyond 4 GiB", "movabs $0x7ffe12345678, %%rax; mov (%%rax), %%eax" USES);
  CASE("upper half", "movabs $0xffff888000001000, %%rax; mov (%%rax), %%eax" USES);
  CASE("upper half, write", "movabs $0xffff888000001000, %%rax; movb $1, (%%rax)" USES);
  CASE("not canonical", "movabs $0x800000000000, %%rax; mov (%%rax), %%eax" USES);
  CASE("not canonical by rbp", "push %%rbp; movabs $0x800000000000, %%rbp; mov (%%rbp), %%eax; pop %%rbp" USES);
  CASE("push not canonical", "movabs $0x800000000008, %%rsp; push %%rax" USES);
  CASE("jump not canonical", "movabs $0x800000000000, %%rax; jmp *%%rax" USES);
  CASE("misaligned movaps", "movaps 1(%0), %%xmm0" USES);
  CASE("misaligned fxsave", "fxsave 8(%0)" USES);
}

static void others(void) {
  CASE("ud2", "ud2" USES);
  CASE("lock nop", ".byte 0xf0, 0x90" USES);
  CASE("push es", ".byte 0x06" USES);
  CASE("hlt", "hlt" USES);
  CASE("cli", "cli" USES);
  CASE("in", "in $0x80, %%al" USES);
  CASE("rdmsr", "rdmsr" USES);
  CASE("mov cr0", "mov %%cr0, %%rax" USES);
  CASE("mov cr7", ".byte 0x0f, 0x20, 0xf8" USES);
  CASE("mov bad selector", "mov $0x1234, %%eax; mov %%eax, %%es" USES);
  CASE("int3", "int3" USES);
  CASE("int 3 in two bytes", ".byte 0xcd, 3" USES);
  CASE("int 4", ".byte 0xcd, 4" USES);
  CASE("int 0x21", "int $0x21" USES);
  CASE("divide by zero", "xor %%ecx, %%ecx; div %%ecx" USES);
  CASE("divide overflow", "mov $0x80000000, %%eax; cdq; mov $-1, %%ecx; idiv %%ecx" USES);
  CASE("x87 division", "push $0x37b; fldcw (%%rsp); pop %%rax; fld1; fldz; fdivrp; fwait" USES);
  CASE("x87 invalid", "fninit; push $0x37e; fldcw (%%rsp); pop %%rax; fldz; fldz; fdivrp; fwait" USES);
  CASE("x87 inexact", "fninit; push $0x35f; fldcw (%%rsp); pop %%rax; fld1; fldpi; fdivrp; fwait" USES);
  __asm__ volatile("fninit");
  CASE("sse division", "push $0x1d80; ldmxcsr (%%rsp); pop %%rax; mov $1, %%eax; cvtsi2sd %%eax, %%xmm0; xorpd %%xmm1, %%xmm1; divsd %%xmm1, %%xmm0" USES);
  CASE("sse invalid", "push $0x1f00; ldmxcsr (%%rsp); pop %%rax; xorpd %%xmm0, %%xmm0; xorpd %%xmm1, %%xmm1; divsd %%xmm1, %%xmm0" USES);
  CASE("sse overflow", "push $0x1b80; ldmxcsr (%%rsp); pop %%rax; movabs $0x7fe0000000000000, %%rax; movq %%rax, %%xmm0; mulsd %%xmm0, %%xmm0" USES);
}

int main(int argc, char **argv) {
  showsFrame = argc > 1;
  static char alternate[65536];
  stack_t stack = { .ss_sp = alternate, .ss_size = sizeof alternate };
  sigaltstack(&stack, NULL);
  struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };
  const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, NULL);
  page = mmap((void *)0x20000000, 0x4000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  memset(page, 0, 0x4000);
  munmap(page + 0x1000, 0x1000);
  mprotect(page + 0x2000, 0x1000, PROT_READ);
  mprotect(page + 0x3000, 0x1000, PROT_NONE);
  memoryFaults();
  others();
  return 0;
}
