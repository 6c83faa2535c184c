/* What the init of a pid namespace does with signals: it takes what it waits for, and dies of nothing from inside. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void from_child(int signal) {
  pid_t pid = fork();
  if (pid == 0) _exit(kill(1, signal));
  int status;
  while (waitpid(pid, &status, 0) != pid) {}
  printf("child's kill(1, %d): %d\n", signal, WEXITSTATUS(status));
}

static volatile sig_atomic_t caught;
static void note(int signal) { caught = signal; }

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  printf("init: %d\n", getpid() == 1);
  from_child(SIGTERM);
  from_child(SIGKILL);
  from_child(SIGSTOP);
  printf("own: %d %d\n", kill(1, SIGTERM), raise(SIGHUP));

  sigset_t all, before, pending;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  from_child(SIGTERM);
  from_child(SIGUSR1);
  sigpending(&pending);
  printf("pending: %d %d %d\n", sigismember(&pending, SIGTERM), sigismember(&pending, SIGUSR1), sigismember(&pending, SIGCHLD));
  siginfo_t info;
  struct timespec none = {0, 0};
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  printf("waited: %d\n", sigtimedwait(&term, &info, &none));
  printf("again: %d %d\n", sigtimedwait(&term, &info, &none), errno == EAGAIN);
  sigprocmask(SIG_SETMASK, &before, NULL);
  printf("unblocked\n");

  /* A child that ends while its parent waits for nothing but SIGCHLD. */
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, NULL);
  if (fork() == 0) {
    usleep(20000);
    _exit(3);
  }
  printf("woken: %d\n", sigwaitinfo(&child, &info) == SIGCHLD);
  int status;
  wait(&status);
  printf("status: %d\n", WEXITSTATUS(status));

  signal(SIGTERM, note);
  from_child(SIGTERM);
  printf("caught: %d\n", caught);
  fflush(stdout);
  *(volatile int *)0 = 1; /* Its own fault ends it. */
  return 0;
}
