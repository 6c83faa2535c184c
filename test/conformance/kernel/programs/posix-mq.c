/* POSIX message queues: names, attributes, priorities, waiting, notification, and the files of /dev/mqueue. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *why(long result) { return result >= 0 ? "ok" : strerrorname_np(errno); }
#define SAY(call) do { errno = 0; long r_ = (long)(call); printf("%s = %s\n", #call, why(r_)); } while (0)

static volatile sig_atomic_t told;
static siginfo_t told_info;
static void on_signal(int signal, siginfo_t *info, void *context) { told = signal; told_info = *info; }
static void *unused;
static void on_thread(union sigval value) { told = 1000 + value.sival_int; }

static struct timespec in_ms(long ms) {
  struct timespec at;
  clock_gettime(CLOCK_REALTIME, &at);
  at.tv_nsec += ms * 1000000;
  at.tv_sec += at.tv_nsec / 1000000000;
  at.tv_nsec %= 1000000000;
  return at;
}

static void cat(const char *path) {
  char text[200];
  int fd = open(path, O_RDONLY);
  int count = read(fd, text, sizeof text - 1);
  text[count < 0 ? 0 : count] = 0;
  char *pid = strstr(text, "NOTIFY_PID:");
  if (pid) strcpy(pid + 11, atoi(pid + 11) ? "somebody" : "nobody");
  printf("%s: %s\n", path, count < 0 ? strerrorname_np(errno) : text);
  close(fd);
}

int main() {
  struct mq_attr attr = {.mq_maxmsg = 3, .mq_msgsize = 16}, got;
  char buffer[100];
  unsigned priority;
  setvbuf(stdout, 0, _IONBF, 0);
  SAY(mq_open("/none", O_RDWR));
  SAY(mq_open("/", O_RDWR | O_CREAT, 0600, &attr));
  SAY(mq_open("/a/b", O_RDWR | O_CREAT, 0600, &attr));
  SAY(mq_open("/..", O_RDWR | O_CREAT, 0600, &attr));
  struct mq_attr none = {0}, wide = {.mq_maxmsg = 70000, .mq_msgsize = 1}, large = {.mq_maxmsg = 1, .mq_msgsize = 1 << 25};
  SAY(mq_open("/q", O_RDWR | O_CREAT, 0600, &none));
  SAY(mq_open("/q", O_RDWR | O_CREAT, 0600, &wide));
  SAY(mq_open("/q", O_RDWR | O_CREAT, 0600, &large));
  umask(022);
  mqd_t queue = mq_open("/q", O_RDWR | O_CREAT | O_EXCL, 0666, &attr);
  printf("made %d, close-on-exec %d\n", queue >= 0, fcntl(queue, F_GETFD));
  SAY(mq_open("/q", O_RDWR | O_CREAT | O_EXCL, 0666, &attr));
  struct stat st;
  fstat(queue, &st);
  printf("mode %o size %ld links %ld uid %d\n", st.st_mode, (long)st.st_size, (long)st.st_nlink, st.st_uid);
  mq_getattr(queue, &got);
  printf("flags %ld max %ld size %ld now %ld\n", got.mq_flags, got.mq_maxmsg, got.mq_msgsize, got.mq_curmsgs);
  SAY(mq_send(queue, "low", 3, 1));
  SAY(mq_send(queue, "high", 4, 9));
  SAY(mq_send(queue, "low2", 4, 1));
  struct timespec soon = in_ms(50), past = {1, 0}, wrong = {1, 2000000000};
  SAY(mq_timedsend(queue, "x", 1, 0, &soon));
  SAY(mq_timedsend(queue, "x", 1, 0, &past));
  SAY(mq_timedsend(queue, "x", 1, 0, &wrong));
  SAY(mq_send(queue, "0123456789abcdefg", 17, 0));
  SAY(mq_send(queue, "x", 1, 32768));
  struct pollfd both = {queue, POLLIN | POLLOUT};
  poll(&both, 1, 0);
  printf("full: in %d out %d\n", !!(both.revents & POLLIN), !!(both.revents & POLLOUT));
  SAY(mq_receive(queue, buffer, 15, &priority));
  for (int i = 0; i < 3; i++) {
    long count = mq_receive(queue, buffer, sizeof buffer, &priority);
    printf("got %.*s of %u\n", (int)count, buffer, priority);
  }
  poll(&both, 1, 0);
  printf("empty: in %d out %d\n", !!(both.revents & POLLIN), !!(both.revents & POLLOUT));
  soon = in_ms(50);
  SAY(mq_timedreceive(queue, buffer, sizeof buffer, 0, &soon));
  struct mq_attr flags = {.mq_flags = O_NONBLOCK}, bad = {.mq_flags = O_APPEND};
  SAY(mq_setattr(queue, &bad, 0));
  mq_setattr(queue, &flags, &got);
  printf("flags were %ld\n", got.mq_flags);
  SAY(mq_receive(queue, buffer, sizeof buffer, 0));
  SAY(write(queue, "x", 1));
  SAY(mq_receive(0, buffer, sizeof buffer, 0));
  mqd_t reader = mq_open("/q", O_RDONLY), writer = mq_open("/q", O_WRONLY);
  SAY(mq_send(reader, "x", 1, 0));
  SAY(mq_receive(writer, buffer, sizeof buffer, 0));

  /* Waiting in another process. */
  pid_t child = fork();
  if (child == 0) {
    long count = mq_receive(reader, buffer, sizeof buffer, &priority);
    printf("child got %.*s\n", (int)count, buffer);
    _exit(0);
  }
  usleep(30000);
  int sent = mq_send(queue, "word", 4, 0);
  waitpid(child, 0, 0);
  printf("sent %d\n", sent);

  /* Notification. */
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &action, 0);
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 42};
  struct sigevent worse = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 999}, odd = {.sigev_notify = 77};
  SAY(mq_notify(queue, &worse));
  SAY(mq_notify(queue, &odd));
  SAY(mq_notify(queue, &event));
  SAY(mq_notify(queue, &event));
  if (fork() == 0) {
    SAY(mq_notify(queue, 0));
    SAY(mq_notify(queue, &event));
    mq_send(queue, "tell", 4, 3);
    _exit(0);
  }
  wait(0);
  printf("told %d code %d value %d from a child %d\n", told == SIGUSR1, told_info.si_code, told_info.si_value.sival_int,
         told_info.si_pid != getpid() && told_info.si_pid > 0);
  told = 0;
  mq_send(queue, "more", 4, 3);
  printf("told again %d\n", told);
  SAY(mq_notify(queue, &event));
  SAY(mq_notify(queue, 0));
  mq_receive(queue, buffer, sizeof buffer, 0);
  mq_receive(queue, buffer, sizeof buffer, 0);
  struct sigevent thread = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = on_thread, .sigev_value.sival_int = 7};
  SAY(mq_notify(queue, &thread));
  mq_send(queue, "thread", 6, 0);
  for (int i = 0; i < 100 && told == 0; i++) usleep(10000);
  printf("thread told %d\n", told);
  SAY(mq_notify(queue, &event));

  /* As files. */
  mkdir("/m", 0755);
  SAY(mount("none", "/m", "mqueue", 0, 0));
  cat("/m/q");
  SAY(mq_notify(queue, 0));
  cat("/m/q");
  SAY(open("/m/made", O_RDWR | O_CREAT, 0600));
  SAY(mq_open("/made", O_RDWR));
  mq_getattr(mq_open("/made", O_RDWR), &got);
  printf("max %ld size %ld\n", got.mq_maxmsg, got.mq_msgsize);
  SAY(unlink("/m/made"));
  SAY(mkdir("/m/dir", 0700));
  SAY(rename("/m/q", "/m/p"));
  setresuid(1000, 1000, 1000);
  SAY(mq_open("/q", O_RDWR));
  SAY(mq_open("/q", O_RDONLY));
  struct mq_attr eleven = {.mq_maxmsg = 11, .mq_msgsize = 16};
  SAY(mq_open("/e", O_RDWR | O_CREAT, 0600, &eleven));
  SAY(mq_unlink("/q"));
  attr.mq_maxmsg = 10;
  attr.mq_msgsize = 8192;
  char name[20];
  int made = 0;
  for (; made < 20; made++) {
    sprintf(name, "/limit%d", made);
    if (mq_open(name, O_RDWR | O_CREAT, 0600, &attr) < 0) break;
  }
  printf("%d queues, then %s\n", made, strerrorname_np(errno));
  SAY(mq_unlink("/limit0"));
  SAY(mq_unlink("/limit0"));
  return 0;
}
