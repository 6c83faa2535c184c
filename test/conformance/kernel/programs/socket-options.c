// Every option of SOL_SOCKET, of every kind of socket: its value, its size, what setting it answers and leaves.
#include "sockets.h"

// Values that are of the machine: buffers of TCP, cookies, security labels, processors, pids.
static int is_opaque(int name) {
  return name == 31 || name == 49 || name == 55 || name == 56 || name == 57 || name == 59 || name == 17 || name == 77 || name == 81 || name == 82;
}
static void all(const char *what, int fd) {
  printf("== %s\n", what);
  for (int name = 0; name < 80; name++) {
    unsigned char b[64]; memset(b, 0x55, sizeof b); socklen_t n = sizeof b;
    if (name == 26 || name == 50 || name == 51 || name == 52 || name == 58) continue; // Filters have a shape of their own.
    int r = getsockopt(fd, SOL_SOCKET, name, b, &n), e = errno; printf("%d:", name);
    if (r < 0) printf(" %s", strerrorname_np(e)); else { printf(" len %u", n); for (int i = 0; i < (int)n && i < 16 && !is_opaque(name); i++) printf(" %02x", b[i]); }
    int one = 1; long pair[2] = { 1, 1 };
    r = setsockopt(fd, SOL_SOCKET, name, pair, sizeof pair); printf(" set %s", r < 0 ? strerrorname_np(errno) : "ok"); r = setsockopt(fd, SOL_SOCKET, name, &one, 2); printf(" short %s", r < 0 ? strerrorname_np(errno) : "ok");
    memset(b, 0x55, sizeof b); n = sizeof b; if (!getsockopt(fd, SOL_SOCKET, name, b, &n)) { printf(" now %u", n); for (int i = 0; i < (int)n && i < 16 && !is_opaque(name); i++) printf(" %02x", b[i]); }
    puts("");
  }
  close(fd);
}
int main(void) {
  loopback_up();
  all("tcp", socket(AF_INET, SOCK_STREAM, 0)); all("udp", socket(AF_INET, SOCK_DGRAM, 0)); all("udp6", socket(AF_INET6, SOCK_DGRAM, 0)); all("stream", socket(AF_UNIX, SOCK_STREAM, 0)); all("dgram", socket(AF_UNIX, SOCK_DGRAM, 0)); all("raw", socket(AF_INET, SOCK_RAW, 1)); all("netlink", socket(AF_NETLINK, SOCK_RAW, 0));
  return 0;
}
