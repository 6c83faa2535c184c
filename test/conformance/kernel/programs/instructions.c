/* What one case of the fuzzer cannot ask: loads of segment registers, what syscall leaves in rcx and r11, the
 * time stamp counter. With arguments: bits of cpuid, each "leaf:register:bit" in hexadecimal (registers a to d). */
#define _GNU_SOURCE
#include <cpuid.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static sigjmp_buf back;

static void handler(int number, siginfo_t *info, void *context) {
  printf("signal %d code %d\n", number, info->si_code);
  siglongjmp(back, 1);
}

/* Reads back what a load of `selector` made of the register, then puts the first value there again. */
#define LOAD(name) do { \
  for (unsigned i = 0; i < sizeof selectors / sizeof *selectors; i++) { \
    uint64_t before, after = 0; \
    printf("mov " name ", %#x: ", selectors[i]); \
    __asm__ volatile("mov %%" name ", %0" : "=r"(before)); \
    if (sigsetjmp(back, 1) != 0) continue; \
    __asm__ volatile("mov %1, %%" name "; mov %%" name ", %0; mov %2, %%" name \
      : "=&r"(after) : "r"(selectors[i]), "r"((uint32_t)before)); \
    printf("%#lx, at first %#lx\n", after, before); \
  } \
} while (0)

static void segments(void) {
  /* Null, Linux's segments of ring 3 with any privilege, those of ring 0, beyond the table, a local one. */
  static const uint32_t selectors[] = { 0, 3, 0x2b, 0x28, 0x23, 0x21, 0x33, 0x30, 0x08, 0x10, 0x18, 0x1234, 0x7f };
  LOAD("ds");
  LOAD("es");
  LOAD("ss");
  uint64_t cs, words[2];
  uint16_t short_word;
  __asm__ volatile("mov %%cs, %0" : "=r"(cs));
  printf("cs %#lx\n", cs);
  __asm__ volatile("push %%fs; pop %0; push %%gs; pop %1" : "=r"(words[0]), "=r"(words[1]));
  printf("pushed fs %#lx gs %#lx\n", words[0], words[1]);
  __asm__ volatile("pushw %%gs; popw %0" : "=r"(short_word));
  printf("pushed gs, 16 bits %#x\n", short_word);
  /* gs has no base of its own here. */
  __asm__ volatile("push $0; pop %%gs; mov %%gs, %0" : "=r"(words[0]));
  printf("popped gs %#lx\n", words[0]);
  for (int selector = 0x1230; selector <= 0x1238; selector += 8) {
    printf("pop gs, %#x: ", selector);
    if (sigsetjmp(back, 1) == 0) __asm__ volatile("push %0; pop %%gs" : : "r"((uint64_t)selector));
  }
  printf("mov cs: ");
  if (sigsetjmp(back, 1) == 0) __asm__ volatile(".byte 0x8e, 0xc8");
}

static void systemCall(void) {
  static const uint64_t flags[] = { 0x202, 0xad7 | 0x400, 0x200246, 0x40a97 };
  for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
    uint64_t result = SYS_sched_yield, rcx, r11, after, here;
    __asm__ volatile(
      "push %5; popfq; syscall\n1: pushfq; pop %3; cld; push $0x202; popfq; lea 1b(%%rip), %4; mov %%r11, %2"
      : "+a"(result), "=c"(rcx), "=&r"(r11), "=&r"(after), "=&r"(here) : "r"(flags[i]) : "r11", "memory");
    printf("syscall with %#lx: %ld, r11 %#lx, then %#lx, rcx %s\n", flags[i], (long)result, r11, after,
      rcx == here ? "behind it" : "elsewhere");
  }
}

static void counter(void) {
  cpu_set_t first;
  CPU_ZERO(&first);
  CPU_SET(0, &first);
  sched_setaffinity(0, sizeof first, &first);
  uint64_t last = 0, low, high, number, ordered = 1;
  for (int i = 0; i < 1000; i++) {
    if (i & 1) __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    else __asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(number));
    uint64_t now = high << 32 | low;
    ordered &= low >> 32 == 0 && high >> 32 == 0 && now > last;
    last = now;
  }
  printf("time stamps %s, on processor %lu\n", ordered ? "grow" : "do not grow", number & 0xfff);
}

static int askedBits(int count, char **bits) {
  for (int i = 0; i < count; i++) {
    unsigned leaf, bit, registers[4];
    char name;
    if (sscanf(bits[i], "%x:%c:%x", &leaf, &name, &bit) != 3) return 2;
    __cpuid_count(leaf, 0, registers[0], registers[1], registers[2], registers[3]);
    printf("%s %u\n", bits[i], registers[name - 'a'] >> bit & 1);
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc > 1) return askedBits(argc - 1, argv + 1);
  struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
  const int signals[] = { SIGSEGV, SIGBUS, SIGILL };
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, NULL);
  segments();
  systemCall();
  counter();
  return 0;
}
