/* Pipes and fifos: atomic writes, partial ones, ends, SIGPIPE, opening that waits, poll. */
#include "check.h"

static int pending(int fd) {
  int n = -1;
  ioctl(fd, FIONREAD, &n);
  return n;
}
static int events(int fd, int wanted) {
  struct pollfd p = {fd, wanted, 0};
  return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}
static char big[200000];

static void plain(void) {
  int p[2];
  char text[32] = {0};
  SHOW(pipe2(p, O_NONBLOCK | O_CLOEXEC));
  SHOW(fcntl(p[0], F_GETFD));
  SHOW(read(p[0], text, 1));
  SHOW(write(p[0], text, 1));
  SHOW(read(p[1], text, 1));
  SHOW(events(p[0], POLLIN));
  SHOW(events(p[1], POLLOUT));
  SHOW(write(p[1], big, sizeof big));
  SHOW(write(p[1], big, 1));
  SHOW(events(p[1], POLLOUT));
  SHOW(pending(p[0]));
  SHOW(read(p[0], big, 4096));
  SHOW(write(p[1], big, 4096));
  SHOW(read(p[0], big, 100));
  SHOW(write(p[1], big, 4096));
  SHOW(read(p[0], big, sizeof big));
  SHOW(write(p[1], "", 0));
  SHOW(read(p[0], text, 0));
  SHOW(pipe2(p, 0x40));
  signal(SIGPIPE, SIG_IGN);
  SHOW(close(p[1]));
  SHOW(events(p[0], POLLIN));
  SHOW(read(p[0], text, 1));
  pipe(p);
  SHOW(close(p[0]));
  SHOW(events(p[1], POLLOUT));
  SHOW(write(p[1], "x", 1));
  SHOW(write(p[1], "", 0));
  signal(SIGPIPE, SIG_DFL);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    write(p[1], "x", 1);
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  printf("killed by %s\n", sigabbrev_np(WTERMSIG(status)));
  SHOW(pipe((int *)16));
  SHOW(lseek(p[1], 0, SEEK_SET));
  struct stat st;
  fstat(p[1], &st);
  printf("%o %lu %lld\n", st.st_mode, (unsigned long)st.st_nlink, (long long)st.st_size);
}

static void blocking(void) {
  int p[2], status;
  pipe(p);
  fflush(stdout);
  if (fork() == 0) {
    close(p[0]);
    memset(big, 'z', sizeof big);
    ssize_t n = write(p[1], big, sizeof big);
    printf("wrote %zd\n", n);
    fflush(stdout);
    _exit(3);
  }
  close(p[1]);
  ssize_t n, total = 0;
  while ((n = read(p[0], big, 30000)) > 0) total += n;
  wait(&status);
  printf("read %zd, child %d\n", total, WEXITSTATUS(status));
}

static void nothing(int signal) { (void)signal; }

static void fifos(void) {
  char text[16] = {0};
  int status;
  mkfifo("fifo", 0600);
  fflush(stdout);
  if (fork() == 0) {
    usleep(20000);
    int w = open("fifo", O_WRONLY);
    write(w, "through", 7);
    _exit(0);
  }
  int r = OK(open("fifo", O_RDONLY));
  SHOW(read(r, text, sizeof text));
  SHOW(read(r, text, sizeof text));
  printf("%s\n", text);
  wait(&status);
  SHOW(events(r, POLLIN));
  close(r);
  r = OK(open("fifo", O_RDONLY | O_NONBLOCK));
  SHOW(events(r, POLLIN));
  SHOW(read(r, text, 1));
  int w = OK(open("fifo", O_WRONLY));
  SHOW(read(r, text, 1));
  SHOW(write(w, "ab", 2));
  SHOW(events(r, POLLIN));
  SHOW(unlink("fifo"));
  SHOW(read(r, text, 2));
  SHOW(close(w));
  SHOW(events(r, POLLIN));
  mkfifo("other", 0600);
  int both = OK(open("other", O_RDWR));
  SHOW(write(both, "self", 4));
  SHOW(read(both, text, 4));
  struct sigaction action = {.sa_handler = nothing};
  sigaction(SIGALRM, &action, NULL);
  mkfifo("third", 0600);
  ualarm(30000, 0);
  OK(open("third", O_RDONLY));
  OK(open("third", O_WRONLY | O_NONBLOCK));
  fflush(stdout);
  if (fork() == 0) {
    int reader = open("third", O_RDONLY);
    _exit(read(reader, text, 4));
  }
  usleep(20000);
  w = OK(open("third", O_WRONLY));
  close(w);
  wait(&status);
  printf("reader saw %d\n", WEXITSTATUS(status));
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    open("third", O_RDONLY);
    _exit(0);
  }
  usleep(20000);
  kill(child, SIGKILL);
  wait(&status);
  OK(open("third", O_WRONLY | O_NONBLOCK));
}

int main(void) {
  plain(), blocking(), fifos();
  return 0;
}
