// What the programs about terminals share: saying things, /dev as a container has it, a pair, signals.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define say(...) (printf(__VA_ARGS__), fflush(stdout))
#define ask(text, call) do { errno = 0; long r_ = (long)(call); say("%s: %ld%s%s\n", text, r_, r_ < 0 ? " " : "", r_ < 0 ? strerrorname_np(errno) : ""); } while (0)

static int master, slave;
static char name[64];

static void places(void) {
  mkdir("/dev", 0755);
  mkdir("/dev/pts", 0755);
  if (access("/dev/pts/ptmx", F_OK) == 0) return;
  if (mount("devpts", "/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666,mode=0620,gid=5") < 0) perror("mount");
  mknod("/dev/tty", S_IFCHR | 0666, makedev(5, 0));
  symlink("pts/ptmx", "/dev/ptmx");
}

static void settle(void) { usleep(20000); }

/** A master, and the name of its slave. */
static void open_master(void) {
  unsigned number = 99;
  int zero = 0;
  master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
  ioctl(master, TIOCGPTN, &number);
  snprintf(name, sizeof name, "/dev/pts/%u", number);
  ioctl(master, TIOCSPTLCK, &zero);
}

static int caught;
static void note(int signal) { caught = signal; }
static void on(int signal, void (*handler)(int), int flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  sigaction(signal, &action, NULL);
}

static sigset_t only(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  return set;
}

/** From here on until await: a signal that comes before the wait for it is not lost. */
static void hold(int signal) {
  caught = 0;
  sigset_t set = only(signal);
  sigprocmask(SIG_BLOCK, &set, NULL);
}

static void await(int signal) {
  sigset_t set = only(signal), none;
  sigemptyset(&none);
  while (!caught) sigsuspend(&none);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
}
