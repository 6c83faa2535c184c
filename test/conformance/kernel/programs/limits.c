/* What the limits of a control group do: `limits memory MIB`, `limits bomb`, `limits fork`. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void fill(int mib) {
  for (int i = 0; i < mib; i++) memset(malloc(1 << 20), 1, 1 << 20);
}

int main(int count, char **arguments) {
  setvbuf(stdout, 0, _IONBF, 0);
  int mib = count > 2 ? atoi(arguments[2]) : 0;
  if (strcmp(arguments[1], "memory") == 0) {
    fill(mib);
    puts("there");
  }
  if (strcmp(arguments[1], "child") == 0) {
    int status;
    if (fork() == 0) fill(mib), _exit(0);
    wait(&status);
    printf("signal %d\n", WTERMSIG(status));
    fill(4);
    puts("the parent lives");
  }
  if (strcmp(arguments[1], "fork") == 0) {
    int children = 0;
    while (fork() != -1) children++;
    int error = errno;
    if (children > 0 && error == EAGAIN && getpid() == 1) printf("%d children, EAGAIN\n", children);
    if (getpid() != 1) pause();
    kill(-1, SIGKILL);
    while (wait(0) > 0) children--;
    printf("%d left\n", children);
  }
  if (strcmp(arguments[1], "bomb") == 0) {
    pid_t bomb = fork();
    if (bomb == 0) {
      setpgid(0, 0);
      for (;;) fork();
    }
    usleep(100000);
    kill(-bomb, SIGKILL);
    int ended = 0;
    while (wait(0) > 0) ended++;
    printf("over %d\n", ended > 1);
  }
  return 0;
}
