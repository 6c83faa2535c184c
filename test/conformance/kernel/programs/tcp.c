// TCP over the loopback: names, connections, ends, resets, flow, options.
#include "sockets.h"

typedef union { struct sockaddr a; struct sockaddr_in in; struct sockaddr_in6 in6; } any;
static socklen_t addr(any *u, const char *text, int port) {
  memset(u, 0, sizeof *u);
  if (strchr(text, ':')) { u->in6.sin6_family = AF_INET6; u->in6.sin6_port = htons(port); inet_pton(AF_INET6, text, &u->in6.sin6_addr); return sizeof u->in6; }
  u->in.sin_family = AF_INET; u->in.sin_port = htons(port); inet_pton(AF_INET, text, &u->in.sin_addr); return sizeof u->in;
}
static int bind_to(int fd, const char *text, int port) { any u; socklen_t n = addr(&u, text, port); return bind(fd, &u.a, n); }
static int connect_to(int fd, const char *text, int port) { any u; socklen_t n = addr(&u, text, port); return connect(fd, &u.a, n); }
static void shown(const char *what, int r, any *u, socklen_t n, int hide) {
  char b[64] = ""; int port = 0;
  if (r < 0) { printf("  %s: %s\n", what, strerrorname_np(errno)); return; }
  if (u->a.sa_family == AF_INET) { inet_ntop(AF_INET, &u->in.sin_addr, b, sizeof b); port = ntohs(u->in.sin_port); }
  if (u->a.sa_family == AF_INET6) { inet_ntop(AF_INET6, &u->in6.sin6_addr, b, sizeof b); port = ntohs(u->in6.sin6_port); }
  printf("  %s: len %d family %d %s port %s\n", what, n, u->a.sa_family, b, port == 0 ? "0" : port >= 32768 ? "ephemeral" : "as given");
}
static void names(const char *what, int fd) {
  any u; socklen_t n = sizeof u; memset(&u, 0, n);
  printf("  %s\n", what);
  int r = getsockname(fd, &u.a, &n); shown("own", r, &u, n, 0);
  n = sizeof u; r = getpeername(fd, &u.a, &n); shown("peer", r, &u, n, 0);
}
static int got(const char *what, int fd, int size, int flags) {
  char b[256] = ""; int r = recv(fd, b, size, flags);
  printf("  %s: recv %d %s '%.*s'\n", what, r, r < 0 ? strerrorname_np(errno) : "", r > 0 ? r : 0, b);
  return r;
}
static int state(int fd) { struct tcp_info i; socklen_t n = sizeof i; return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &i, &n) < 0 ? -errno : i.tcpi_state; }
static int tcp(void) { return socket(AF_INET, SOCK_STREAM, 0); }
static void settle(void) { struct timespec t = { 0, 5000000 }; nanosleep(&t, 0); }
static int port = 2000;
static void pair(int *p) { int l = tcp(); bind_to(l, "127.0.0.1", ++port); listen(l, 1); p[0] = tcp(); connect_to(p[0], "127.0.0.1", port); p[1] = accept(l, 0, 0); close(l); }

static void creation(void) {
  puts("== creation");
  int s;
  R(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP)); R(socket(AF_INET, SOCK_SEQPACKET, 0)); R(socket(AF_INET, SOCK_RAW, 0)); R(socket(AF_INET, SOCK_STREAM, 300)); R(socket(AF_INET, SOCK_DGRAM, -1)); R(socket(AF_INET, 7, 0)); int sp[2]; R(socketpair(AF_INET, SOCK_STREAM, 0, sp));
  s = tcp(); OPTION(s, SOL_SOCKET, SO_TYPE); OPTION(s, SOL_SOCKET, SO_DOMAIN); OPTION(s, SOL_SOCKET, SO_PROTOCOL); OPTION(s, SOL_SOCKET, SO_ACCEPTCONN);
  events("new", s); names("new", s); got("new", s, 1, 0); R(send(s, "x", 1, MSG_NOSIGNAL)); R(shutdown(s, SHUT_RDWR)); R(accept(s, 0, 0)); printf("  state %d\n", state(s)); events("shut", s); close(s);
  signal(SIGPIPE, on_pipe); s = tcp(); R(write(s, "x", 1)); printf("  SIGPIPE %d\n", pipes); close(s);
}
static void naming(void) {
  puts("== names");
  int s = tcp(), t = tcp(), six = socket(AF_INET6, SOCK_STREAM, 0); any u;
  R(bind_to(s, "10.1.2.3", 80)); R(bind_to(s, "::1", 80)); R(bind_to(six, "127.0.0.1", 80)); R(bind_to(six, "2001:db8::1", 80)); addr(&u, "127.0.0.1", 1); R(bind(s, &u.a, 8)); u.a.sa_family = 77; R(bind(s, &u.a, 16));
  R(bind_to(s, "0.0.0.0", 1080)); names("any", s); R(bind_to(s, "127.0.0.1", 1081)); R(bind_to(t, "127.0.0.1", 1080)); R(bind_to(six, "::", 1080)); R(set(six, IPPROTO_IPV6, IPV6_V6ONLY, 1)); OPTION(six, IPPROTO_IPV6, IPV6_V6ONLY); R(bind_to(six, "::", 1080)); R(set(six, IPPROTO_IPV6, IPV6_V6ONLY, 0)); names("six", six);
  R(set(t, SOL_SOCKET, SO_REUSEADDR, 1)); R(bind_to(t, "127.0.0.1", 1080)); R(set(s, SOL_SOCKET, SO_REUSEADDR, 1)); R(bind_to(t, "127.0.0.1", 1080)); R(listen(s, 5)); R(listen(t, 5)); close(t); t = tcp(); set(t, SOL_SOCKET, SO_REUSEADDR, 1); R(bind_to(t, "127.0.0.1", 1080));
  close(s); close(t); close(six); s = tcp(); t = tcp(); R(set(s, SOL_SOCKET, SO_REUSEPORT, 1)); R(set(t, SOL_SOCKET, SO_REUSEPORT, 1)); R(bind_to(s, "127.0.0.1", 1082)); R(bind_to(t, "127.0.0.1", 1082)); R(listen(s, 1)); R(listen(t, 1)); close(s); close(t);
  s = tcp(); R(listen(s, 3)); names("listening", s); R(listen(s, 4)); R(bind_to(s, "127.0.0.1", 99)); R(connect_to(s, "127.0.0.1", 1)); events("listener", s); got("listener", s, 1, 0); R(send(s, "x", 1, MSG_NOSIGNAL)); printf("  state %d\n", state(s)); R(shutdown(s, SHUT_WR)); R(shutdown(s, SHUT_RD)); events("shut", s); R(accept(s, 0, 0)); printf("  state %d\n", state(s)); close(s);
  fflush(stdout); if (fork() == 0) { setgid(1000); setuid(1000); s = tcp(); R(bind_to(s, "127.0.0.1", 1023)); R(bind_to(s, "127.0.0.1", 1024)); R(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)); R(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP)); R(set(s, SOL_SOCKET, SO_MARK, 1)); R(set(s, SOL_SOCKET, SO_PRIORITY, 7)); fflush(stdout); _exit(0); } wait(0);
}
static void connecting(void) {
  puts("== connecting");
  int l = tcp(), c; bind_to(l, "127.0.0.1", 1100); listen(l, 2);
  c = tcp(); any u; addr(&u, "127.0.0.1", 1100); R(connect(c, &u.a, 1)); R(connect(c, &u.a, 8)); R(connect_to(c, "::1", 1100)); R(connect_to(c, "127.0.0.1", 1101)); events("refused", c); OPTION(c, SOL_SOCKET, SO_ERROR); R(connect_to(c, "192.168.77.1", 80)); R(connect_to(c, "224.0.0.1", 80)); R(connect_to(c, "255.255.255.255", 80));
  R(connect_to(c, "127.0.0.1", 1100)); names("client", c); R(connect_to(c, "127.0.0.1", 1100)); events("client", c); events("listener", l); printf("  state %d\n", state(c));
  any p; socklen_t n = sizeof p; int a = R(accept4(l, &p.a, &n, SOCK_NONBLOCK | SOCK_CLOEXEC) >= 0); shown("from", 0, &p, n, 0);
  close(c); c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0); R(connect_to(c, "127.0.0.1", 1100)); events("under way", c); OPTION(c, SOL_SOCKET, SO_ERROR); R(connect_to(c, "127.0.0.1", 1100)); R(connect_to(c, "127.0.0.1", 1100)); names("non-blocking", c); close(c);
  c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0); R(connect_to(c, "127.0.0.1", 1102)); events("refused", c); R(connect_to(c, "127.0.0.1", 1102)); R(connect_to(c, "127.0.0.1", 1102)); OPTION(c, SOL_SOCKET, SO_ERROR); OPTION(c, SOL_SOCKET, SO_ERROR); events("told", c); got("told", c, 1, 0); close(c);
  c = tcp(); R(connect_to(c, "0.0.0.0", 1100)); names("to any", c); u.a.sa_family = AF_UNSPEC; R(connect(c, &u.a, 16)); names("dissolved", c); events("dissolved", c); R(connect_to(c, "127.0.0.1", 1100)); close(c);
  c = tcp(); R(connect_to(c, "127.0.0.9", 1100)); c = tcp(); R(bind_to(c, "127.0.0.5", 1105)); close(l); l = tcp(); bind_to(l, "0.0.0.0", 1104); listen(l, 9); R(connect_to(c, "127.9.9.9", 1104)); names("chosen", c); a = accept(l, 0, 0); names("accepted", a); close(a); close(c);
  int six = socket(AF_INET6, SOCK_STREAM, 0); bind_to(six, "::", 1106); listen(six, 9); c = tcp(); R(connect_to(c, "127.0.0.1", 1106)); a = accept(six, 0, 0); names("dual", a); close(c); c = socket(AF_INET6, SOCK_STREAM, 0); R(connect_to(c, "::ffff:127.0.0.1", 1106)); names("mapped", c); a = accept(six, 0, 0); names("mapped accepted", a); close(c); c = socket(AF_INET6, SOCK_STREAM, 0); R(connect_to(c, "::1", 1106)); names("six", c); close(c); c = socket(AF_INET6, SOCK_STREAM, 0); R(connect_to(c, "2001:db8::1", 1106)); R(connect_to(c, "::", 1106)); names("six any", c); set(c, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  // A connection nobody accepts is reset when its listener goes.
  l = tcp(); bind_to(l, "127.0.0.1", 1107); listen(l, 4); c = tcp(); connect_to(c, "127.0.0.1", 1107); R(send(c, "x", 1, 0)); close(l); settle(); events("listener gone", c); got("listener gone", c, 1, 0); got("again", c, 1, 0);
  // Accept waits; the address of the peer is told.
  l = tcp(); bind_to(l, "127.0.0.1", 1108); listen(l, 4); fflush(stdout); if (fork() == 0) { settle(); c = tcp(); connect_to(c, "127.0.0.1", 1108); write(c, "late", 4); _exit(0); } a = R(accept(l, 0, 0) > 0); wait(0); struct timeval tv = { 0, 20000 }; setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv); R(accept(l, 0, 0));
}
static void ends(void) {
  puts("== ends");
  int p[2]; pair(p); R(send(p[0], "hello", 5, 0)); settle(); int n = 0; ioctl(p[1], FIONREAD, &n); printf("  FIONREAD %d\n", n); got("peek", p[1], 3, MSG_PEEK); got("data", p[1], 9, 0); got("none", p[1], 9, MSG_DONTWAIT); got("zero", p[1], 0, MSG_DONTWAIT);
  R(shutdown(p[0], SHUT_WR)); settle(); events("sender", p[0]); events("receiver", p[1]); printf("  state %d\n", state(p[1])); got("end", p[1], 9, 0); R(send(p[1], "back", 4, 0)); got("back", p[0], 9, 0); pipes = 0; R(send(p[0], "x", 1, 0)); printf("  SIGPIPE %d\n", pipes); R(shutdown(p[0], SHUT_WR)); close(p[1]); settle(); events("both", p[0]); names("both", p[0]); printf("  state %d\n", state(p[0])); got("both", p[0], 1, 0); R(shutdown(p[0], SHUT_RD)); close(p[0]);
  pair(p); close(p[0]); settle(); events("peer closed", p[1]); got("peer closed", p[1], 1, 0); R(send(p[1], "x", 1, MSG_NOSIGNAL)); settle(); events("reset", p[1]); R(send(p[1], "x", 1, MSG_NOSIGNAL)); got("reset", p[1], 1, 0); OPTION(p[1], SOL_SOCKET, SO_ERROR); close(p[1]);
  pair(p); send(p[1], "unread", 6, 0); settle(); close(p[0]); settle(); events("unread", p[1]); got("unread", p[1], 1, 0); got("then", p[1], 1, 0); R(send(p[1], "x", 1, MSG_NOSIGNAL)); close(p[1]);
  pair(p); struct linger l = { 1, 0 }; setsockopt(p[0], SOL_SOCKET, SO_LINGER, &l, sizeof l); send(p[0], "data", 4, 0); settle(); close(p[0]); settle(); OPTION(p[1], SOL_SOCKET, SO_ERROR); events("linger", p[1]); got("linger", p[1], 9, 0); got("then", p[1], 9, 0); close(p[1]);
  pair(p); R(shutdown(p[0], SHUT_RD)); events("rd", p[0]); got("rd", p[0], 1, 0); R(send(p[1], "still", 5, 0)); settle(); got("rd data", p[0], 9, 0); got("rd", p[0], 9, 0); events("other", p[1]); close(p[0]); close(p[1]);
  pair(p); R(send(p[0], "abc!", 4, MSG_OOB)); settle(); events("urgent", p[1]); got("urgent", p[1], 1, MSG_OOB); got("again", p[1], 1, MSG_OOB); R(send(p[0], "def", 3, 0)); settle(); got("before", p[1], 9, 0); ioctl(p[1], SIOCATMARK, &n); printf("  mark %d\n", n); got("after", p[1], 9, 0); close(p[0]); close(p[1]);
}
static void flow(void) {
  puts("== flow");
  int p[2]; pair(p); fcntl(p[0], F_SETFL, O_NONBLOCK); static char b[1 << 16]; long sum = 0, r; memset(b, 'z', sizeof b);
  while ((r = write(p[0], b, sizeof b)) > 0) sum += r; printf("  filled %d %s\n", sum > 1000000, strerrorname_np(errno)); events("full", p[0]); long in = 0; fcntl(p[1], F_SETFL, O_NONBLOCK);
  for (int i = 0; i < 2000 && in < sum; i++) { r = read(p[1], b, sizeof b); if (r > 0) in += r; else settle(); } printf("  all read %d\n", in == sum); events("empty", p[0]); close(p[0]); close(p[1]);
  pair(p); fflush(stdout); if (fork() == 0) { close(p[1]); static char big[3 << 20]; for (int i = 0; i < sizeof big; i++) big[i] = i * 7; r = write(p[0], big, sizeof big); printf("  wrote %ld\n", r); fflush(stdout); _exit(0); }
  close(p[0]); in = 0; int wrong = 0; while ((r = read(p[1], b, sizeof b)) > 0) { for (int i = 0; i < r; i++) wrong += (char)((in + i) * 7) != b[i]; in += r; } wait(0); printf("  read %ld wrong %d\n", in, wrong); close(p[1]);
  pair(p); fflush(stdout); if (fork() == 0) { write(p[0], "abc", 3); settle(); write(p[0], "def", 3); settle(); close(p[0]); close(p[1]); _exit(0); } close(p[0]); got("waitall", p[1], 5, MSG_WAITALL); got("waitall end", p[1], 5, MSG_WAITALL); wait(0); close(p[1]);
  pair(p); set(p[1], SOL_SOCKET, SO_RCVLOWAT, 5); send(p[0], "abc", 3, 0); settle(); events("low", p[1]); send(p[0], "def", 3, 0); settle(); events("enough", p[1]); struct iovec v[2] = { { "12", 2 }, { "345", 3 } }; R(writev(p[0], v, 2)); char x[4], y[20]; struct iovec w[2] = { { x, 4 }, { y, 20 } }; settle(); R(readv(p[1], w, 2)); printf("  %.4s %.7s\n", x, y);
}
static void options(void) {
  puts("== options");
  int s = tcp(), six = socket(AF_INET6, SOCK_STREAM, 0);
  OPTION(s, SOL_SOCKET, SO_SNDBUF); OPTION(s, SOL_SOCKET, SO_RCVBUF);
  for (int i = 1; i <= 12; i++) if (i != 11) { printf("  tcp %d = %d\n", i, option(s, IPPROTO_TCP, i)); }
  int more[] = { 16, 17, 18, 23, 25, 27, 30, 36, 37, 99 }; for (int i = 0; i < 10; i++) printf("  tcp %d = %d\n", more[i], option(s, IPPROTO_TCP, more[i]));
  char name[32] = ""; socklen_t n = sizeof name; R(setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "reno", 4)); n = 3; R(getsockopt(s, IPPROTO_TCP, TCP_CONGESTION, name, &n)); printf("  %.4s %d\n", name, n); R(setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "none", 4)); n = 32; R(getsockopt(s, IPPROTO_TCP, TCP_ULP, name, &n)); printf("  %d\n", n); R(setsockopt(s, IPPROTO_TCP, TCP_ULP, "what", 4));
  R(set(s, IPPROTO_TCP, TCP_NODELAY, 7)); OPTION(s, IPPROTO_TCP, TCP_NODELAY); R(set(s, IPPROTO_TCP, TCP_KEEPIDLE, 0)); R(set(s, IPPROTO_TCP, TCP_KEEPIDLE, 60)); OPTION(s, IPPROTO_TCP, TCP_KEEPIDLE); R(set(s, IPPROTO_TCP, TCP_KEEPCNT, 128)); R(set(s, IPPROTO_TCP, TCP_USER_TIMEOUT, -1)); R(set(s, IPPROTO_TCP, TCP_DEFER_ACCEPT, 5)); OPTION(s, IPPROTO_TCP, TCP_DEFER_ACCEPT); R(set(s, IPPROTO_TCP, TCP_MAXSEG, 5)); R(set(s, IPPROTO_TCP, 99, 1)); R(setsockopt(s, IPPROTO_TCP, TCP_NODELAY, "x", 1));
  int ip[] = { IP_TOS, IP_TTL, IP_RECVOPTS, IP_PKTINFO, IP_MTU_DISCOVER, IP_RECVERR, IP_RECVTTL, IP_RECVTOS, IP_MTU, IP_FREEBIND, IP_TRANSPARENT, IP_MINTTL, IP_BIND_ADDRESS_NO_PORT, IP_MULTICAST_TTL, IP_MULTICAST_LOOP, IP_MULTICAST_ALL, IP_HDRINCL, 52, 150 };
  for (int i = 0; i < sizeof ip / sizeof *ip; i++) printf("  ip %d = %d, on six %d\n", ip[i], option(s, IPPROTO_IP, ip[i]), option(six, IPPROTO_IP, ip[i]));
  int ip6[] = { IPV6_UNICAST_HOPS, IPV6_MULTICAST_HOPS, IPV6_MULTICAST_LOOP, IPV6_MTU_DISCOVER, IPV6_MTU, IPV6_RECVERR, IPV6_V6ONLY, IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_TCLASS, IPV6_RECVTCLASS, IPV6_DONTFRAG, IPV6_AUTOFLOWLABEL, 150 };
  for (int i = 0; i < sizeof ip6 / sizeof *ip6; i++) printf("  ipv6 %d = %d, on four %d\n", ip6[i], option(six, IPPROTO_IPV6, ip6[i]), option(s, IPPROTO_IPV6, ip6[i]));
  R(set(s, IPPROTO_IP, IP_TTL, 0)); R(set(s, IPPROTO_IP, IP_TTL, 256)); R(set(s, IPPROTO_IP, IP_TTL, 7)); OPTION(s, IPPROTO_IP, IP_TTL); R(set(s, IPPROTO_IP, IP_TTL, -1)); OPTION(s, IPPROTO_IP, IP_TTL); R(setsockopt(s, IPPROTO_IP, IP_TTL, "\5", 1)); OPTION(s, IPPROTO_IP, IP_TTL); R(set(s, IPPROTO_IPV6, IPV6_V6ONLY, 1)); R(set(s, 12345, 1, 1)); OPTION(s, 12345, 1); OPTION(s, IPPROTO_UDP, 1); OPTION(s, SOL_SOCKET, SO_PEERCRED);
}
int main(void) { loopback_up(); creation(); naming(); connecting(); ends(); flow(); options(); return 0; }
