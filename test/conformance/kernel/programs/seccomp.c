/* seccomp: who may filter, what a filter may be, what it does to calls; each part in a child of its own. */
#include "check.h"
#include <linux/audit.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <ucontext.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define LOAD_AT(k) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, k)
#define RET(value) BPF_STMT(BPF_RET | BPF_K, value)
/* The next instruction runs when A is `value`; else the one behind it. */
#define WHEN(value) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1)

static int filter_flags(unsigned flags, struct sock_filter *code, int count) {
  struct sock_fprog program = {count, code};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}
#define FILTER(...) ({ struct sock_filter code_[] = {__VA_ARGS__}; filter_flags(0, code_, sizeof code_ / sizeof *code_); })
#define FILTER_WITH(flags, ...) ({ struct sock_filter code_[] = {__VA_ARGS__}; filter_flags(flags, code_, sizeof code_ / sizeof *code_); })
#define TRY(name, ...) printf("%s: %s\n", name, FILTER(__VA_ARGS__) == 0 ? "taken" : strerrorname_np(errno))

static void part(const char *name, void (*body)(void)) {
  printf("== %s\n", name);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) { body(); fflush(stdout); _exit(0); }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) printf("killed by %d\n", WTERMSIG(status));
  else printf("exit %d\n", WEXITSTATUS(status));
}

static void permission(void) {
  setresuid(1000, 1000, 1000);
  SHOW(FILTER(RET(SECCOMP_RET_ALLOW)));
  SHOW(prctl(PR_GET_SECCOMP));
  SHOW(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  SHOW(FILTER(RET(SECCOMP_RET_ALLOW)));
  SHOW(prctl(PR_GET_SECCOMP));
  SHOW(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, 0));
  SHOW(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT));
  struct sock_filter all[] = {RET(SECCOMP_RET_ALLOW)};
  struct sock_fprog program = {1, all};
  SHOW(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
  SHOW(prctl(PR_SET_SECCOMP, 0, 0));
  SHOW(prctl(PR_SET_SECCOMP, 7, 0));
}

static void arguments(void) {
  unsigned action;
  SHOW(syscall(SYS_seccomp, 9, 0, 0));
  SHOW(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 1, 0));
  SHOW(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, &action));
  SHOW(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, 0));
  SHOW(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, 8));
  SHOW(FILTER_WITH(0x100, RET(SECCOMP_RET_ALLOW)));
  unsigned known[] = {SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP, SECCOMP_RET_ERRNO,
                      SECCOMP_RET_TRACE, SECCOMP_RET_LOG, SECCOMP_RET_ALLOW, 0x12340000, 1};
  for (int i = 0; i < 9; i++) { action = known[i]; SHOW(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action)); }
  SHOW(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 1, &action));
  SHOW(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, 8));
  struct sock_fprog empty = {0, 0}, nowhere = {1, (void *)8};
  SHOW(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &empty));
  SHOW(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &nowhere));
  struct sock_fprog large = {4097, (void *)8};
  SHOW(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &large));
}

static void programs(void) {
  struct sock_filter allow = RET(SECCOMP_RET_ALLOW);
  TRY("no return", LOAD(nr));
  TRY("return A", LOAD(nr), BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ALLOW), BPF_STMT(BPF_RET | BPF_A, 0));
  TRY("return X", BPF_STMT(BPF_RET | BPF_X, 0));
  TRY("unaligned", LOAD_AT(2), allow);
  TRY("behind the data", LOAD_AT(64), allow);
  TRY("ancillary", LOAD_AT(0xfffff000), allow);
  TRY("last word", LOAD_AT(60), allow);
  TRY("byte", BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), allow);
  TRY("indirect", BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), allow);
  TRY("length", BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), allow);
  TRY("msh", BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), allow);
  TRY("jump out", BPF_STMT(BPF_JMP | BPF_JA, 1), allow);
  TRY("jump in", BPF_STMT(BPF_JMP | BPF_JA, 0), allow);
  TRY("branch out", BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), allow);
  TRY("branch far", BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), allow, allow);
  TRY("divide by 0", BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), allow);
  TRY("modulo", BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3), allow);
  TRY("shift 32", BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), allow);
  TRY("shift 31", BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 31), allow);
  TRY("load before store", BPF_STMT(BPF_LD | BPF_MEM, 3), allow);
  TRY("store and load", BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_LDX | BPF_MEM, 3), allow);
  TRY("store on one path", LOAD(nr), WHEN(0xffff), BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_LD | BPF_MEM, 3), allow);
  TRY("store word 16", BPF_STMT(BPF_ST, 16), allow);
  TRY("unknown code", {0xffff, 0, 0, 0}, allow);
}

/* What a small program makes of a value: the errno of getppid is its low 12 bits. */
static void computes(void) {
#define ERRNO_OF_A BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xfff), BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO), \
    BPF_STMT(BPF_RET | BPF_A, 0)
#define COMPUTE(name, ...) do { \
    fflush(stdout); \
    pid_t child = fork(); \
    if (child == 0) { \
      FILTER(LOAD(nr), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 1, 0), RET(SECCOMP_RET_ALLOW), __VA_ARGS__, ERRNO_OF_A); \
      errno = 0; syscall(SYS_getppid, 0x1234567890, 7, 0xffffffff, 3, 4, 5); \
      printf("%s: %d\n", name, errno); fflush(stdout); _exit(0); \
    } \
    waitpid(child, 0, 0); } while (0)
#define A(op, k) BPF_STMT(BPF_ALU | (op), k)
#define IMM(k) BPF_STMT(BPF_LD | BPF_IMM, k)
#define IMMX(k) BPF_STMT(BPF_LDX | BPF_IMM, k)
  COMPUTE("argument low", LOAD_AT(16));
  COMPUTE("argument high", LOAD_AT(20));
  COMPUTE("argument 5", LOAD_AT(56));
  COMPUTE("add", IMM(0xfffffff0), A(BPF_ADD, 0x20));
  COMPUTE("sub", IMM(5), A(BPF_SUB, 7));
  COMPUTE("mul", IMM(0x12345678), A(BPF_MUL, 0x87654321));
  COMPUTE("div", IMM(0xfffffffe), A(BPF_DIV, 1000000));
  COMPUTE("and", IMM(0xf0f), A(BPF_AND, 0x3c3));
  COMPUTE("or", IMM(0x101), A(BPF_OR, 0x22));
  COMPUTE("xor", IMM(0xff), A(BPF_XOR, 0x55));
  COMPUTE("lsh", IMM(3), A(BPF_LSH, 31), A(BPF_RSH, 28));
  COMPUTE("neg", IMM(3), BPF_STMT(BPF_ALU | BPF_NEG, 0));
  COMPUTE("x", IMM(9), IMMX(4), BPF_STMT(BPF_ALU | BPF_MUL | BPF_X, 0));
  COMPUTE("shift by x over 31", IMM(9), IMMX(33), BPF_STMT(BPF_ALU | BPF_LSH | BPF_X, 0));
  COMPUTE("tax txa", IMM(21), BPF_STMT(BPF_MISC | BPF_TAX, 0), IMM(1), BPF_STMT(BPF_MISC | BPF_TXA, 0));
  COMPUTE("memory", IMM(77), BPF_STMT(BPF_ST, 15), IMM(1), BPF_STMT(BPF_LD | BPF_MEM, 15));
  COMPUTE("len", BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0));
  COMPUTE("arch", LOAD(arch), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 1), IMM(42));
  COMPUTE("jgt", LOAD_AT(32), BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 0x7fffffff, 0, 1), IMM(11));
  COMPUTE("jset", IMM(6), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 2, 0, 1), IMM(12));
  COMPUTE("jge x", IMM(6), IMMX(6), BPF_JUMP(BPF_JMP | BPF_JGE | BPF_X, 0, 0, 1), IMM(13));
  COMPUTE("ja", IMM(14), BPF_STMT(BPF_JMP | BPF_JA, 1), IMM(15), A(BPF_ADD, 1));
}
static void divides_by_zero(void) {
  FILTER(LOAD(nr), WHEN(SYS_getppid), BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), RET(SECCOMP_RET_ALLOW));
  getppid();
  printf("not here\n");
}

static void errnos(void) {
  SHOW(FILTER(LOAD(nr), WHEN(SYS_getppid), RET(SECCOMP_RET_ERRNO | ENOTNAM), WHEN(SYS_getuid), RET(SECCOMP_RET_ERRNO | 0xffff),
              WHEN(SYS_getgid), RET(SECCOMP_RET_ERRNO), WHEN(SYS_geteuid), RET(SECCOMP_RET_TRACE | 5),
              WHEN(SYS_getegid), RET(SECCOMP_RET_LOG), WHEN(999), RET(SECCOMP_RET_ERRNO | EXFULL),
              RET(SECCOMP_RET_ALLOW)));
  SHOW(syscall(SYS_getppid));
  long answer; /* Not an error to the C library: numbers are up to 4095. */
  asm volatile("syscall" : "=a"(answer) : "0"(SYS_getuid) : "rcx", "r11", "memory");
  printf("largest: %ld\n", answer);
  SHOW(syscall(SYS_getgid));
  SHOW(syscall(SYS_geteuid));
  SHOW(syscall(SYS_getegid));
  SHOW(syscall(999));
  SHOW(syscall(998));
}

static void precedence(void) {
  SHOW(FILTER(LOAD(nr), WHEN(SYS_getppid), RET(SECCOMP_RET_ERRNO | 5), RET(SECCOMP_RET_ALLOW)));
  SHOW(FILTER(LOAD(nr), WHEN(SYS_getppid), RET(SECCOMP_RET_ERRNO | 6), WHEN(SYS_getuid), RET(SECCOMP_RET_LOG), RET(SECCOMP_RET_ALLOW)));
  SHOW(syscall(SYS_getppid));
  SHOW(FILTER(LOAD(nr), WHEN(SYS_getppid), RET(SECCOMP_RET_TRACE), WHEN(SYS_getuid), RET(SECCOMP_RET_ERRNO | 9), RET(SECCOMP_RET_ALLOW)));
  SHOW(syscall(SYS_getppid));
  SHOW(syscall(SYS_getuid));
  SHOW(FILTER(LOAD(nr), WHEN(SYS_getppid), RET(SECCOMP_RET_KILL_THREAD), RET(SECCOMP_RET_ALLOW)));
  fflush(stdout);
  if (fork() == 0) { syscall(SYS_getppid); _exit(9); }
  int status;
  wait(&status);
  printf("status %x\n", status & 0x7f);
}

static void on_sys(int signal, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  printf("signal %d code %d errno %d syscall %d arch %x here %d rax %lld\n", signal, info->si_code, info->si_errno,
         info->si_syscall, info->si_arch, (long long)info->si_call_addr == uc->uc_mcontext.gregs[REG_RIP],
         uc->uc_mcontext.gregs[REG_RAX]);
  uc->uc_mcontext.gregs[REG_RAX] = 1234;
}
static void traps(void) {
  struct sigaction action = {.sa_sigaction = on_sys, .sa_flags = SA_SIGINFO};
  sigaction(SIGSYS, &action, 0);
  SHOW(FILTER(LOAD(nr), WHEN(SYS_getppid), RET(SECCOMP_RET_TRAP | 77), RET(SECCOMP_RET_ALLOW)));
  SHOW(syscall(SYS_getppid));
  fflush(stdout);
  if (fork() == 0) { signal(SIGSYS, SIG_IGN); getppid(); _exit(9); }
  int status;
  wait(&status);
  printf("ignored: %x\n", status & 0x7f);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGSYS);
  sigprocmask(SIG_BLOCK, &set, 0);
  getppid();
  printf("not here\n");
}

static void kill_process(void) {
  FILTER(LOAD(nr), WHEN(SYS_getppid), RET(SECCOMP_RET_KILL_PROCESS), RET(SECCOMP_RET_ALLOW));
  getppid();
}
static void unknown_action(void) {
  FILTER(LOAD(nr), WHEN(SYS_getppid), RET(0x00010000), RET(SECCOMP_RET_ALLOW));
  getppid();
}

static volatile int stage;
static void nap(void) { struct timespec t = {0, 1000000}; nanosleep(&t, 0); }
static void *killed_thread(void *arg) {
  FILTER(LOAD(nr), WHEN(SYS_getppid), RET(SECCOMP_RET_KILL_THREAD), RET(SECCOMP_RET_ALLOW));
  stage = 1;
  getppid();
  stage = 2;
  return 0;
}
static void kill_thread(void) {
  pthread_t thread;
  pthread_create(&thread, 0, killed_thread, 0);
  while (stage == 0) nap();
  for (int i = 0; i < 20; i++) nap();
  printf("stage %d, mode here %d\n", stage, prctl(PR_GET_SECCOMP));
  fflush(stdout);
  _exit(5);
}

static volatile int thread_mode = -1, thread_errno, thread_tid;
static void *waiting_thread(void *arg) {
  thread_tid = gettid();
  if (arg) FILTER(RET(SECCOMP_RET_ALLOW));
  stage = 1;
  while (stage == 1) nap();
  thread_mode = prctl(PR_GET_SECCOMP);
  errno = 0;
  syscall(SYS_getppid);
  thread_errno = errno;
  stage = 3;
  for (;;) nap();
}
static void synchronised(int diverges) {
  pthread_t thread;
  stage = 0;
  pthread_create(&thread, 0, waiting_thread, diverges ? &thread : 0);
  while (stage == 0) nap();
  if (diverges) {
    long r = FILTER_WITH(SECCOMP_FILTER_FLAG_TSYNC, RET(SECCOMP_RET_ALLOW));
    printf("names the thread %d\n", r == thread_tid);
    SHOW(FILTER_WITH(SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH, RET(SECCOMP_RET_ALLOW)));
    SHOW(prctl(PR_GET_SECCOMP));
  } else {
    SHOW(FILTER_WITH(SECCOMP_FILTER_FLAG_TSYNC, LOAD(nr), WHEN(SYS_getppid), RET(SECCOMP_RET_ERRNO | 33), RET(SECCOMP_RET_ALLOW)));
  }
  stage = 2;
  while (stage == 2) nap();
  printf("thread: mode %d errno %d\n", thread_mode, thread_errno);
  fflush(stdout);
  _exit(0);
}
static void tsync(void) { synchronised(0); }
static void tsync_apart(void) { synchronised(1); }

static void inherits(void) {
  SHOW(FILTER(LOAD(nr), WHEN(SYS_getppid), RET(SECCOMP_RET_ERRNO | 44), RET(SECCOMP_RET_ALLOW)));
  fflush(stdout);
  if (fork() == 0) execl("/program", "program", "inherited", (char *)0);
  wait(0);
}

static void strict(void) {
  SHOW(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT));
  fflush(stdout);
  write(1, "writes\n", 7);
  syscall(SYS_exit, 3);
}
static void strict_killed(void) {
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
  write(1, "writes\n", 7);
  getppid();
  write(1, "not here\n", 9);
}
static void too_long(void) {
  struct sock_filter code[4096];
  for (int i = 0; i < 4096; i++) code[i] = (struct sock_filter)RET(SECCOMP_RET_ALLOW);
  int taken = 0;
  while (filter_flags(0, code, 4096) == 0) taken++;
  printf("taken %d, then %s\n", taken, strerrorname_np(errno));
}

int main(int argc, char **argv) {
  if (argc > 1) {
    errno = 0;
    syscall(SYS_getppid);
    printf("after exec: errno %d mode %d\n", errno, prctl(PR_GET_SECCOMP));
    return 0;
  }
  setvbuf(stdout, 0, _IOFBF, 1 << 16);
  part("permission", permission);
  part("arguments", arguments);
  part("programs", programs);
  part("computes", computes);
  part("divides by zero", divides_by_zero);
  part("errnos", errnos);
  part("precedence", precedence);
  part("traps", traps);
  part("kill process", kill_process);
  part("unknown action", unknown_action);
  part("kill thread", kill_thread);
  part("tsync", tsync);
  part("tsync with a thread apart", tsync_apart);
  part("inherits", inherits);
  part("strict", strict);
  part("strict, killed", strict_killed);
  part("too long", too_long);
  return 0;
}
