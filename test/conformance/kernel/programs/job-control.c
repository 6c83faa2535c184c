// Sessions, process groups, stopping and continuing, the terminal's foreground: what a shell relies on.
#define _GNU_SOURCE
#include "terminal.h"
#include <termios.h>

static void status_of(const char *text, pid_t pid, int options) {
  int status = 0;
  pid_t got = waitpid(pid, &status, options);
  say("%s: %s", text, got == pid ? "it" : got == 0 ? "nothing" : strerrorname_np(errno));
  if (got == pid) {
    if (WIFSTOPPED(status)) say(" stopped by %d", WSTOPSIG(status));
    else if (WIFCONTINUED(status)) say(" continued");
    else if (WIFSIGNALED(status)) say(" killed by %d", WTERMSIG(status));
    else say(" exited %d", WEXITSTATUS(status));
  }
  say("\n");
}

static void info_of(const char *text, pid_t pid, int options) {
  siginfo_t info = {0};
  int answer = waitid(P_PID, pid, &info, options);
  say("%s: %d code %d status %d\n", text, answer, info.si_code, info.si_status);
}

static void groups(void) {
  pid_t pid = fork();
  if (pid == 0) { pause(); exit(0); }
  ask("setsid of a leader", getpgrp() == getpid() ? setsid() : -1);
  ask("setpgid negative", setpgid(0, -1));
  ask("setpgid nobody", setpgid(29999, 0));
  ask("setpgid init", setpgid(getppid(), 0));
  ask("setpgid child", setpgid(pid, pid));
  ask("getpgid child", getpgid(pid) == pid);
  ask("getsid child", getsid(pid) == getsid(0));
  ask("setpgid back", setpgid(pid, getpgrp()));
  ask("setpgid unknown group", setpgid(pid, 29999));
  ask("getpgid nobody", getpgid(29999));
  ask("getsid nobody", getsid(29999));
  kill(pid, SIGKILL);
  status_of("child", pid, 0);
  ask("setpgid a zombie that is gone", setpgid(pid, pid));
  int ready[2], go[2];
  pipe(ready); pipe(go);
  pid = fork();
  if (pid == 0) {
    char c;
    ask("setsid", setsid() == getpid());
    ask("setsid again", setsid());
    ask("leader's setpgid", setpgid(0, 0));
    write(ready[1], "r", 1);
    read(go[0], &c, 1);
    exit(0);
  }
  char c;
  read(ready[0], &c, 1);
  ask("setpgid into another session", setpgid(pid, getpgrp()));
  ask("setpgid to a group of another session", setpgid(0, pid));
  write(go[1], "g", 1);
  status_of("session", pid, 0);
}

static void stops(void) {
  pid_t pid = fork();
  if (pid == 0) { for (;;) pause(); }
  settle();
  status_of("running", pid, WNOHANG | WUNTRACED | WCONTINUED);
  kill(pid, SIGSTOP);
  info_of("peek", pid, WSTOPPED | WNOWAIT);
  status_of("stopped", pid, WUNTRACED);
  status_of("once", pid, WNOHANG | WUNTRACED);
  kill(pid, SIGCONT);
  status_of("continued", pid, WCONTINUED);
  status_of("once", pid, WNOHANG | WCONTINUED);
  kill(pid, SIGTSTP);
  info_of("waitid", pid, WSTOPPED);
  kill(pid, SIGCONT);
  info_of("waitid", pid, WCONTINUED);
  kill(pid, SIGSTOP);
  status_of("stopped", pid, WUNTRACED);
  kill(pid, SIGTERM);
  settle();
  status_of("term waits", pid, WNOHANG);
  kill(pid, SIGCONT);
  status_of("term", pid, 0);
  pid = fork();
  if (pid == 0) { for (;;) pause(); }
  kill(pid, SIGSTOP);
  status_of("stopped", pid, WUNTRACED);
  kill(pid, SIGKILL);
  status_of("killed while stopped", pid, 0);
  on(SIGCHLD, note, 0);
  pid = fork();
  if (pid == 0) { for (;;) pause(); }
  caught = 0; kill(pid, SIGSTOP); status_of("stopped", pid, WUNTRACED); settle(); say("told %d\n", caught);
  caught = 0; kill(pid, SIGCONT); status_of("continued", pid, WCONTINUED); settle(); say("told %d\n", caught);
  on(SIGCHLD, note, SA_NOCLDSTOP);
  caught = 0; kill(pid, SIGSTOP); status_of("stopped", pid, WUNTRACED); settle(); say("told %d\n", caught);
  kill(pid, SIGKILL);
  status_of("killed", pid, 0);
  on(SIGCHLD, SIG_DFL, 0);
  int pipes[2];
  pipe(pipes);
  pid = fork();
  if (pid == 0) {
    char c;
    on(SIGCONT, note, 0);
    long cut = read(pipes[0], &c, 1);
    int why = errno;
    on(SIGCONT, note, SA_RESTART);
    long again = read(pipes[0], &c, 1);
    say("read cut short by SIGCONT's handler: %ld %s, started again: %ld\n", cut, strerrorname_np(why), again);
    exit(caught);
  }
  settle();
  kill(pid, SIGSTOP); status_of("stopped", pid, WUNTRACED);
  kill(pid, SIGCONT); status_of("continued", pid, WCONTINUED);
  settle();
  kill(pid, SIGSTOP); status_of("stopped", pid, WUNTRACED);
  kill(pid, SIGCONT); status_of("continued", pid, WCONTINUED);
  settle();
  write(pipes[1], "x", 1);
  status_of("ended", pid, 0);
}

/** The session's leader on the terminal: what a shell does. */
static void as_shell(void (*run)(void)) {
  open_master();
  pid_t shell = fork();
  if (shell == 0) {
    setsid();
    slave = open(name, O_RDWR);
    close(master);
    on(SIGTTOU, SIG_IGN, 0);
    caught = 0;
    run();
    exit(0);
  }
  int status;
  while (waitpid(shell, &status, 0) < 0) {}
  say("shell: %x\n", status);
  close(master);
}

static void background(void) {
  char c;
  struct termios t;
  pid_t pid = fork();
  if (pid == 0) {
    setpgid(0, 0);
    on(SIGTTOU, SIG_DFL, 0);
    ask("read", read(slave, &c, 1));
    ask("write", write(slave, "b", 1));
    ask("TCGETS", tcgetattr(slave, &t));
    ask("TCSETS", tcsetattr(slave, TCSANOW, &t));
    ask("tcsetpgrp", tcsetpgrp(slave, getpgrp()));
    exit(5);
  }
  setpgid(pid, pid);
  status_of("reading in the background", pid, WUNTRACED);
  tcsetpgrp(slave, pid);
  kill(pid, SIGCONT);
  status_of("continued", pid, WCONTINUED);
  ioctl(slave, TIOCSTI, "\n");
  settle();
  tcsetpgrp(slave, getpgrp());
  status_of("done or stopped", pid, WUNTRACED);
  kill(-pid, SIGCONT);
  status_of("then", pid, WUNTRACED);
  kill(pid, SIGKILL);
  kill(-pid, SIGCONT);
  status_of("end", pid, 0);
  pid = fork();
  if (pid == 0) {
    setpgid(0, 0);
    on(SIGTTOU, SIG_DFL, 0);
    ask("TCSETS", (tcgetattr(slave, &t), tcsetattr(slave, TCSANOW, &t)));
    exit(0);
  }
  status_of("settings in the background", pid, WUNTRACED);
  on(SIGTTOU, SIG_IGN, 0);
  kill(pid, SIGKILL);
  status_of("killed", pid, 0);
  pid = fork();
  if (pid == 0) {
    setpgid(0, 0);
    on(SIGTTIN, SIG_IGN, 0);
    ask("ignored SIGTTIN", read(slave, &c, 1));
    on(SIGTTIN, note, 0);
    ask("caught SIGTTIN", read(slave, &c, 1));
    say("caught %d\n", caught);
    ask("ignored SIGTTOU", (tcgetattr(slave, &t), tcsetattr(slave, TCSANOW, &t)));
    t.c_lflag |= TOSTOP;
    tcsetattr(slave, TCSANOW, &t);
    ask("write with TOSTOP ignored", write(slave, "x", 1));
    on(SIGTTOU, note, 0);
    ask("write with TOSTOP caught", write(slave, "x", 1));
    on(SIGTTOU, SIG_DFL, 0);
    ask("write with TOSTOP", write(slave, "x", 1));
    exit(0);
  }
  status_of("TOSTOP", pid, WUNTRACED);
  t.c_lflag = 0;
  tcgetattr(slave, &t);
  t.c_lflag &= ~TOSTOP;
  tcsetattr(slave, TCSANOW, &t);
  kill(pid, SIGCONT);
  status_of("without it", pid, 0);
}

static void foreground(void) {
  pid_t first = fork();
  if (first == 0) { setpgid(0, 0); for (;;) pause(); }
  setpgid(first, first);
  pid_t second = fork();
  if (second == 0) { setpgid(0, first); for (;;) pause(); }
  setpgid(second, first);
  tcsetpgrp(slave, first);
  ioctl(slave, TIOCSTI, "\x1a");
  status_of("first ^Z", first, WUNTRACED);
  status_of("second ^Z", second, WUNTRACED);
  kill(-first, SIGCONT);
  status_of("first", first, WCONTINUED);
  status_of("second", second, WCONTINUED);
  ioctl(slave, TIOCSTI, "\x1c");
  status_of("first ^\\", first, 0);
  status_of("second ^\\", second, 0);
  ask("foreground of nobody", tcgetpgrp(slave) == first);
  ask("give it to nobody", tcsetpgrp(slave, first));
  ask("take it back", tcsetpgrp(slave, getpgrp()));
}

/** A stopped child whose parent ends: hung up and continued. */
static void orphans(void) {
  int report[2];
  pipe(report);
  pid_t parent = fork();
  if (parent == 0) {
    setpgid(0, 0);
    pid_t child = fork();
    if (child == 0) {
      setpgid(0, 0);
      on(SIGHUP, note, 0);
      raise(SIGSTOP);
      settle();
      dprintf(report[1], "hung up %d\n", caught);
      on(SIGTTIN, SIG_DFL, 0);
      char c;
      long got = read(slave, &c, 1);
      dprintf(report[1], "orphan reads %ld %s\n", got, strerrorname_np(errno));
      kill(0, SIGTSTP);
      dprintf(report[1], "not stopped\n");
      exit(0);
    }
    status_of("child", child, WUNTRACED);
    exit(3);
  }
  status_of("parent", parent, 0);
  close(report[1]);
  char text[200];
  for (ssize_t n; (n = read(report[0], text, sizeof text)) > 0;) say("%.*s", (int)n, text);
}

/** The leader ends: its foreground hears of it, and nobody has the terminal. */
static void leader_ends(void) {
  int report[2];
  pipe(report);
  if (fork() == 0) {
    close(report[1]);
    char text[200];
    ssize_t n = read(report[0], text, sizeof text);
    exit(0);
  }
  pid_t job = fork();
  if (job == 0) {
    setpgid(0, 0);
    hold(SIGHUP);
    on(SIGHUP, note, 0);
    await(SIGHUP);
    usleep(150000);
    int tty = open("/dev/tty", O_RDWR);
    dprintf(1, "job caught %d, tty %s\n", caught, tty < 0 ? strerrorname_np(errno) : "open");
    exit(0);
  }
  setpgid(job, job);
  tcsetpgrp(slave, job);
  settle();
}

/** In a group of its own whose parent leads the session: not an orphan, whoever started us. */
static void as_job(void (*run)(void)) {
  pid_t shell = fork();
  if (shell == 0) {
    setsid();
    pid_t job = fork();
    if (job == 0) {
      setpgid(0, 0);
      run();
      exit(0);
    }
    while (waitpid(job, NULL, 0) < 0) {}
    exit(0);
  }
  waitpid(shell, NULL, 0);
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  places();
  as_job(groups);
  as_job(stops);
  as_shell(background);
  as_shell(foreground);
  as_shell(orphans);
  as_shell(leader_ends);
  usleep(400000);
  return 0;
}
