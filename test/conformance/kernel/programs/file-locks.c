/* Locks: POSIX records, open file descriptions, flock; who waits for whom; fcntl's other commands; dup. */
#include "check.h"

static int lock(int fd, int command, int type, int start, int length) {
  struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
  int result = fcntl(fd, command, &l);
  int error = errno;
  if (command == F_GETLK || command == F_OFD_GETLK)
    printf("  held: type %d whence %d start %lld len %lld pid %s\n", l.l_type, l.l_whence, (long long)l.l_start, (long long)l.l_len, l.l_pid == -1 ? "-1" : l.l_pid == 0 ? "0" : l.l_pid == getppid() ? "parent" : "other");
  errno = error;
  return result;
}
/* One question after the other, each in a child. */
#define CHILD for (pid_t p_ = (fflush(stdout), fork()); p_ >= 0; p_ = -1) if (p_ > 0) waitpid(p_, NULL, 0); else for (int once_ = 1; once_; fflush(stdout), _exit(0))

static void records(void) {
  put("f", "0123456789");
  int fd = open("f", O_RDWR), ro = open("f", O_RDONLY);
  SHOW(lock(fd, F_SETLK, F_WRLCK, 0, 10));
  SHOW(lock(fd, F_GETLK, F_WRLCK, 0, 10));
  SHOW(lock(ro, F_SETLK, F_WRLCK, 0, 10));
  SHOW(lock(fd, F_SETLK, 7, 0, 10));
  SHOW(lock(fd, F_SETLK, F_RDLCK, -1, 10));
  SHOW(lock(99, F_SETLK, F_RDLCK, 0, 10));
  CHILD {
    SHOW(lock(fd, F_SETLK, F_RDLCK, 5, 1));
    SHOW(lock(fd, F_GETLK, F_RDLCK, 5, 1));
    SHOW(lock(fd, F_SETLK, F_WRLCK, 10, 0));
    SHOW(lock(fd, F_OFD_GETLK, F_WRLCK, 0, 0));
  }
  SHOW(lock(fd, F_SETLK, F_UNLCK, 3, 2));
  SHOW(lock(fd, F_SETLK, F_RDLCK, 7, 1));
  CHILD {
    SHOW(lock(fd, F_GETLK, F_WRLCK, 0, 0));
    SHOW(lock(fd, F_GETLK, F_WRLCK, 3, 0));
    SHOW(lock(fd, F_GETLK, F_WRLCK, 7, 1));
    SHOW(lock(fd, F_SETLK, F_WRLCK, 3, 2));
    SHOW(lock(fd, F_SETLK, F_RDLCK, 7, 1));
  }
  close(open("f", O_RDONLY));
  CHILD { SHOW(lock(fd, F_SETLK, F_WRLCK, 0, 0)); }
  struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = -2, .l_len = 2};
  SHOW(fcntl(fd, F_SETLK, &l));
  CHILD { SHOW(lock(fd, F_GETLK, F_RDLCK, 0, 0)); }
  l.l_start = 0, l.l_len = -4;
  SHOW(fcntl(fd, F_SETLK, &l));
  CHILD { SHOW(lock(fd, F_GETLK, F_RDLCK, 0, 0)); }
  lock(fd, F_SETLK, F_UNLCK, 0, 0);
}

static void descriptions(void) {
  int a = open("f", O_RDWR), b = open("f", O_RDWR);
  SHOW(lock(a, F_OFD_SETLK, F_WRLCK, 0, 5));
  SHOW(lock(b, F_OFD_SETLK, F_WRLCK, 4, 5));
  SHOW(lock(b, F_OFD_GETLK, F_WRLCK, 4, 5));
  SHOW(lock(b, F_SETLK, F_WRLCK, 4, 5));
  int c = dup(a);
  close(a);
  SHOW(lock(b, F_OFD_SETLK, F_RDLCK, 0, 1));
  close(c);
  SHOW(lock(b, F_OFD_SETLK, F_RDLCK, 0, 1));
  struct flock l = {.l_type = F_WRLCK, .l_pid = 5};
  SHOW(fcntl(b, F_OFD_SETLK, &l));
  close(b);
  a = open("f", O_RDWR), b = open("f", O_RDONLY);
  SHOW(flock(a, LOCK_EX));
  SHOW(flock(b, LOCK_SH | LOCK_NB));
  SHOW(flock(a, LOCK_SH));
  SHOW(flock(b, LOCK_SH | LOCK_NB));
  SHOW(flock(a, LOCK_EX | LOCK_NB));
  SHOW(flock(b, LOCK_UN));
  SHOW(flock(a, LOCK_EX | LOCK_NB));
  SHOW(flock(b, LOCK_EX | LOCK_NB));
  SHOW(lock(b, F_SETLK, F_RDLCK, 0, 0));
  SHOW(flock(a, 77));
  SHOW(flock(99, LOCK_EX));
  SHOW(flock(open("f", O_PATH), LOCK_EX));
  CHILD { SHOW(flock(a, LOCK_UN)); }
  SHOW(flock(b, LOCK_EX | LOCK_NB));
  close(a), close(b);
}

static void nothing(int signal) { (void)signal; }

static void waiting(void) {
  int fd = open("f", O_RDWR), go[2];
  char c;
  pipe(go);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    lock(fd, F_SETLK, F_WRLCK, 0, 1);
    write(go[1], "x", 1);
    usleep(50000);
    lock(fd, F_SETLK, F_UNLCK, 0, 1);
    usleep(50000);
    _exit(0);
  }
  read(go[0], &c, 1);
  SHOW(lock(fd, F_SETLK, F_WRLCK, 0, 1));
  SHOW(lock(fd, F_SETLKW, F_WRLCK, 0, 1));
  waitpid(child, NULL, 0);
  fflush(stdout);
  child = fork();
  if (child == 0) {
    lock(fd, F_SETLK, F_WRLCK, 5, 1);
    write(go[1], "x", 1);
    usleep(30000);
    int r = lock(fd, F_SETLKW, F_WRLCK, 0, 1);
    printf("child: %d %s\n", r, r ? strerrorname_np(errno) : "");
    fflush(stdout);
    _exit(0);
  }
  read(go[0], &c, 1);
  int r = lock(fd, F_SETLKW, F_WRLCK, 5, 1);
  waitpid(child, NULL, 0);
  printf("parent: %d %s\n", r, r ? strerrorname_np(errno) : "");
  lock(fd, F_SETLK, F_UNLCK, 0, 0);
  fflush(stdout);
  child = fork();
  if (child == 0) {
    int own = open("f", O_RDWR);
    flock(own, LOCK_EX);
    write(go[1], "x", 1);
    usleep(50000);
    _exit(0);
  }
  read(go[0], &c, 1);
  SHOW(flock(fd, LOCK_EX | LOCK_NB));
  SHOW(flock(fd, LOCK_EX));
  waitpid(child, NULL, 0);
  fflush(stdout);
  child = fork();
  if (child == 0) {
    int own = open("f", O_RDWR);
    struct sigaction action = {.sa_handler = nothing};
    sigaction(SIGALRM, &action, NULL);
    ualarm(30000, 0);
    SHOW(flock(own, LOCK_EX));
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, NULL, 0);
}

static void commands(void) {
  int fd = open("f", O_RDWR), p[2];
  pipe(p);
  SHOW(fcntl(fd, F_GETFD));
  SHOW(fcntl(fd, F_SETFD, FD_CLOEXEC));
  SHOW(fcntl(fd, F_GETFD));
  int copy = fcntl(fd, F_DUPFD, 100);
  SHOW(copy);
  SHOW(fcntl(copy, F_GETFD));
  SHOW(fcntl(fd, F_DUPFD_CLOEXEC, 100));
  SHOW(fcntl(101, F_GETFD));
  SHOW(fcntl(fd, F_DUPFD, -1));
  SHOW(fcntl(fd, F_DUPFD, 2000000));
  SHOW(fcntl(99, F_DUPFD, 0));
  SHOW(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK | O_RDONLY | O_CREAT));
  SHOW(fcntl(fd, F_GETFL));
  SHOW(fcntl(copy, F_GETFL));
  SHOW(fcntl(p[0], F_GETFL));
  SHOW(fcntl(p[1], F_GETFL));
  SHOW(fcntl(fd, F_GETOWN));
  SHOW(fcntl(fd, F_SETOWN, getpid()));
  SHOW(fcntl(fd, F_GETOWN) == getpid());
  SHOW(fcntl(fd, F_GETSIG));
  SHOW(fcntl(fd, F_SETSIG, SIGUSR1));
  SHOW(fcntl(fd, F_GETSIG));
  SHOW(fcntl(fd, F_SETSIG, 100));
  SHOW(fcntl(fd, 9999));
  SHOW(fcntl(99, F_GETFL));
  SHOW(fcntl(p[0], F_GETPIPE_SZ));
  SHOW(fcntl(p[1], F_SETPIPE_SZ, 5000));
  SHOW(fcntl(p[0], F_GETPIPE_SZ));
  SHOW(fcntl(p[1], F_SETPIPE_SZ, 0));
  SHOW(fcntl(fd, F_GETPIPE_SZ));
  SHOW(dup2(fd, 50));
  SHOW(dup2(fd, fd));
  SHOW(dup2(99, 50));
  SHOW(dup2(fd, -1));
  SHOW(dup3(fd, fd, 0));
  SHOW(dup3(fd, 51, O_CLOEXEC));
  SHOW(fcntl(51, F_GETFD));
  SHOW(dup3(fd, 51, O_APPEND));
  SHOW(fcntl(51, F_GETFD));
  SHOW(close(51));
  SHOW(close(51));
  SHOW(close(-1));
  int on = 1;
  SHOW(ioctl(fd, FIONBIO, &on));
  SHOW(fcntl(fd, F_GETFL));
  on = 0;
  SHOW(ioctl(fd, FIONBIO, &on));
  SHOW(fcntl(fd, F_GETFL));
  SHOW(ioctl(50, FIOCLEX));
  SHOW(fcntl(50, F_GETFD));
  SHOW(ioctl(50, FIONCLEX));
  SHOW(fcntl(50, F_GETFD));
  write(p[1], "12345", 5);
  SHOW(ioctl(p[0], FIONREAD, &on));
  SHOW(on);
  SHOW(dup2(fd, 60)), dup2(fd, 61), dup2(fd, 62);
  SHOW(close_range(61, 62, 0));
  SHOW(fcntl(60, F_GETFD));
  SHOW(fcntl(61, F_GETFD));
  SHOW(close_range(60, ~0u, CLOSE_RANGE_CLOEXEC));
  SHOW(fcntl(60, F_GETFD));
  SHOW(close_range(5, 4, 0));
  SHOW(close_range(5, 6, 8));
  struct rlimit limit = {10, 20};
  setrlimit(RLIMIT_NOFILE, &limit);
  int last = -1, next;
  while ((next = dup(0)) >= 0) last = next;
  printf("last %d %s\n", last, strerrorname_np(errno));
  OK(open("f", O_RDONLY));
  OK(open("made-in-vain", O_CREAT | O_WRONLY, 0644));
  mode("made-in-vain");
  SHOW(pipe(p));
  SHOW(dup2(0, 10));
  SHOW(fcntl(0, F_DUPFD, 10));
}

int main(void) {
  records(), descriptions(), waiting(), commands();
  return 0;
}
