/*
 * The oracle of runtime/cpu: loads a processor state, executes one instruction of the host, and tells
 * what became of it. The hard idea: whatever the instruction does to rsp, rflags or fs, we never run on
 * its state. A stub loads everything from an area at a fixed low address (so that no register is needed
 * to reach it) and jumps to the instruction. Three ways back: a jump behind the instruction into the
 * other half of the stub (fast), a breakpoint wherever it jumped to, or the trap flag; the last two,
 * and every fault, enter a signal handler on an alternate stack, which finds the state in its ucontext
 * and resumes the stub. Traps cost microseconds on virtual machines, hence the first way.
 *
 * Protocol, little endian, on stdin and stdout (native-runner.ts is the other end):
 *   hello (us):  u32 magic, u32 features (1 = rdfsbase works, 2 = upper ymm halves), u32 0, u32 0
 *   header (in): u32 command, u32 a, u32 b, u32 c
 *   command 1: pages. a = count, b = address of the first, c = address of the code page; then count
 *              u32 (bits: 1 readable, 2 writable; 0 = unmapped), then count * 4096 bytes. No answer.
 *   command 2: a batch of a cases, struct input each. Answer: u32 bytes, then for each case struct
 *              output and the changed bytes, padded to 8.
 *   command 3: programs. a = count, then count * 4096 bytes: code pages for later cases whose mode has
 *              MODE_PROGRAM. They end by a jump through area.exit, by a fault, or by the clock. No answer.
 *   end of file: exit.
 * Nothing the handler calls may use thread-local storage: fs belongs to the guest there.
 */
#define _GNU_SOURCE
#include <immintrin.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>
#include <cpuid.h>

#define MAGIC 0x52504c53u
#define PAGE 4096u
#define PAGES_MAX 64u
#define DIRTY_MAX 8192u
#define FLAG_TRAP 0x100ull
#define FLAG_ALIGNMENT 0x40000ull
/* What a case may set: CF PF AF ZF SF DF OF ID and the reserved bit 1. */
#define FLAGS_INPUT 0x200cd5ull
enum { MODE_DIRECT = 0, MODE_BREAKPOINT = 1, MODE_STEP = 2, MODE_MASK = 3, MODE_PROGRAM = 4 };
/* A program that still runs at the second tick from its start is ended there (signal SIGALRM). */
#define TICK_MICROSECONDS 20000

struct patch { uint32_t address, length; uint8_t bytes[24]; };
struct input {
  uint64_t gpr[16], rflags, rip, fs, gs;
  uint32_t mode, patches;
  uint8_t length, code[15];
  uint64_t program; /* of MODE_PROGRAM: which */
  struct patch patch[4];
  uint8_t fxsave[512], upper[256];
};
struct output {
  uint64_t gpr[16], rflags, rip, fs, gs;
  uint32_t signal, code;
  uint64_t address;
  uint32_t trap, error;
  uint64_t cr2;
  uint32_t dirtyStart, dirtyLength;
  uint64_t unused;
  uint8_t fxsave[512], upper[256];
};
_Static_assert(sizeof(struct input) == 1088, "input");
_Static_assert(sizeof(struct output) == 976, "output");

/* At a fixed address: the stub names its fields by number. */
struct area {
  uint64_t gpr[16];  /* 0: in and out */
  uint64_t rflags;   /* 128 */
  uint64_t rip;      /* 136 */
  uint64_t ownStack; /* 144 */
  uint64_t exit;     /* 152: address of the way back */
  uint64_t trap;     /* 160: not zero: start through a breakpoint (MODE_STEP) */
  uint64_t unused[11];
  uint8_t xsave[2048]; /* 256 */
};
#define AREA 0x30000000
#define area ((struct area *)(uintptr_t)AREA)

static struct {
  const struct input *current;
  uint8_t *out;
  int haveFsgsbase, haveAvx, isCollected;
  uint64_t fsMain, gsMain;
  uint32_t base, pages, code, access[PAGES_MAX];
  uint8_t *alias;     /* all data pages, writable */
  uint8_t *codeAlias; /* one page, writable */
  uint8_t *expected;  /* what the data pages hold before a case */
  uint8_t *programs;
  uint32_t programCount;
  int isProgramInPage, ticks;
} runner;

/* void enter(void): everything but the extended state, which is loaded and saved around it in C. */
__asm__(
  ".set area, 0x30000000\n"
  ".text\n.globl enter\n"
  "enter:\n"
  "  push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
  "  movq %rsp, area+144\n"
  "  cmpq $0, area+160\n"
  "  jne stepping\n"
  "  push area+128\n popfq\n"
  "  movq area+0, %rax\n movq area+8, %rcx\n movq area+16, %rdx\n movq area+24, %rbx\n"
  "  movq area+40, %rbp\n movq area+48, %rsi\n movq area+56, %rdi\n movq area+64, %r8\n"
  "  movq area+72, %r9\n movq area+80, %r10\n movq area+88, %r11\n movq area+96, %r12\n"
  "  movq area+104, %r13\n movq area+112, %r14\n movq area+120, %r15\n movq area+32, %rsp\n"
  "  jmp *area+136\n"
  "stepping: int3\n" /* the handler loads the case */
  ".globl leave\n"
  "leave:\n"
  "  movq %rsp, area+32\n movq area+144, %rsp\n pushfq\n pop area+128\n"
  "  push $2\n popfq\n"
  "  movq %rax, area+0\n movq %rcx, area+8\n movq %rdx, area+16\n movq %rbx, area+24\n"
  "  movq %rbp, area+40\n movq %rsi, area+48\n movq %rdi, area+56\n movq %r8, area+64\n"
  "  movq %r9, area+72\n movq %r10, area+80\n movq %r11, area+88\n movq %r12, area+96\n"
  "  movq %r13, area+104\n movq %r14, area+112\n movq %r15, area+120\n"
  ".globl resume\n"
  "resume:\n"
  "  pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n"
  "  ret\n");
void enter(void);
extern const char leave[], resume[];

static const int gregOf[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
  REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15 };

static long systemCall2(long number, long a, long b) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b) : "rcx", "r11", "memory");
  return result;
}
static uint64_t readBase(int isGs) {
  uint64_t value = 0;
  if (runner.haveFsgsbase) {
    if (isGs) __asm__ volatile("rdgsbase %0" : "=r"(value)); else __asm__ volatile("rdfsbase %0" : "=r"(value));
    return value;
  }
  systemCall2(SYS_arch_prctl, isGs ? 0x1004 : 0x1003, (long)&value);
  return value;
}
static void writeBase(int isGs, uint64_t value) {
  if (!runner.haveFsgsbase) { systemCall2(SYS_arch_prctl, isGs ? 0x1001 : 0x1002, (long)value); return; }
  if (isGs) __asm__ volatile("wrgsbase %0" : : "r"(value)); else __asm__ volatile("wrfsbase %0" : : "r"(value));
}
static void copy(void *target, const void *source, uint64_t bytes) {
  __asm__ volatile("cld; rep movsb" : "+D"(target), "+S"(source), "+c"(bytes) : : "memory");
}

static uint8_t *dataAt(uint8_t *pages, uint32_t address, uint32_t length) {
  uint32_t offset = address - runner.base;
  if (length > 24 || offset > runner.pages * PAGE - length) __builtin_trap();
  return pages + offset;
}
static void patchMemory(const struct input *in, int undo) {
  for (uint32_t i = 0; i < in->patches && i < 4; i++) {
    const struct patch *patch = &in->patch[i];
    uint8_t *live = dataAt(runner.alias, patch->address, patch->length);
    if (undo) copy(live, dataAt(runner.expected, patch->address, patch->length), patch->length);
    else copy(live, patch->bytes, patch->length);
  }
}

static void prepareCode(const struct input *in) {
  if (in->mode & MODE_PROGRAM) {
    if (in->program >= runner.programCount) __builtin_trap();
    copy(runner.codeAlias, runner.programs + in->program * PAGE, PAGE);
    runner.isProgramInPage = 1;
    return;
  }
  if (runner.isProgramInPage) {
    __builtin_memset(runner.codeAlias, 0xcc, PAGE);
    runner.isProgramInPage = 0;
  }
  uint32_t at = (uint32_t)in->rip - runner.code;
  uint8_t code[24];
  __builtin_memset(code, 0xcc, sizeof code);
  copy(code, in->code, 15);
  uint32_t length = in->length < 15 ? in->length : 15;
  __builtin_memset(code + length, 0xcc, 15 - length);
  if ((in->mode & MODE_MASK) == MODE_DIRECT) {
    /* jmp *exit */
    static const uint8_t jump[7] = { 0xff, 0x24, 0x25, (AREA + 152) & 255, (AREA + 152) >> 8 & 255, 0, AREA >> 24 };
    copy(code + length, jump, 7);
  }
  for (uint32_t i = 0; i < 24 && at + i < PAGE; i++) runner.codeAlias[at + i] = code[i];
}

/* Everything of a case that is not a general register; leaves fs and gs the guest's. */
static void prepare(const struct input *in) {
  copy(area->gpr, in->gpr, sizeof in->gpr);
  area->rflags = (in->rflags & FLAGS_INPUT) | 0x202;
  area->rip = in->rip;
  area->exit = (uint64_t)(uintptr_t)leave;
  area->trap = (in->mode & MODE_MASK) == MODE_STEP;
  patchMemory(in, 0);
  prepareCode(in);
  copy(area->xsave, in->fxsave, 28);
  copy(area->xsave + 32, in->fxsave + 32, 384);
  *(uint64_t *)(area->xsave + 512) = 7;
  if (runner.haveAvx) copy(area->xsave + 576, in->upper, 256);
  writeBase(0, in->fs);
  writeBase(1, in->gs);
}
static void loadExtended(void) {
  if (runner.haveAvx) __asm__ volatile("xrstor64 (%0)" : : "r"(area->xsave), "a"(7), "d"(0) : "memory");
  else __asm__ volatile("fxrstor64 (%0)" : : "r"(area->xsave) : "memory");
}
static void saveExtended(uint8_t *target) {
  if (runner.haveAvx) __asm__ volatile("xsave64 (%0)" : : "r"(target), "a"(7), "d"(0) : "memory");
  else __asm__ volatile("fxsave64 (%0)" : : "r"(target) : "memory");
}
static void calmExtended(void) {
  uint32_t mxcsr = 0x1f80;
  __asm__ volatile("fninit; ldmxcsr %0" : : "m"(mxcsr));
  if (runner.haveAvx) __asm__ volatile(".byte 0xc5, 0xf8, 0x77"); /* vzeroupper */
}

/* The hull of all changed bytes, which are then put back. */
static uint8_t *collectMemory(const struct input *in, struct output *out, uint8_t *target) {
  /* Patches were applied to the live pages only: make `expected` agree for the comparison. */
  uint8_t before[4][24];
  for (uint32_t i = 0; i < in->patches && i < 4; i++) {
    uint8_t *expected = dataAt(runner.expected, in->patch[i].address, in->patch[i].length);
    copy(before[i], expected, in->patch[i].length);
    copy(expected, in->patch[i].bytes, in->patch[i].length);
  }
  const uint64_t *live = (const uint64_t *)runner.alias, *old = (const uint64_t *)runner.expected;
  uint32_t words = runner.pages * PAGE / 8, first = words, last = 0;
  for (uint32_t i = 0; i < words; i += 8) {
    uint64_t difference = 0;
    for (uint32_t j = 0; j < 8; j++) difference |= live[i + j] ^ old[i + j];
    if (difference) { if (first == words) first = i; last = i + 8; }
  }
  out->dirtyStart = out->dirtyLength = 0;
  if (first < last) {
    uint32_t start = first * 8, end = last * 8;
    while (runner.alias[start] == runner.expected[start]) start++;
    while (runner.alias[end - 1] == runner.expected[end - 1]) end--;
    out->dirtyStart = runner.base + start;
    out->dirtyLength = end - start;
    uint32_t kept = end - start < DIRTY_MAX ? end - start : DIRTY_MAX;
    copy(target, runner.alias + start, kept);
    copy(runner.alias + start, runner.expected + start, end - start);
    target += (kept + 7) & ~7u;
  }
  for (uint32_t i = in->patches < 4 ? in->patches : 4; i-- > 0;)
    copy(dataAt(runner.expected, in->patch[i].address, in->patch[i].length), before[i], in->patch[i].length);
  patchMemory(in, 1);
  return target;
}

/* What both ways back have in common: bases, memory, code page; advances the answer. */
static void finish(struct output *out, const struct input *in) {
  out->fs = readBase(0);
  out->gs = readBase(1);
  writeBase(0, runner.fsMain);
  writeBase(1, runner.gsMain);
  out->unused = 0;
  runner.out = collectMemory(in, out, runner.out + sizeof *out);
  uint32_t at = (uint32_t)in->rip - runner.code;
  for (uint32_t i = 0; i < 24 && at + i < PAGE && !(in->mode & MODE_PROGRAM); i++) runner.codeAlias[at + i] = 0xcc;
  runner.isCollected = 1;
}
static void copyExtended(struct output *out, const uint8_t *source) {
  copy(out->fxsave, source, 512);
  if (runner.haveAvx) copy(out->upper, source + 576, 256); else __builtin_memset(out->upper, 0, 256);
}

/* The instruction ran into the jump behind it: state is in the area, as if trapped by the trap flag. */
static void collectDirect(const struct input *in) {
  struct output *out = (struct output *)runner.out;
  copy(out->gpr, area->gpr, sizeof out->gpr);
  out->rflags = area->rflags;
  out->rip = in->rip + in->length;
  out->signal = 5; out->code = 2; out->address = out->rip; out->trap = 1; out->error = 0; out->cr2 = 0;
  copyExtended(out, area->xsave);
  finish(out, in);
}
static void collectTrapped(const ucontext_t *context, const siginfo_t *info, const struct input *in) {
  struct output *out = (struct output *)runner.out;
  const greg_t *gregs = context->uc_mcontext.gregs;
  for (int i = 0; i < 16; i++) out->gpr[i] = (uint64_t)gregs[gregOf[i]];
  out->rflags = (uint64_t)gregs[REG_EFL];
  out->rip = (uint64_t)gregs[REG_RIP];
  out->signal = (uint32_t)info->si_signo;
  out->code = (uint32_t)info->si_code;
  out->address = (uint64_t)info->si_addr;
  out->trap = (uint32_t)gregs[REG_TRAPNO];
  out->error = (uint32_t)gregs[REG_ERR];
  out->cr2 = (uint64_t)gregs[REG_CR2];
  copyExtended(out, (const uint8_t *)context->uc_mcontext.fpregs);
  finish(out, in);
}

static void handler(int number, siginfo_t *info, void *pointer) {
  /* A tick: only a program that has seen one before, and is itself running, is ended. */
  if (number == SIGALRM) {
    const greg_t *gregs = ((ucontext_t *)pointer)->uc_mcontext.gregs;
    uint64_t offset = (uint64_t)gregs[REG_RIP] - runner.code;
    if (!runner.current || !(runner.current->mode & MODE_PROGRAM) || offset >= PAGE || runner.ticks++ == 0) return;
  }
  __asm__ volatile("pushfq; andl $~0x40000, (%%rsp); popfq" : : : "memory", "cc");
  ucontext_t *context = pointer;
  greg_t *gregs = context->uc_mcontext.gregs;
  if (!runner.current) _exit(4); /* our own fault */
  if (gregs[REG_RIP] == (greg_t)(uintptr_t)leave) {
    /* The breakpoint of `enter`: the extended state is loaded already. */
    for (int i = 0; i < 16; i++) gregs[gregOf[i]] = (greg_t)area->gpr[i];
    gregs[REG_EFL] = (greg_t)(area->rflags | FLAG_TRAP);
    gregs[REG_RIP] = (greg_t)area->rip;
    return;
  }
  collectTrapped(context, info, runner.current);
  gregs[REG_RIP] = (greg_t)(uintptr_t)resume;
  gregs[REG_RSP] = (greg_t)area->ownStack;
  gregs[REG_EFL] = 0x202;
}

static void fail(const char *what) { perror(what); exit(2); }
static int readAll(void *target, size_t bytes) {
  for (size_t done = 0; done < bytes;) {
    ssize_t got = read(0, (char *)target + done, bytes - done);
    if (got <= 0) { if (got == 0 && done == 0) return 0; fail("read"); }
    done += (size_t)got;
  }
  return 1;
}
static void writeAll(const void *source, size_t bytes) {
  for (size_t done = 0; done < bytes;) {
    ssize_t put = write(1, (const char *)source + done, bytes - done);
    if (put <= 0) fail("write");
    done += (size_t)put;
  }
}
static void *mapShared(void *address, size_t bytes, int access, int file, off_t offset, int fixed) {
  void *got = mmap(address, bytes, access, MAP_SHARED | MAP_POPULATE | (fixed ? MAP_FIXED_NOREPLACE : 0), file, offset);
  if (got == MAP_FAILED || (fixed && got != address)) fail("mmap");
  return got;
}

static void setPages(uint32_t count, uint32_t base, uint32_t code) {
  if (count == 0 || count > PAGES_MAX) fail("pages");
  if (runner.pages) {
    munmap((void *)(uintptr_t)runner.base, runner.pages * PAGE);
    munmap((void *)(uintptr_t)runner.code, PAGE);
    munmap(runner.alias, runner.pages * PAGE);
    munmap(runner.codeAlias, PAGE);
    free(runner.expected);
  }
  runner.pages = count; runner.base = base; runner.code = code;
  readAll(runner.access, count * 4);
  int file = memfd_create("guest", 0);
  if (file < 0 || ftruncate(file, (off_t)(count + 1) * PAGE)) fail("memfd");
  runner.alias = mapShared(NULL, count * PAGE, PROT_READ | PROT_WRITE, file, 0, 0);
  runner.codeAlias = mapShared(NULL, PAGE, PROT_READ | PROT_WRITE, file, (off_t)count * PAGE, 0);
  runner.expected = aligned_alloc(64, count * PAGE);
  readAll(runner.alias, count * PAGE);
  memcpy(runner.expected, runner.alias, count * PAGE);
  memset(runner.codeAlias, 0xcc, PAGE);
  for (uint32_t i = 0; i < count; i++) {
    int access = (runner.access[i] & 1 ? PROT_READ : 0) | (runner.access[i] & 2 ? PROT_WRITE : 0);
    if (access) mapShared((void *)(uintptr_t)(base + i * PAGE), PAGE, access, file, (off_t)i * PAGE, 1);
  }
  mapShared((void *)(uintptr_t)code, PAGE, PROT_READ | PROT_EXEC, file, (off_t)count * PAGE, 1);
  close(file);
}

static void runCase(const struct input *in) {
  runner.current = in;
  runner.isCollected = 0;
  runner.ticks = 0;
  prepare(in);
  loadExtended();
  enter();
  if (!runner.isCollected) {
    saveExtended(area->xsave);
    calmExtended();
    collectDirect(in);
  } else calmExtended();
  runner.current = NULL;
}

static void runBatch(uint32_t count) {
  /* Kept from batch to batch: fresh pages cost more than the cases. */
  static struct input *cases;
  static uint8_t *answers;
  static uint32_t room;
  if (count > room) {
    cases = realloc(cases, (size_t)count * sizeof *cases);
    answers = realloc(answers, (size_t)count * (sizeof(struct output) + DIRTY_MAX));
    if (!cases || !answers) fail("realloc");
    room = count;
  }
  readAll(cases, (size_t)count * sizeof *cases);
  runner.out = answers;
  runner.fsMain = readBase(0);
  runner.gsMain = readBase(1);
  for (uint32_t i = 0; i < count; i++) runCase(&cases[i]);
  uint32_t bytes = (uint32_t)(runner.out - answers);
  writeAll(&bytes, 4);
  writeAll(answers, bytes);
}

static void setPrograms(uint32_t count) {
  free(runner.programs);
  runner.programs = malloc((size_t)count * PAGE);
  if (!runner.programs) fail("malloc");
  readAll(runner.programs, (size_t)count * PAGE);
  runner.programCount = count;
}

int main(void) {
  unsigned a, b, c, d;
  runner.haveFsgsbase = (getauxval(AT_HWCAP2) & 2) != 0;
  if (__get_cpuid(1, &a, &b, &c, &d) && (c >> 27 & 1)) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    runner.haveAvx = (low & 6) == 6 && (c >> 28 & 1);
  }
  void *low = mmap((void *)(uintptr_t)AREA, PAGE, PROT_READ | PROT_WRITE,
    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (low != area) fail("mmap");
  stack_t stack = { .ss_sp = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), .ss_size = 1 << 20 };
  if (stack.ss_sp == MAP_FAILED || sigaltstack(&stack, NULL)) fail("sigaltstack");
  struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART };
  sigfillset(&action.sa_mask);
  const int signals[] = { SIGTRAP, SIGSEGV, SIGILL, SIGFPE, SIGBUS, SIGALRM };
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
    if (sigaction(signals[i], &action, NULL)) fail("sigaction");
  struct itimerval tick = { { 0, TICK_MICROSECONDS }, { 0, TICK_MICROSECONDS } };
  if (setitimer(ITIMER_REAL, &tick, NULL)) fail("setitimer");
  uint32_t header[4] = { MAGIC, (uint32_t)(runner.haveFsgsbase | runner.haveAvx << 1), 0, 0 };
  writeAll(header, sizeof header);
  while (readAll(header, sizeof header)) {
    if (header[0] == 1) setPages(header[1], header[2], header[3]);
    else if (header[0] == 2) runBatch(header[1]);
    else if (header[0] == 3) setPrograms(header[1]);
    else return 3;
  }
  return 0;
}
