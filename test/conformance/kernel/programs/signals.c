/* Signals: handlers, masks, siginfo, ucontext, stacks, queues, restarts. Runs in a child: init is different. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define SAY(call) do { errno = 0; long r_ = (long)(call); printf("%s = %ld %s\n", #call, r_, r_ < 0 ? strerrorname_np(errno) : ""); } while (0)

static volatile sig_atomic_t count;
static volatile siginfo_t last;
static char order[256];

static void on_info(int signal, siginfo_t *info, void *context) {
  count++;
  memcpy((void *)&last, info, sizeof *info);
  size_t n = strlen(order);
  snprintf(order + n, sizeof order - n, "%d:%d ", signal, info->si_value.sival_int);
}
static void on_plain(int signal) { count++; }

static void set(int signal, void (*handler)(int, siginfo_t *, void *), int flags) {
  struct sigaction action = {0};
  action.sa_sigaction = handler;
  action.sa_flags = flags | SA_SIGINFO;
  sigaction(signal, &action, 0);
}

static void show_last(const char *what) {
  printf("%s: signo %d code %d errno %d self %d uid %d value %d\n", what, last.si_signo, last.si_code, last.si_errno,
         last.si_pid == getpid(), last.si_uid, last.si_value.sival_int);
}

static void senders(void) {
  set(SIGUSR1, on_info, 0);
  kill(getpid(), SIGUSR1); show_last("kill");
  raise(SIGUSR1); show_last("raise");
  sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 42}); show_last("sigqueue");
  syscall(SYS_tkill, gettid(), SIGUSR1); show_last("tkill");
  SAY(kill(getpid(), 65));
  SAY(kill(getpid(), -1));
  SAY(kill(getpid(), 0));
  SAY(kill(999999, 0));
  SAY(kill(-999999, SIGTERM));
  SAY(syscall(SYS_tgkill, getpid(), 0, SIGUSR1));
  SAY(syscall(SYS_tgkill, 999, gettid(), SIGUSR1));
  siginfo_t info = {0};
  info.si_code = SI_USER;
  SAY(syscall(SYS_rt_sigqueueinfo, getppid(), SIGUSR1, &info));
  info.si_code = SI_TKILL;
  SAY(syscall(SYS_rt_sigqueueinfo, getppid(), SIGUSR1, &info));
}

static void actions(void) {
  struct sigaction old;
  SAY(sigaction(SIGKILL, 0, &old));
  SAY(sigaction(SIGKILL, &old, 0));
  SAY(sigaction(SIGSTOP, &old, 0));
  SAY(sigaction(0, 0, &old));
  SAY(sigaction(65, 0, &old));
  set(SIGUSR2, on_info, SA_RESETHAND);
  count = 0;
  raise(SIGUSR2);
  sigaction(SIGUSR2, 0, &old);
  printf("resethand: %d, default now %d\n", count, old.sa_handler == SIG_DFL);
}

static void queue_order(void) {
  sigset_t set_, pending;
  sigfillset(&set_);
  sigprocmask(SIG_BLOCK, &set_, 0);
  for (int s = SIGRTMIN; s < SIGRTMIN + 3; s++) set(s, on_info, 0);
  set(SIGUSR1, on_info, 0); set(SIGUSR2, on_info, 0);
  order[0] = 0;
  for (int i = 0; i < 3; i++) {
    sigqueue(getpid(), SIGRTMIN + 2, (union sigval){.sival_int = i});
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 10 + i});
    sigqueue(getpid(), SIGUSR2, (union sigval){.sival_int = 20 + i});
    sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 30 + i});
  }
  sigpending(&pending);
  printf("pending %d %d %d %d %d\n", sigismember(&pending, SIGUSR1), sigismember(&pending, SIGUSR2),
         sigismember(&pending, SIGRTMIN), sigismember(&pending, SIGRTMIN + 1), sigismember(&pending, SIGRTMIN + 2));
  sigset_t one; sigemptyset(&one); sigaddset(&one, SIGRTMIN);
  siginfo_t info;
  SAY(sigwaitinfo(&one, &info) == SIGRTMIN ? info.si_value.sival_int : -1);
  struct timespec zero = {0, 0}, little = {0, 20000000};
  sigset_t none; sigemptyset(&none); sigaddset(&none, SIGWINCH);
  SAY(sigtimedwait(&none, &info, &zero));
  SAY(sigtimedwait(&none, &info, &little));
  sigemptyset(&set_);
  sigprocmask(SIG_SETMASK, &set_, 0);
  /* Later frames run first: the order is of the handlers' starts. */
  printf("order %s\n", order);
}

static int depth, deepest, runs;
static void nested(int signal) {
  depth++;
  if (depth > deepest) deepest = depth;
  if (runs++ < 2) raise(signal);
  depth--;
}
static void nesting(void) {
  struct sigaction action = {0};
  action.sa_handler = nested;
  sigaction(SIGUSR1, &action, 0);
  deepest = runs = 0; raise(SIGUSR1);
  printf("masked nesting %d\n", deepest);
  action.sa_flags = SA_NODEFER;
  sigaction(SIGUSR1, &action, 0);
  deepest = runs = 0; raise(SIGUSR1);
  printf("nodefer nesting %d\n", deepest);
}

static char *expected_fault;
static void on_segv(int signal, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  printf("segv code %d addr %d trapno %lld err %lld cr2 %d\n", info->si_code, info->si_addr == expected_fault,
         uc->uc_mcontext.gregs[REG_TRAPNO], uc->uc_mcontext.gregs[REG_ERR],
         (char *)uc->uc_mcontext.gregs[REG_CR2] == expected_fault);
  uc->uc_mcontext.gregs[REG_RIP] += 3; /* movq (%rax),%rbx or movb %cl,(%rax) with nop */
  uc->uc_mcontext.gregs[REG_RBX] = 77;
}
static void faults(void) {
  set(SIGSEGV, on_segv, 0);
  long out = 0;
  expected_fault = (char *)0x1230;
  asm volatile("xor %%eax,%%eax; mov $0x1230,%%ax; movq (%%rax),%%rbx; movq %%rbx,%0" : "=r"(out) : : "rax", "rbx", "memory");
  printf("after: rbx %ld\n", out);
  char *page = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct sigaction old;
  (void)*(volatile char *)page;
  expected_fault = page;
  asm volatile("movq %1,%%rax; xor %%ecx,%%ecx; movq %%rcx,(%%rax); movq %%rbx,%0" : "=r"(out) : "r"(page) : "rax", "rbx", "rcx", "memory");
  printf("read-only page: %ld\n", out);
}
static sigjmp_buf jump;
static void on_jump(int signal, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  printf("signal %d code %d err %lld trapno %lld at rip %d\n", signal, info->si_code, uc->uc_mcontext.gregs[REG_ERR],
         uc->uc_mcontext.gregs[REG_TRAPNO], (void *)uc->uc_mcontext.gregs[REG_RIP] == info->si_addr);
  siglongjmp(jump, signal);
}
static void jumps(void) {
  int all[] = {SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGBUS};
  for (int i = 0; i < 5; i++) set(all[i], on_jump, 0);
  if (sigsetjmp(jump, 1) == 0) *(volatile int *)8 = 1;
  if (sigsetjmp(jump, 1) == 0) asm volatile("xor %%ecx,%%ecx; mov $1,%%eax; cltd; idivl %%ecx" : : : "eax", "ecx", "edx");
  if (sigsetjmp(jump, 1) == 0) asm volatile("ud2");
  if (sigsetjmp(jump, 1) == 0) asm volatile("int3");
  if (sigsetjmp(jump, 1) == 0) asm volatile("hlt");
  if (sigsetjmp(jump, 1) == 0) asm volatile("mov $0x1234567890abcdef,%%rax; mov (%%rax),%%rax" : : : "rax");
  sigset_t now;
  sigprocmask(SIG_BLOCK, 0, &now);
  printf("mask is restored: %d\n", sigismember(&now, SIGSEGV));
}

static char altstack[16384] __attribute__((aligned(16)));
static void on_alt(int signal) {
  char here;
  stack_t now, other = {.ss_sp = altstack, .ss_size = 8192};
  sigaltstack(0, &now);
  printf("on altstack %d flags %d\n", &here >= altstack && &here < altstack + sizeof altstack, now.ss_flags);
  SAY(sigaltstack(&other, 0));
}
static void stacks(void) {
  stack_t stack = {.ss_sp = altstack, .ss_size = 1024}, old;
  SAY(sigaltstack(0, &old));
  printf("old flags %d size %zu\n", old.ss_flags, old.ss_size);
  SAY(sigaltstack(&stack, 0));
  stack.ss_size = sizeof altstack;
  stack.ss_flags = 16;
  SAY(sigaltstack(&stack, 0));
  stack.ss_flags = 0;
  SAY(sigaltstack(&stack, &old));
  struct sigaction action = {0};
  action.sa_handler = on_alt;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGUSR1, &action, 0);
  raise(SIGUSR1);
  action.sa_flags = 0;
  sigaction(SIGUSR1, &action, 0);
  raise(SIGUSR1);
  sigaltstack(0, &old);
  printf("after: flags %d size %zu\n", old.ss_flags, old.ss_size);
  stack.ss_flags = SS_DISABLE;
  SAY(sigaltstack(&stack, 0));
  sigaltstack(0, &old);
  printf("disabled: flags %d\n", old.ss_flags);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) { /* overflow of the stack without an alternate one ends the process */
    signal(SIGSEGV, SIG_DFL);
    struct rlimit limit = {65536, 65536};
    setrlimit(RLIMIT_STACK, &limit);
    volatile char deep[1];
    char *sp = (char *)deep;
    for (;;) { sp -= 4096; *(volatile char *)sp = 1; }
  }
  int status;
  waitpid(child, &status, 0);
  printf("overflow: signalled %d by %d\n", WIFSIGNALED(status), WTERMSIG(status));
}

/* Restart rules: a helper thread interrupts blocking calls of the main thread. */
static pthread_t main_thread;
static void *poker(void *arg) {
  struct timespec t = {0, 30000000};
  nanosleep(&t, 0);
  pthread_kill(main_thread, SIGUSR1);
  nanosleep(&t, 0);
  if (arg) { char c = 'x'; write(*(int *)arg, &c, 1); }
  return 0;
}
static void restarts(void) {
  main_thread = pthread_self();
  for (int restart = 0; restart < 2; restart++) {
    struct sigaction action = {0};
    action.sa_handler = on_plain;
    action.sa_flags = restart ? SA_RESTART : 0;
    sigaction(SIGUSR1, &action, 0);
    printf("SA_RESTART %d\n", restart);
    int pipe_[2];
    pipe(pipe_);
    char byte;
    pthread_t thread;
#define POKED(call, fd) do { count = 0; pthread_create(&thread, 0, poker, fd); errno = 0; long r_ = call; int e_ = errno; pthread_join(thread, 0); \
    printf("%s = %ld %s handler %d\n", #call, r_, r_ < 0 ? strerrorname_np(e_) : "", count); } while (0)
    POKED(read(pipe_[0], &byte, 1), &pipe_[1]);
    if (!restart) read(pipe_[0], &byte, 1);
    struct pollfd polled = {.fd = pipe_[0], .events = POLLIN};
    POKED(poll(&polled, 1, 500), &pipe_[1]);
    read(pipe_[0], &byte, 1);
    fd_set set_;
    FD_ZERO(&set_); FD_SET(pipe_[0], &set_);
    POKED(select(pipe_[0] + 1, &set_, 0, 0, 0), &pipe_[1]);
    read(pipe_[0], &byte, 1);
    struct timespec sleep_ = {0, 100000000}, left = {9, 9};
    POKED(nanosleep(&sleep_, &left), 0);
    printf("left %d\n", left.tv_sec == 0 && left.tv_nsec > 10000000 && left.tv_nsec < 90000000);
    POKED(clock_nanosleep(CLOCK_MONOTONIC, 0, &sleep_, &left), 0);
    POKED(pause(), 0);
    sigset_t none; sigemptyset(&none);
    POKED(sigsuspend(&none), 0);
    sigset_t usr2; sigemptyset(&usr2); sigaddset(&usr2, SIGUSR2);
    POKED(sigwaitinfo(&usr2, 0), 0);
    pid_t child = fork();
    if (child == 0) { struct timespec t = {0, 120000000}; nanosleep(&t, 0); _exit(3); }
    int status = 0;
    POKED(waitpid(child, &status, 0) > 0 ? 1 : -1, 0);
    if (!restart) waitpid(child, &status, 0);
    printf("status %x\n", status);
    close(pipe_[0]); close(pipe_[1]);
  }
  /* An ignored signal interrupts nothing, and a stop with a continue restarts. */
  signal(SIGUSR1, SIG_IGN);
  int pipe_[2];
  pipe(pipe_);
  char byte;
  pthread_t thread;
  POKED(read(pipe_[0], &byte, 1), &pipe_[1]);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    struct timespec t = {0, 150000000}, left = {0, 0};
    int r = nanosleep(&t, &left);
    _exit(r == 0 ? 0 : 1);
  }
  struct timespec t = {0, 30000000};
  nanosleep(&t, 0);
  kill(child, SIGSTOP);
  int status;
  SAY(waitpid(child, &status, WUNTRACED) == child);
  printf("stopped %d by %d\n", WIFSTOPPED(status), WSTOPSIG(status));
  kill(child, SIGCONT);
  SAY(waitpid(child, &status, WCONTINUED) == child);
  printf("continued %d\n", WIFCONTINUED(status));
  waitpid(child, &status, 0);
  printf("sleep went on: %x\n", status);
}

static void children(void) {
  set(SIGCHLD, on_info, SA_RESTART);
  sigset_t chld, old; sigemptyset(&chld); sigaddset(&chld, SIGCHLD);
  sigprocmask(SIG_BLOCK, &chld, &old);
  int how[] = {0, 7, -SIGKILL, -SIGABRT};
  for (int i = 0; i < 4; i++) {
    pid_t child = fork();
    if (child == 0) { if (how[i] < 0) { signal(-how[i], SIG_DFL); raise(-how[i]); } _exit(how[i]); }
    siginfo_t info;
    SAY(sigwaitinfo(&chld, &info));
    printf("code %d status %d child %d\n", info.si_code == CLD_DUMPED ? CLD_KILLED : info.si_code, info.si_status, info.si_pid == child);
    waitpid(child, 0, 0);
  }
  sigprocmask(SIG_SETMASK, &old, 0);
  signal(SIGCHLD, SIG_IGN);
  pid_t child = fork();
  if (child == 0) _exit(0);
  SAY(waitpid(child, 0, 0));
  signal(SIGCHLD, SIG_DFL);
}

static void permissions(void) {
  fflush(stdout);
  pid_t target = fork();
  if (target == 0) { pause(); _exit(0); }
  pid_t other = fork();
  if (other == 0) {
    setresuid(1000, 1000, 1000);
    SAY(kill(target, SIGTERM));
    SAY(kill(target, 0));
    SAY(kill(target, SIGCONT));
    setsid();
    SAY(kill(target, SIGCONT));
    siginfo_t info = {.si_code = SI_QUEUE};
    SAY(syscall(SYS_rt_sigqueueinfo, target, SIGTERM, &info));
    _exit(0);
  }
  waitpid(other, 0, 0);
  kill(target, SIGKILL);
  int status;
  waitpid(target, &status, 0);
  printf("target %x\n", status);
}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  pid_t pid = fork();
  if (pid == 0) {
    senders(); actions(); queue_order(); nesting(); faults(); jumps(); stacks(); restarts(); children(); permissions();
    exit(0);
  }
  int status;
  waitpid(pid, &status, 0);
  printf("status %x\n", status);
  return 0;
}
