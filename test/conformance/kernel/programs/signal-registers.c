// Every register is after a handler what it was before, in all its bits; and what the handler writes into the
// context is what the program goes on with: garbage collectors and Go's preemption live of that.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

struct registers {
  uint64_t general[16];
  unsigned char vector[16][16];
  uint64_t flags;
};
static struct registers before, after;
static int changes;

#define EACH(DO) DO(rax, 0) DO(rbx, 3) DO(rdx, 2) DO(rsi, 6) DO(rbp, 5) DO(r8, 8) DO(r9, 9) DO(r10, 10) DO(r11, 11) \
  DO(r12, 12) DO(r13, 13) DO(r14, 14) DO(r15, 15) DO(rcx, 1)
#define LOAD(name, number) "mov 8*" #number "(%%rdi), %%" #name "\n"
#define STORE(name, number) "mov %%" #name ", 8*" #number "(%%rdi)\n"
#define VECTOR(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11) DO(12) DO(13) DO(14) DO(15)
#define LOADX(number) "movups 128+16*" #number "(%%rdi), %%xmm" #number "\n"
#define STOREX(number) "movups %%xmm" #number ", 128+16*" #number "(%%rdi)\n"

static void on_trap(int signal, siginfo_t *info, void *context) {
  greg_t *general = ((ucontext_t *)context)->uc_mcontext.gregs;
  unsigned char *vector = (unsigned char *)((ucontext_t *)context)->uc_mcontext.fpregs->_xmm;
  (void)signal, (void)info;
  double clobber[16];
  for (int index = 0; index < 16; index++) clobber[index] = index / 3.0;
  __asm__ volatile("" : : "r"(clobber) : "memory");
  if (!changes) return;
  general[REG_RAX] ^= 0x0123456789abcdef;
  general[REG_R13] = -1;
  general[REG_EFL] ^= 0x8d5;
  vector[5] ^= 0xff;
  vector[16 * 15 + 15] ^= 0xff;
}

__attribute__((noinline)) static void trap(void) {
  after = before;
  // rdi holds the place throughout; the handler runs on another stack, so that rsp may be anything aligned.
  __asm__ volatile(
    "push %%rbp\n push 256+128(%%rdi)\n popfq\n" VECTOR(LOADX) EACH(LOAD)
    "int3\n"
    EACH(STORE) VECTOR(STOREX) "pushfq\n pop 256+128(%%rdi)\n pop %%rbp\n"
    : : "D"(&after)
    : "rax", "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc");
}

int main(void) {
  static char stack[65536];
  sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, 0);
  struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGTRAP, &action, 0);
  for (changes = 0; changes < 2; changes++) {
    for (int round = 0; round < 4; round++) {
      for (int index = 0; index < 16; index++) {
        before.general[index] = (index + 1) * 0x9e3779b97f4a7c15u ^ (round & 1 ? ~0ull : 0);
        for (int byte = 0; byte < 16; byte++) before.vector[index][byte] = index * 16 + byte + round * 31;
      }
      before.flags = 0x202 | (round & 1 ? 0x8d5 : 0) | (round & 2 ? 0x40 : 0);
      trap();
      for (int index = 0; index < 16; index++)
        if (index != 4 && index != 7 && before.general[index] != after.general[index])
          printf("%d register %d: %016lx, was %016lx\n", changes, index, after.general[index], before.general[index]);
      for (int index = 0; index < 16; index++)
        if (memcmp(before.vector[index], after.vector[index], 16)) printf("%d xmm%d differs\n", changes, index);
      printf("flags %03lx, were %03lx\n", after.flags & 0xcd5, before.flags & 0xcd5);
    }
  }
  puts("done");
  return 0;
}
