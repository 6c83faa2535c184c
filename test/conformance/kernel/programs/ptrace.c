// ptrace(2): attaching in every way, stops and their statuses, registers, memory, events, and what is refused.
#include "check.h"
#include <elf.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#define ptrace_syscall_info __ptrace_syscall_info
#define PTRACE_PEEKUSER 3
#define SI_KERNEL_CODE 0x80

static long trace(int request, pid_t pid, void *address, void *data) { return syscall(SYS_ptrace, request, pid, address, data); }

/* A wait status in words. */
static int told(const char *what, pid_t got, int status) {
  printf("%s: ", what);
  if (got < 0) printf("%s\n", strerrorname_np(errno));
  else if (WIFEXITED(status)) printf("exited %d\n", WEXITSTATUS(status));
  else if (WIFSIGNALED(status)) printf("killed by %s\n", sigabbrev_np(WTERMSIG(status)));
  else if (WIFSTOPPED(status)) printf("stopped by %s%s event %d\n", sigabbrev_np(WSTOPSIG(status) & 0x7f), WSTOPSIG(status) & 0x80 ? "|0x80" : "", status >> 16);
  else printf("status %x\n", status);
  return status;
}
static int await(const char *what, pid_t pid) {
  int status = 0;
  pid_t got = waitpid(pid, &status, __WALL);
  return told(what, got, status);
}
static void proc(pid_t pid) {
  char path[64], line[200];
  sprintf(path, "/proc/%d/status", pid);
  FILE *f = fopen(path, "r");
  while (f && fgets(line, sizeof line, f)) {
    if (!strncmp(line, "State:", 6)) printf("  %s", line);
    if (!strncmp(line, "TracerPid:", 10)) printf("  TracerPid: %s\n", atoi(line + 10) == getpid() ? "me" : atoi(line + 10) ? "other" : "none");
  }
  if (f) fclose(f);
}

static volatile long cell = 0x1122334455667788;

static pid_t child(void (*body)(void)) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    trace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    body();
    fflush(stdout);
    _exit(7);
  }
  await("  born", pid);
  return pid;
}

static void calls(void) {
  syscall(SYS_getppid);
  syscall(SYS_close, -1);
  syscall(SYS_getuid);
}
static void test_calls(void) {
  puts("-- system calls");
  pid_t pid = child(calls);
  SHOW(trace(PTRACE_SETOPTIONS, pid, 0, (void *)(1L << 30)));
  SHOW(trace(PTRACE_SETOPTIONS, pid, 0, (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)));
  proc(pid);
  for (int i = 0; i < 20; i++) {
    trace(PTRACE_SYSCALL, pid, 0, 0);
    int status;
    waitpid(pid, &status, __WALL);
    if (!WIFSTOPPED(status)) { told("end", pid, status); break; }
    struct user_regs_struct regs;
    trace(PTRACE_GETREGS, pid, 0, &regs);
    struct ptrace_syscall_info info = {0};
    long size = trace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof info, &info);
    if (regs.orig_rax == SYS_rt_sigprocmask || regs.orig_rax == SYS_gettid || regs.orig_rax == SYS_getpid || regs.orig_rax == SYS_tgkill) continue;
    printf("stop %x op %d size %ld call %lld rax %lld", WSTOPSIG(status), info.op, size, (long long)regs.orig_rax, regs.orig_rax == SYS_getppid && info.op == 2 ? 0 : (long long)regs.rax);
    if (info.op == 1) printf(" nr %lld first %lld", (long long)info.entry.nr, regs.orig_rax == SYS_close ? (long long)(int)info.entry.args[0] : 0LL);
    if (info.op == 2 && regs.orig_rax != SYS_getppid) printf(" value %lld error %d", (long long)info.exit.rval, info.exit.is_error);
    puts("");
    siginfo_t si;
    if (i == 0) { trace(PTRACE_GETSIGINFO, pid, 0, &si); printf("si_signo %d si_code %x\n", si.si_signo, si.si_code); }
    /* getuid becomes getpid of nobody: no call at all, and another answer. */
    if (info.op == 1 && info.entry.nr == SYS_getuid) { regs.orig_rax = -1; trace(PTRACE_SETREGS, pid, 0, &regs); }
    if (info.op == 2 && regs.rax == -38 && (long)regs.orig_rax == -1) puts("no call was made");
  }
}

static int handled;
static void on_usr1(int signal) { handled = signal; }
static void signals(void) {
  signal(SIGUSR1, on_usr1);
  signal(SIGUSR2, SIG_IGN);
  raise(SIGUSR1);
  printf("  handled %d\n", handled), fflush(stdout);
  handled = 0;
  raise(SIGUSR1);
  printf("  handled %d\n", handled), fflush(stdout);
  raise(SIGUSR2);
  raise(SIGTERM);
}
static void test_signals(void) {
  puts("-- signals");
  pid_t pid = child(signals);
  siginfo_t si;
  trace(PTRACE_CONT, pid, 0, 0);
  await("first", pid);
  SHOW(trace(PTRACE_GETSIGINFO, pid, 0, &si));
  printf("signo %d code %d from itself %d\n", si.si_signo, si.si_code, si.si_pid == pid);
  trace(PTRACE_CONT, pid, 0, (void *)SIGUSR1);
  await("second", pid);
  trace(PTRACE_CONT, pid, 0, 0);
  await("ignored", pid);
  unsigned long mask = 0;
  SHOW(trace(PTRACE_GETSIGMASK, pid, (void *)8, &mask));
  SHOW(trace(PTRACE_GETSIGMASK, pid, (void *)4, &mask));
  trace(PTRACE_CONT, pid, 0, (void *)SIGUSR2);
  await("deadly", pid);
  SHOW(trace(PTRACE_CONT, pid, 0, (void *)99));
  trace(PTRACE_CONT, pid, 0, (void *)SIGTERM);
  await("end", pid);
}

static void memory(void) {
  raise(SIGUSR1);
  printf("  cell %lx\n", cell), fflush(stdout);
  asm volatile("int3");
  asm volatile("nop");
  *(volatile int *)8 = 1;
}
static void test_memory(void) {
  puts("-- memory and registers");
  pid_t pid = child(memory);
  trace(PTRACE_CONT, pid, 0, 0);
  await("at", pid);
  long word = 0;
  SHOW(trace(PTRACE_PEEKDATA, pid, (void *)&cell, &word));
  printf("word %lx\n", word);
  SHOW(trace(PTRACE_PEEKDATA, pid, (void *)8, &word));
  SHOW(trace(PTRACE_POKEDATA, pid, (void *)&cell, (void *)0x8877665544332211));
  SHOW(trace(PTRACE_PEEKUSER, pid, (void *)offsetof(struct user, regs.cs), &word));
  printf("cs %lx\n", word);
  SHOW(trace(PTRACE_PEEKUSER, pid, (void *)offsetof(struct user, u_debugreg[7]), &word));
  SHOW(trace(PTRACE_PEEKUSER, pid, (void *)3, &word));
  SHOW(trace(PTRACE_PEEKUSER, pid, (void *)100000, &word));
  struct user_regs_struct regs;
  struct iovec vector = {&regs, sizeof regs};
  SHOW(trace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &vector));
  printf("size %zu, same stack pointer %d\n", vector.iov_len, regs.rsp > 0x1000);
  vector.iov_len = 16;
  SHOW(trace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &vector));
  SHOW(trace(PTRACE_GETREGSET, pid, (void *)0x999, &vector));
  struct user_fpregs_struct fp;
  SHOW(trace(PTRACE_GETFPREGS, pid, 0, &fp));
  printf("mxcsr %x cwd %x\n", fp.mxcsr, fp.cwd);
  trace(PTRACE_CONT, pid, 0, 0);
  await("breakpoint", pid);
  siginfo_t si;
  trace(PTRACE_GETSIGINFO, pid, 0, &si);
  printf("code %x\n", si.si_code);
  trace(PTRACE_GETREGS, pid, 0, &regs);
  unsigned long ip = regs.rip;
  trace(PTRACE_SINGLESTEP, pid, 0, 0);
  await("step", pid);
  trace(PTRACE_GETSIGINFO, pid, 0, &si);
  trace(PTRACE_GETREGS, pid, 0, &regs);
  printf("one byte on: %d, code %d\n", regs.rip == ip + 1, si.si_code);
  trace(PTRACE_CONT, pid, 0, 0);
  await("fault", pid);
  trace(PTRACE_GETSIGINFO, pid, 0, &si);
  printf("code %d at %p\n", si.si_code, si.si_addr);
  trace(PTRACE_CONT, pid, 0, (void *)SIGSEGV);
  await("end", pid);
}

static void steps(void) {
  long count;
  asm volatile("mov $0, %%rax\n mov $3, %%rcx\n 1: add %%rcx, %%rax\n cmp $1, %%rcx\n dec %%rcx\n jnz 1b\n push %%rax\n pop %%rbx\n int3" : : : "rax", "rbx", "rcx");
}
static void test_steps(void) {
  puts("-- single steps");
  pid_t pid = child(memory);
  trace(PTRACE_KILL, pid, 0, 0);
  await("killed", pid);
  fflush(stdout);
  pid = fork();
  if (pid == 0) {
    trace(PTRACE_TRACEME, 0, 0, 0);
    asm volatile("int3");
    steps();
    _exit(0);
  }
  await("at", pid);
  int count = 0, loops = 0;
  struct user_regs_struct regs = {0};
  for (; count < 100; count++) {
    trace(PTRACE_SINGLESTEP, pid, 0, 0);
    int status;
    waitpid(pid, &status, 0);
    unsigned long last = regs.rip;
    trace(PTRACE_GETREGS, pid, 0, &regs);
    if (regs.rip < last && last - regs.rip < 32) loops++;
    siginfo_t si;
    trace(PTRACE_GETSIGINFO, pid, 0, &si);
    if (si.si_code == SI_KERNEL) break;
  }
  printf("steps %d, back %d, rax %lld rbx %lld rcx %lld\n", count, loops, regs.rax, regs.rbx, regs.rcx);
  trace(PTRACE_KILL, pid, 0, 0);
  await("end", pid);
}

static void *thread(void *arg) { return arg; }
static void family(void) {
  pid_t pid = fork();
  if (pid == 0) _exit(3);
  waitpid(pid, 0, 0);
  if ((pid = vfork()) == 0) _exit(4);
  waitpid(pid, 0, 0);
  execl("/proc/self/exe", "program", "exit", (char *)0);
  execl("/program", "program", "exit", (char *)0);
}
static void test_family(void) {
  puts("-- fork, vfork, exec, exit");
  pid_t pid = child(family), own[8] = {pid};
  int count = 1;
  trace(PTRACE_SETOPTIONS, pid, 0, (void *)(PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEVFORKDONE | PTRACE_O_TRACEEXIT));
  trace(PTRACE_CONT, pid, 0, 0);
  /* The order between tracees is nobody's: what is told is sorted by who. */
  char log[8][1000] = {{0}};
  for (;;) {
    int status;
    pid_t got = waitpid(-1, &status, __WALL);
    if (got < 0) break;
    int who = 0;
    while (who < count && own[who] != got) who++;
    if (who == count) own[count++] = got;
    char *end = log[who] + strlen(log[who]);
    if (WIFSTOPPED(status)) {
      unsigned long message = 0;
      sprintf(end, " %s/%d", sigabbrev_np(WSTOPSIG(status)), status >> 16);
      if (status >> 16) {
        trace(PTRACE_GETEVENTMSG, got, 0, &message);
        if (status >> 16 == PTRACE_EVENT_EXIT) sprintf(end + strlen(end), "(%lx)", message);
        else if (status >> 16 <= PTRACE_EVENT_CLONE) {
          int known = 0;
          for (int i = 0; i < count; i++) known |= own[i] == (pid_t)message;
          if (!known) own[count++] = message;
        }
      }
      int signal = status >> 16 || WSTOPSIG(status) == SIGSTOP || WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
      trace(PTRACE_CONT, got, 0, (void *)(long)signal);
    } else if (WIFEXITED(status)) sprintf(end, " exited %d", WEXITSTATUS(status));
    else sprintf(end, " killed %d", WTERMSIG(status));
  }
  for (int i = 0; i < count; i++) printf("task %d:%s\n", i, log[i]);
}

static void test_attach(void) {
  puts("-- attach, seize");
  int pipes[2];
  pipe(pipes);
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    char byte;
    long got = read(pipes[0], &byte, 1);
    _exit(got == 1 ? byte : 99);
  }
  usleep(50000);
  SHOW(trace(PTRACE_ATTACH, getpid(), 0, 0));
  SHOW(trace(PTRACE_ATTACH, 999999, 0, 0));
  SHOW(trace(PTRACE_CONT, pid, 0, 0));
  SHOW(trace(PTRACE_ATTACH, pid, 0, 0));
  SHOW(trace(PTRACE_ATTACH, pid, 0, 0));
  await("attached", pid);
  struct user_regs_struct regs;
  trace(PTRACE_GETREGS, pid, 0, &regs);
  printf("call %lld rax %lld\n", (long long)regs.orig_rax, (long long)regs.rax);
  SHOW(trace(PTRACE_INTERRUPT, pid, 0, 0));
  SHOW(trace(PTRACE_DETACH, pid, 0, 0));
  SHOW(trace(PTRACE_SEIZE, pid, (void *)1, 0));
  SHOW(trace(PTRACE_SEIZE, pid, 0, (void *)PTRACE_O_TRACESYSGOOD));
  SHOW(trace(PTRACE_GETREGS, pid, 0, &regs));
  SHOW(trace(PTRACE_INTERRUPT, pid, 0, 0));
  await("interrupted", pid);
  trace(PTRACE_SYSCALL, pid, 0, 0);
  await("again", pid);
  trace(PTRACE_CONT, pid, 0, 0);
  kill(pid, SIGSTOP);
  await("signal", pid);
  trace(PTRACE_CONT, pid, 0, (void *)SIGSTOP);
  await("group", pid);
  siginfo_t si;
  SHOW(trace(PTRACE_LISTEN, pid, 0, 0));
  SHOW(trace(PTRACE_CONT, pid, 0, 0));
  kill(pid, SIGCONT);
  await("continued", pid);
  trace(PTRACE_CONT, pid, 0, 0);
  await("its signal", pid);
  trace(PTRACE_CONT, pid, 0, (void *)SIGCONT);
  usleep(50000);
  proc(pid);
  write(pipes[1], "*", 1);
  await("end", pid);
}

int main(int argc, char **argv) {
  if (argc > 1 && !strcmp(argv[1], "exit")) return 5;
  setvbuf(stdout, NULL, _IONBF, 0);
  mkdir("/proc", 0755);
  mount("proc", "/proc", "proc", 0, 0);
  test_calls();
  test_signals();
  test_memory();
  test_steps();
  test_family();
  test_attach();
  return 0;
}
