// /proc/net: its tables, with sockets of every kind in them; inodes, pointers and slots are left out.
#include "sockets.h"
#include <sys/mount.h>
#include <linux/netlink.h>

static int compare(const void *a, const void *b) { return strcmp(*(char **)a, *(char **)b); }
// Prints a file: fields numbered in `hidden` as "-", lines in order, ports the kernel chose as "any".
static void table(const char *name, unsigned hidden, int is_sorted) {
  char path[64], line[512], *lines[64], *save; int count = 0;
  snprintf(path, sizeof path, "/proc/self/net/%s", name);
  FILE *f = fopen(path, "r");
  printf("== %s%s\n", name, f ? "" : " missing");
  if (!f) return;
  while (fgets(line, sizeof line, f) && count < 64) {
    // The width counts where lines are padded to one.
    size_t width = strlen(line); char shown[1024]; int at = sprintf(shown, "%zu ", width == 128 || width == 150 ? width : 0), field = 0;
    int is_header = hidden && count == 0;
    for (char *t = strtok_r(line, " \n", &save); t; t = strtok_r(NULL, " \n", &save), field++) {
      char *colon = strrchr(t, ':');
      if (!is_header && colon && strlen(colon) == 5 && strtol(colon + 1, 0, 16) >= 32768) strcpy(colon, ":any");
      at += sprintf(shown + at, "%s ", !is_header && (hidden >> field & 1) ? "-" : t);
    }
    lines[count++] = strdup(shown);
  }
  if (is_sorted && count > 1) qsort(lines + 1, count - 1, sizeof *lines, compare);
  for (int i = 0; i < count; i++) puts(lines[i]);
  fclose(f);
}
static int tcp(const char *address, int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0); struct sockaddr_in a = { AF_INET, htons(port), { inet_addr(address) } };
  bind(fd, (void *)&a, sizeof a); listen(fd, 5); return fd;
}
static int connected(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0); struct sockaddr_in a = { AF_INET, htons(port), { htonl(INADDR_LOOPBACK) } };
  if (connect(fd, (void *)&a, sizeof a)) perror("connect"); return fd;
}
static int six(int type, int port) {
  int fd = socket(AF_INET6, type, 0); struct sockaddr_in6 a = { AF_INET6, htons(port), 0, port == 8081 ? in6addr_any : in6addr_loopback };
  bind(fd, (void *)&a, sizeof a); if (type == SOCK_STREAM) listen(fd, 3); return fd;
}
static int unix_socket(int type, const char *name, int size) {
  int fd = socket(AF_UNIX, type, 0); struct sockaddr_un a = { AF_UNIX }; memcpy(a.sun_path, name, size);
  if (size) bind(fd, (void *)&a, 2 + size); return fd;
}
int main(void) {
  mkdir("/proc", 0755);
  if (access("/proc/self", F_OK)) mount("proc", "/proc", "proc", 0, 0);
  loopback_up();
  int l = tcp("127.0.0.1", 8080), c = connected(8080), a = accept(l, 0, 0); write(c, "hello", 5);
  int l6 = six(SOCK_STREAM, 8081), c6 = connected(8081), u6 = six(SOCK_DGRAM, 5353);
  int u = socket(AF_INET, SOCK_DGRAM, 0), v = socket(AF_INET, SOCK_DGRAM, 0), w = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in to = { AF_INET, htons(53) }; bind(u, (void *)&to, sizeof to); sendto(v, "abc", 3, 0, (void *)&to, sizeof to);
  to.sin_port = htons(54); setuid(0); seteuid(1000); w = socket(AF_INET, SOCK_DGRAM, 0); seteuid(0); connect(w, (void *)&to, sizeof to); send(w, "x", 1, 0);
  int r = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  int x = unix_socket(SOCK_STREAM, "/x.sock", 8); listen(x, 1); int y = unix_socket(SOCK_STREAM, "", 0); struct sockaddr_un b = { AF_UNIX, "/x.sock" }; connect(y, (void *)&b, sizeof b);
  int d = unix_socket(SOCK_DGRAM, "\0abs", 4), pair[2]; socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
  int n = socket(AF_NETLINK, SOCK_RAW, 0); struct sockaddr_nl nl = { AF_NETLINK, 0, 77, 5 }; bind(n, (void *)&nl, sizeof nl);
  usleep(50000);
  unsigned inet = 1 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 15 | 1 << 16;
  table("tcp", inet, 1); table("tcp6", inet, 1); unsigned datagram = 1 | 1 << 9 | 1 << 11; table("udp", datagram, 1); table("udp6", datagram, 1); table("raw", datagram, 1); table("raw6", datagram, 1); table("icmp", datagram, 1); table("udplite", 0, 0);
  table("unix", 1 | 1 << 6, 1); table("if_inet6", 0, 0); table("arp", 0, 0); table("route", 0, 0); table("sockstat6", 0, 0); table("igmp", 0, 0); table("packet", 0, 0); table("psched", 0, 0);
  return 0;
}
