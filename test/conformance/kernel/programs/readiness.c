/* poll, select, epoll, eventfd, signalfd, pidfd. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAY(call) do { errno = 0; long r_ = (long)(call); printf("%s = %ld %s\n", #call, r_, r_ < 0 ? strerrorname_np(errno) : ""); } while (0)

static void polls(void) {
  int p[2];
  pipe(p);
  struct pollfd polled[4] = {{p[0], POLLIN, 0}, {p[1], POLLOUT | POLLIN, 0}, {-1, POLLIN, 7}, {77, POLLIN, 0}};
  SAY(poll(polled, 4, 0));
  for (int i = 0; i < 4; i++) printf("revents %x\n", polled[i].revents);
  SAY(poll(polled, 1, 20));
  SAY(poll(0, 0, 5));
  write(p[1], "x", 1);
  SAY(poll(polled, 1, -1));
  close(p[1]);
  SAY(poll(polled, 1, 0));
  printf("hup %x\n", polled[0].revents);
  char c;
  read(p[0], &c, 1);
  SAY(poll(polled, 1, 0));
  printf("hup %x\n", polled[0].revents);
  close(p[0]);
  pipe(p);
  close(p[0]);
  struct pollfd broken = {p[1], POLLOUT, 0};
  SAY(poll(&broken, 1, 0));
  printf("err %x\n", broken.revents);
  close(p[1]);
  struct timespec t = {0, 10000000}, bad = {0, -1};
  SAY(ppoll(0, 0, &t, 0));
  SAY(syscall(SYS_ppoll, 0, 0, &bad, 0, 8));
  SAY(poll((void *)8, 1, 0));
  SAY(poll(polled, 0x7fffffff, 0));
}

static void selects(void) {
  int p[2];
  pipe(p);
  fd_set in, out;
  FD_ZERO(&in); FD_ZERO(&out); FD_SET(p[0], &in); FD_SET(p[1], &out);
  SAY(select(p[1] + 1, &in, &out, 0, 0));
  printf("in %d out %d\n", FD_ISSET(p[0], &in), FD_ISSET(p[1], &out));
  struct timeval t = {0, 20000};
  FD_ZERO(&in); FD_SET(p[0], &in);
  SAY(select(p[1] + 1, &in, 0, 0, &t));
  printf("in %d left %ld\n", FD_ISSET(p[0], &in), (long)t.tv_usec);
  FD_ZERO(&in); FD_SET(55, &in);
  SAY(select(56, &in, 0, 0, &t));
  SAY(select(-1, 0, 0, 0, &t));
  t.tv_sec = -1;
  SAY(select(0, 0, 0, 0, &t));
  close(p[1]);
  FD_ZERO(&in); FD_SET(p[0], &in);
  SAY(select(p[0] + 1, &in, 0, 0, 0));
  close(p[0]);
}

static void wait_show(int ep, int timeout) {
  struct epoll_event events[8];
  memset(events, 0, sizeof events);
  int n = epoll_wait(ep, events, 8, timeout);
  printf("epoll_wait %d:", n);
  for (int i = 0; i < n; i++) printf(" %x/%d", events[i].events, (int)events[i].data.u64);
  printf("\n");
}
static int ctl(int ep, int op, int fd, unsigned events, int data) {
  struct epoll_event event = {.events = events, .data.u64 = data};
  return epoll_ctl(ep, op, fd, &event);
}
static void epolls(void) {
  int p[2], q[2];
  pipe(p); pipe(q);
  SAY(epoll_create(0));
  SAY(epoll_create1(1));
  int ep = epoll_create1(EPOLL_CLOEXEC);
  SAY(ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN, 1));
  SAY(ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN, 1));
  SAY(ctl(ep, EPOLL_CTL_MOD, q[0], EPOLLIN, 1));
  SAY(ctl(ep, EPOLL_CTL_DEL, q[0], 0, 0));
  SAY(ctl(ep, EPOLL_CTL_ADD, ep, EPOLLIN, 1));
  SAY(ctl(ep, EPOLL_CTL_ADD, 88, EPOLLIN, 1));
  SAY(ctl(p[0], EPOLL_CTL_ADD, q[0], EPOLLIN, 1));
  SAY(ctl(ep, 9, q[0], EPOLLIN, 1));
  int dir = open("/", O_RDONLY);
  SAY(ctl(ep, EPOLL_CTL_ADD, dir, EPOLLIN, 1));
  struct epoll_event one;
  SAY(epoll_wait(ep, &one, 0, 0));
  SAY(epoll_wait(p[0], &one, 1, 0));
  wait_show(ep, 0);
  write(p[1], "abc", 3);
  printf("level\n");
  wait_show(ep, -1);
  wait_show(ep, -1);
  SAY(ctl(ep, EPOLL_CTL_ADD, p[1], EPOLLOUT, 2));
  wait_show(ep, 0);
  printf("edge\n");
  SAY(ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET, 3));
  SAY(ctl(ep, EPOLL_CTL_MOD, p[1], EPOLLOUT | EPOLLET, 4));
  wait_show(ep, 0);
  wait_show(ep, 0);
  char c;
  read(p[0], &c, 1);
  wait_show(ep, 0);
  write(p[1], "d", 1);
  wait_show(ep, 0);
  printf("one shot\n");
  SAY(ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, 5));
  wait_show(ep, 0);
  write(p[1], "e", 1);
  wait_show(ep, 0);
  SAY(ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, 6));
  wait_show(ep, 0);
  printf("nested\n");
  int outer = epoll_create1(0);
  SAY(ctl(outer, EPOLL_CTL_ADD, ep, EPOLLIN, 7));
  wait_show(outer, 0);
  SAY(ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN, 8));
  wait_show(outer, 0);
  wait_show(ep, 0);
  SAY(ctl(ep, EPOLL_CTL_ADD, outer, EPOLLIN, 1));
  printf("dup and close\n");
  int copy = dup(q[0]);
  SAY(ctl(ep, EPOLL_CTL_ADD, q[0], EPOLLIN, 10));
  SAY(ctl(ep, EPOLL_CTL_ADD, copy, EPOLLIN, 11));
  close(q[0]);
  write(q[1], "z", 1);
  SAY(ctl(ep, EPOLL_CTL_DEL, p[0], 0, 0));
  wait_show(ep, 0);
  close(copy);
  wait_show(ep, 0);
  printf("exclusive\n");
  SAY(ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLEXCLUSIVE, 12));
  SAY(ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN, 12));
  SAY(ctl(ep, EPOLL_CTL_ADD, outer, EPOLLIN | EPOLLEXCLUSIVE, 12));
  wait_show(ep, 0);
  close(p[1]);
  wait_show(ep, 0);
  close(ep); close(outer); close(p[0]); close(q[1]); close(dir);
}

static void eventfds(void) {
  uint64_t v;
  SAY(eventfd(0, 8));
  int fd = eventfd(3, EFD_NONBLOCK);
  SAY(read(fd, &v, 8));
  printf("v %d\n", (int)v);
  SAY(read(fd, &v, 8));
  SAY(read(fd, &v, 7));
  v = 5; SAY(write(fd, &v, 8)); SAY(write(fd, &v, 8));
  SAY(write(fd, &v, 4));
  SAY(read(fd, &v, 8));
  printf("v %d\n", (int)v);
  v = ~0ull; SAY(write(fd, &v, 8));
  v = ~1ull; SAY(write(fd, &v, 8));
  v = 1; SAY(write(fd, &v, 8));
  struct pollfd polled = {fd, POLLIN | POLLOUT, 0};
  SAY(poll(&polled, 1, 0));
  printf("revents %x\n", polled.revents);
  SAY(lseek(fd, 0, SEEK_SET));
  close(fd);
  fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
  SAY(read(fd, &v, 8)); printf("v %d\n", (int)v);
  SAY(read(fd, &v, 8)); SAY(read(fd, &v, 8));
  close(fd);
}

static void signalfds(void) {
  sigset_t set;
  sigemptyset(&set); sigaddset(&set, SIGUSR1); sigaddset(&set, SIGRTMIN); sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, 0);
  int fd = signalfd(-1, &set, SFD_NONBLOCK);
  struct signalfd_siginfo info[4];
  SAY(read(fd, info, sizeof info));
  SAY(read(fd, info, 10));
  kill(getpid(), SIGUSR1);
  sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 11});
  sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 12});
  struct pollfd polled = {fd, POLLIN, 0};
  SAY(poll(&polled, 1, 0));
  int n = read(fd, info, sizeof info) / sizeof info[0];
  for (int i = 0; i < n; i++)
    printf("signo %d code %d self %d uid %d int %d\n", info[i].ssi_signo, info[i].ssi_code, info[i].ssi_pid == getpid(), info[i].ssi_uid, info[i].ssi_int);
  SAY(poll(&polled, 1, 0));
  int ep = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN};
  epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event);
  pid_t child = fork();
  if (child == 0) { struct timespec t = {0, 20000000}; nanosleep(&t, 0); _exit(4); }
  SAY(epoll_wait(ep, &event, 1, -1));
  SAY(read(fd, info, sizeof info));
  printf("signo %d code %d child %d status %d\n", info->ssi_signo, info->ssi_code, info->ssi_pid == child, info->ssi_status);
  waitpid(child, 0, 0);
  SAY(signalfd(0, &set, 0));
  SAY(signalfd(99, &set, 0));
  SAY(signalfd(-1, &set, 1));
  sigdelset(&set, SIGUSR1);
  SAY(signalfd(fd, &set, 0) == fd);
  kill(getpid(), SIGUSR1);
  SAY(poll(&polled, 1, 0));
  signal(SIGUSR1, SIG_IGN);
  close(fd); close(ep);
  sigprocmask(SIG_UNBLOCK, &set, 0);
}

static void pidfds(void) {
  SAY(pidfd_open(getpid(), 5));
  SAY(pidfd_open(-1, 0));
  SAY(pidfd_open(999999, 0));
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) { pause(); _exit(0); }
  int fd = pidfd_open(child, 0);
  printf("cloexec %d\n", fcntl(fd, F_GETFD));
  struct pollfd polled = {fd, POLLIN, 0};
  SAY(poll(&polled, 1, 0));
  SAY(pidfd_send_signal(fd, 0, 0, 0));
  SAY(pidfd_send_signal(fd, SIGTERM, 0, 1));
  SAY(pidfd_send_signal(0, SIGTERM, 0, 0));
  SAY(pidfd_send_signal(fd, SIGTERM, 0, 0));
  SAY(poll(&polled, 1, -1));
  printf("revents %x\n", polled.revents);
  siginfo_t info = {0};
  SAY(waitid(P_PIDFD, fd, &info, WEXITED));
  printf("code %d status %d\n", info.si_code, info.si_status);
  SAY(pidfd_send_signal(fd, SIGTERM, 0, 0));
  int pidfd = -1;
  child = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &pidfd, 0, 0);
  if (child == 0) _exit(6);
  printf("pidfd %d\n", pidfd > 2);
  memset(&info, 0, sizeof info);
  SAY(waitid(P_PIDFD, pidfd, &info, WEXITED));
  printf("code %d status %d child %d\n", info.si_code, info.si_status, info.si_pid == child);
}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  pid_t pid = fork();
  if (pid == 0) { polls(); selects(); epolls(); eventfds(); signalfds(); pidfds(); exit(0); }
  int status;
  waitpid(pid, &status, 0);
  printf("status %x\n", status);
  return 0;
}
