// A server for connections of the host: counts what comes, answers much, ends, resets, is reset.
#include "sockets.h"

static void wait_for(int fd, int event) {
  struct pollfd p = { fd, event };
  for (int i = 0; i < 2000 && poll(&p, 1, 5) == 0; i++);
}
static int next(int l) {
  struct sockaddr_in a; socklen_t n = sizeof a; wait_for(l, POLLIN);
  int fd = accept(l, (void *)&a, &n); char text[64]; inet_ntop(AF_INET, &a.sin_addr, text, sizeof text);
  printf("from %s, family %d\n", text, a.sin_family);
  return fd;
}
static void count(int fd) {
  static char b[5000]; long bytes = 0, sum = 0; int n;
  while (wait_for(fd, POLLIN), (n = read(fd, b, sizeof b)) > 0) { bytes += n; for (int i = 0; i < n; i++) sum += (unsigned char)b[i]; usleep(10); }
  printf("read %ld bytes, sum %ld, then %s\n", bytes, sum, n < 0 ? strerrorname_np(errno) : "end");
}
int main(void) {
  loopback_up();
  int l = socket(AF_INET, SOCK_STREAM, 0); struct sockaddr_in a = { AF_INET, htons(7000) }; bind(l, (void *)&a, sizeof a); listen(l, 0);
  static char answer[600000]; for (int i = 0; i < (int)sizeof answer; i++) answer[i] = i;
  int fd = next(l); count(fd); int done = 0; while (done < (int)sizeof answer) { int n = write(fd, answer + done, sizeof answer - done); if (n < 0) break; done += n; } printf("wrote %d\n", done); close(fd);
  fd = next(l); struct linger hard = { 1, 0 }; setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard); close(fd);
  fd = next(l); count(fd); close(fd);
  FILE *f = fopen("/proc/net/dev", "r"); char line[300]; while (f && fgets(line, sizeof line, f)) if (strstr(line, "eth0")) { long rx, rp, tx, x; sscanf(line, " eth0: %ld %ld %*d %*d %*d %*d %*d %*d %ld", &rx, &rp, &tx); printf("eth0 received %ld, sent %ld\n", rx, tx); }
  return 0;
}
