/*
 * What `docker run --init` puts in front of a program: pid 1 that starts it in a process group of its own,
 * passes signals on to it, reaps orphans, and ends as it ended. It behaves as tini, which Docker calls
 * docker-init, and says what tini says. No libc: the binary is small enough to carry as text
 * (docker-init.ts), which build.mjs makes.
 */
typedef unsigned long word;

enum { WRITE = 1, SIGACTION = 13, SIGPROCMASK = 14, IOCTL = 16, GETPID = 39, FORK = 57, EXECVE = 59,
       EXIT = 60, WAIT4 = 61, KILL = 62, SETPGID = 109, SIGTIMEDWAIT = 128 };
enum { ENOENT = 2, ENXIO = 6, ENOEXEC = 8, EACCES = 13, ENODEV = 19, ENOTDIR = 20, ENOTTY = 25,
       ETIMEDOUT = 110, ESTALE = 116 };
enum { SIGCHLD = 17, SIGTTIN = 21, SIGTTOU = 22, WNOHANG = 1, TIOCSPGRP = 0x5410, PATH_BYTES = 4096 };

#define BIT(signal) (1UL << ((signal) - 1))
/* Faults of our own: ILL TRAP ABRT BUS FPE SEGV SYS. */
#define FAULTS (BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(11) | BIT(31))
/* TTIN and TTOU are what a background process gets for touching the terminal: ignored. */
static const word waited = ~(FAULTS | BIT(SIGTTIN) | BIT(SIGTTOU));

struct action { word handler, flags, restorer, mask; };

static long call(long number, word a, word b, word c, word d) {
  long result;
  register word r10 __asm__("r10") = d;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                   : "rcx", "r11", "memory");
  return result;
}

static word length(const char *text) {
  word count = 0;
  while (text[count]) count++;
  return count;
}

static void say(const char *text) { call(WRITE, 2, (word)text, length(text), 0); }

static void say_number(word number) {
  char digits[24];
  char *at = digits + sizeof digits - 1;
  *at = 0;
  do *--at = '0' + number % 10;
  while (number /= 10);
  say(at);
}

static const char *reason(int error) {
  switch (error) {
    case ENOENT: return "No such file or directory";
    case EACCES: return "Permission denied";
    case ENOTDIR: return "Not a directory";
    case ENOEXEC: return "Exec format error";
    default: return "Cannot be executed";
  }
}

static int has_slash(const char *name) {
  for (; *name; name++)
    if (*name == '/') return 1;
  return 0;
}

/* A file without a format is a script for the shell, as execvp(3) has it. */
static long execute(const char *path, char **argv, char **envp) {
  long result = call(EXECVE, (word)path, (word)argv, (word)envp, 0);
  if (result != -ENOEXEC) return result;
  word count = 0;
  while (argv[count]) count++;
  const char *script[count + 2];
  script[0] = "/bin/sh";
  script[1] = path;
  for (word i = 1; i <= count; i++) script[i + 1] = argv[i];
  return call(EXECVE, (word)script[0], (word)script, (word)envp, 0);
}

/* What execvp(3) goes on after, to the next folder of PATH. */
static int is_passed_over(long error) {
  return error == ENOENT || error == ENOTDIR || error == ESTALE || error == ENODEV || error == ETIMEDOUT;
}

static long search(char **argv, char **envp) {
  const char *name = argv[0];
  if (has_slash(name)) return execute(name, argv, envp);
  const char *path = "/bin:/usr/bin";
  for (char **entry = envp; *entry; entry++) {
    const char *text = *entry;
    const char *wanted = "PATH=";
    while (*wanted && *text == *wanted) text++, wanted++;
    if (!*wanted) path = text;
  }
  int is_refused = 0;
  char candidate[PATH_BYTES];
  for (;;) {
    word at = 0;
    while (*path && *path != ':' && at < PATH_BYTES - 2) candidate[at++] = *path++;
    if (at) candidate[at++] = '/';
    if (at + length(name) < PATH_BYTES) {
      for (const char *from = name; (candidate[at] = *from); from++) at++;
      long result = *name ? execute(candidate, argv, envp) : -ENOENT;
      if (result == -EACCES) is_refused = 1;
      else if (!is_passed_over(-result)) return result;
    }
    if (!*path++) return is_refused ? -EACCES : -ENOENT;
  }
}

static long child(char **argv, char **envp, const struct action *actions, word mask) {
  int group = call(GETPID, 0, 0, 0, 0);
  call(SETPGID, 0, 0, 0, 0);
  long result = call(IOCTL, 0, TIOCSPGRP, (word)&group, 0);
  if (result < 0 && result != -ENOTTY && result != -ENXIO) {
    say("[FATAL tini (");
    say_number(group);
    say(")] tcsetpgrp failed\n");
    return 1;
  }
  call(SIGPROCMASK, 2, (word)&mask, 0, 8);
  call(SIGACTION, SIGTTIN, (word)&actions[0], 0, 8);
  call(SIGACTION, SIGTTOU, (word)&actions[1], 0, 8);
  int error = -search(argv, envp);
  say("[FATAL tini (");
  say_number(group);
  say(")] exec ");
  say(argv[0]);
  say(" failed: ");
  say(reason(error));
  say("\n");
  return error == ENOENT ? 127 : error == EACCES ? 126 : 1;
}

static long run(word *stack) {
  char **argv = (char **)(stack + 1);
  char **envp = argv + stack[0] + 1;
  argv++;
  if (*argv && argv[0][0] == '-' && argv[0][1] == '-' && !argv[0][2]) argv++;
  if (!*argv) return 1;
  const struct action ignore = {1, 0, 0, 0};
  struct action before[2];
  word mask;
  call(SIGPROCMASK, 2, (word)&waited, (word)&mask, 8);
  call(SIGACTION, SIGTTIN, (word)&ignore, (word)&before[0], 8);
  call(SIGACTION, SIGTTOU, (word)&ignore, (word)&before[1], 8);
  long pid = call(FORK, 0, 0, 0, 0);
  if (pid < 0) {
    say("[FATAL tini] fork failed\n");
    return 1;
  }
  if (pid == 0) return child(argv, envp, before, mask);
  for (;;) {
    long signal = call(SIGTIMEDWAIT, (word)&waited, 0, 0, 8);
    if (signal > 0 && signal != SIGCHLD) call(KILL, pid, signal, 0, 0);
    for (;;) {
      int status;
      long ended = call(WAIT4, -1, (word)&status, WNOHANG, 0);
      if (ended <= 0) break;
      if (ended == pid) return (status & 0x7f) == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f);
    }
  }
}

__attribute__((used)) static void start(word *stack) {
  call(EXIT, run(stack), 0, 0, 0);
}

__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start\n");
