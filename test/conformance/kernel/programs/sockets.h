// What the socket programs share: one line per call, and the loopback up.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long said(const char *what, long result) {
  printf("%s = %ld %s\n", what, result, result < 0 ? strerrorname_np(errno) : "");
  return result;
}
#define R(call) said(#call, (errno = 0, (long)(call)))
#define OK(call) ({ long r_ = (errno = 0, (long)(call)); if (r_ < 0) said(#call, r_); r_; })

// What poll answers now.
static void events(const char *what, int fd) {
  struct pollfd p = { fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM | POLLWRNORM | POLLRDBAND | POLLWRBAND, 0 };
  int n = poll(&p, 1, 0);
  printf("  %s: poll %d%s%s%s%s%s%s%s%s\n", what, n, p.revents & POLLIN ? " IN" : "", p.revents & POLLOUT ? " OUT" : "",
    p.revents & POLLPRI ? " PRI" : "", p.revents & POLLERR ? " ERR" : "", p.revents & POLLHUP ? " HUP" : "",
    p.revents & POLLRDHUP ? " RDHUP" : "", p.revents & POLLRDNORM ? " RDNORM" : "", p.revents & POLLWRBAND ? " WRBAND" : "");
}
static int option(int fd, int level, int name) {
  int value = -12345; socklen_t size = sizeof value;
  if (getsockopt(fd, level, name, &value, &size) < 0) return -errno;
  return value;
}
#define OPTION(fd, level, name) printf("  %s = %d\n", #name, option(fd, level, name))
static int set(int fd, int level, int name, int value) { return setsockopt(fd, level, name, &value, sizeof value); }

static int pipes;
static void on_pipe(int s) { pipes++; }

static void loopback_up(void) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  struct ifreq r = { .ifr_name = "lo" };
  ioctl(fd, SIOCGIFFLAGS, &r);
  r.ifr_flags |= IFF_UP;
  ioctl(fd, SIOCSIFFLAGS, &r);
  close(fd);
}
