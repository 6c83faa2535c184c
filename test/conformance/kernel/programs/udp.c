// UDP and ping over the loopback: names, errors, control messages, many at once.
#include "sockets.h"
#include <netinet/ip_icmp.h>

typedef union { struct sockaddr a; struct sockaddr_in in; struct sockaddr_in6 in6; } any;
static socklen_t addr(any *u, const char *text, int port) {
  memset(u, 0, sizeof *u);
  if (strchr(text, ':')) { u->in6.sin6_family = AF_INET6; u->in6.sin6_port = htons(port); inet_pton(AF_INET6, text, &u->in6.sin6_addr); return sizeof u->in6; }
  u->in.sin_family = AF_INET; u->in.sin_port = htons(port); inet_pton(AF_INET, text, &u->in.sin_addr); return sizeof u->in;
}
static int bind_to(int fd, const char *text, int port) { any u; socklen_t n = addr(&u, text, port); return bind(fd, &u.a, n); }
static int connect_to(int fd, const char *text, int port) { any u; socklen_t n = addr(&u, text, port); return connect(fd, &u.a, n); }
static int send_to(int fd, const char *what, int n, const char *text, int port) { any u; socklen_t s = addr(&u, text, port); return sendto(fd, what, n, 0, &u.a, s); }
static void shown(const char *what, int r, any *u, socklen_t n) {
  char b[64] = ""; int port = 0;
  if (r < 0) { printf("  %s: %s\n", what, strerrorname_np(errno)); return; }
  if (u->a.sa_family == AF_INET) { inet_ntop(AF_INET, &u->in.sin_addr, b, sizeof b); port = ntohs(u->in.sin_port); }
  if (u->a.sa_family == AF_INET6) { inet_ntop(AF_INET6, &u->in6.sin6_addr, b, sizeof b); port = ntohs(u->in6.sin6_port); }
  printf("  %s: len %d family %d %s port %s\n", what, n, u->a.sa_family, b, port == 0 ? "0" : port >= 32768 ? "ephemeral" : "as given");
}
static void names(const char *what, int fd) {
  any u; socklen_t n = sizeof u; memset(&u, 0, n); printf("  %s\n", what);
  int r = getsockname(fd, &u.a, &n); shown("own", r, &u, n); n = sizeof u; r = getpeername(fd, &u.a, &n); shown("peer", r, &u, n);
}
static int got(const char *what, int fd, int size, int flags) {
  char b[256] = ""; any u; socklen_t n = sizeof u; memset(&u, 0, n); int r = recvfrom(fd, b, size, flags | MSG_DONTWAIT, &u.a, &n);
  printf("  %s: recv %d %s '%.*s'\n", what, r, r < 0 ? strerrorname_np(errno) : "", r > 0 ? r < size ? r : size : 0, b);
  if (r >= 0) shown("from", 0, &u, n);
  return r;
}
static int udp(void) { return socket(AF_INET, SOCK_DGRAM, 0); }
static void control(const char *what, int fd) {
  char b[64], c[512]; struct iovec v = { b, 4 }; struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = c, .msg_controllen = sizeof c };
  int r = recvmsg(fd, &m, MSG_DONTWAIT); printf("  %s: %d flags %x control %zu\n", what, r, m.msg_flags, (size_t)m.msg_controllen);
  if (r < 0) return;
  for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
    printf("    level %d type %d len %zu:", h->cmsg_level, h->cmsg_type, (size_t)h->cmsg_len);
    if (h->cmsg_level != SOL_SOCKET) for (int i = 0; i < h->cmsg_len - sizeof *h; i++) printf(" %d", CMSG_DATA(h)[i]);
    puts("");
  }
}
static void basics(void) {
  puts("== basics");
  int a = udp(), b = udp(); events("new", a); names("new", a); OPTION(a, SOL_SOCKET, SO_PROTOCOL); R(bind_to(a, "127.0.0.1", 3000)); names("bound", a); R(send(b, "x", 1, 0)); R(listen(a, 1)); R(accept(a, 0, 0)); R(shutdown(b, SHUT_RD)); close(b); b = udp();
  R(send_to(b, "hello", 5, "127.0.0.1", 3000)); names("sender", b); int n; ioctl(a, FIONREAD, &n); printf("  FIONREAD %d\n", n); events("waiting", a); got("peek", a, 3, MSG_PEEK); got("trunc", a, 3, MSG_TRUNC | MSG_PEEK); got("cut", a, 3, 0); got("none", a, 3, 0);
  R(send_to(b, "", 0, "127.0.0.1", 3000)); got("empty", a, 3, 0); R(send_to(b, "x", 1, "127.0.0.1", 0)); R(send_to(b, "x", 1, "10.9.8.7", 1)); R(send_to(b, "x", 1, "255.255.255.255", 1)); R(send_to(b, "x", 1, "::1", 3000)); R(send_to(b, "x", 1, "0.0.0.0", 3000)); got("any", a, 3, 0); any u; addr(&u, "127.0.0.1", 3000); R(sendto(b, "x", 1, 0, &u.a, 8)); R(sendto(b, "x", 1, MSG_OOB, &u.a, 16)); u.a.sa_family = 33; R(sendto(b, "x", 1, 0, &u.a, 16));
  static char big[70000]; R(send_to(b, big, 65507, "127.0.0.1", 3000)); R(send_to(b, big, 65508, "127.0.0.1", 3000)); R(send_to(b, big, 66000, "127.0.0.1", 3000)); R(recv(a, big, 70000, 0)); R(send_to(b, "nobody", 6, "127.0.0.1", 3999)); R(send_to(b, "nobody", 6, "127.0.0.1", 3999));
  R(bind_to(b, "127.0.0.1", 3001)); int c = udp(); R(bind_to(c, "127.0.0.1", 3000)); R(bind_to(c, "127.0.0.2", 3000)); close(c); c = udp(); set(c, SOL_SOCKET, SO_REUSEADDR, 1); set(a, SOL_SOCKET, SO_REUSEADDR, 1); R(bind_to(c, "127.0.0.1", 3000)); close(c); close(a); close(b);
}
static void connected(void) {
  puts("== connected");
  int a = udp(), b = udp(), c = udp(); bind_to(a, "127.0.0.1", 3010); bind_to(c, "127.0.0.1", 3012); R(connect_to(b, "127.0.0.1", 3010)); names("connected", b); R(send(b, "one", 3, 0)); got("one", a, 9, 0); R(send_to(b, "two", 3, "127.0.0.1", 3012)); got("two", c, 9, 0); any u; socklen_t n = sizeof u; getsockname(b, &u.a, &n); int port = ntohs(u.in.sin_port); R(send_to(c, "stranger", 8, "127.0.0.1", port)); got("stranger", b, 9, 0); R(send_to(a, "friend", 6, "127.0.0.1", port)); got("friend", b, 9, 0);
  R(connect_to(b, "127.0.0.1", 3999)); R(send(b, "x", 1, 0)); events("refused", b); R(send(b, "x", 1, 0)); got("refused", b, 1, 0); R(send(b, "x", 1, 0)); OPTION(b, SOL_SOCKET, SO_ERROR); R(send(b, "x", 1, 0)); got("refused", b, 1, 0); got("told", b, 1, 0); u.a.sa_family = AF_UNSPEC; R(connect(b, &u.a, 16)); names("dissolved", b); R(send(b, "x", 1, 0)); R(connect_to(b, "10.1.1.1", 9)); R(connect_to(b, "127.0.0.1", 3010)); R(shutdown(b, SHUT_RD)); events("shut rd", b); R(shutdown(b, SHUT_WR)); events("shut", b); R(send(b, "x", 1, MSG_NOSIGNAL)); close(a); close(b); close(c);
}
static void six(void) {
  puts("== ipv6");
  int a = socket(AF_INET6, SOCK_DGRAM, 0), b = udp(), c = socket(AF_INET6, SOCK_DGRAM, 0); R(bind_to(a, "::", 3020)); R(send_to(b, "four", 4, "127.0.0.1", 3020)); got("four", a, 9, 0); R(send_to(c, "six", 3, "::1", 3020)); got("six", a, 9, 0); R(send_to(c, "mapped", 6, "::ffff:127.0.0.1", 3020)); got("mapped", a, 9, 0); R(send_to(c, "old", 3, "127.0.0.1", 3020)); got("old", a, 9, 0); R(bind_to(b, "127.0.0.1", 3021)); R(send_to(c, "x", 1, "2001:db8::1", 1));
  R(set(a, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)); R(set(a, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1)); R(set(a, IPPROTO_IPV6, IPV6_RECVTCLASS, 1)); send_to(c, "info", 4, "::1", 3020); control("info", a); close(a); close(b); close(c);
}
static void messages(void) {
  puts("== messages");
  int a = udp(), b = udp(); bind_to(a, "0.0.0.0", 3030); R(set(a, IPPROTO_IP, IP_PKTINFO, 1)); R(set(a, IPPROTO_IP, IP_RECVTTL, 1)); R(set(a, IPPROTO_IP, IP_RECVTOS, 1)); R(set(b, IPPROTO_IP, IP_TTL, 9)); R(set(b, IPPROTO_IP, IP_TOS, 16)); R(send_to(b, "longer", 6, "127.0.0.3", 3030)); control("info", a); control("none", a); set(a, IPPROTO_IP, IP_PKTINFO, 0); set(a, IPPROTO_IP, IP_RECVTTL, 0); set(a, IPPROTO_IP, IP_RECVTOS, 0); R(set(a, SOL_SOCKET, SO_TIMESTAMP, 1)); send_to(b, "x", 1, "127.0.0.1", 3030); control("time", a); set(a, SOL_SOCKET, SO_TIMESTAMP, 0); R(set(a, SOL_SOCKET, SO_TIMESTAMPNS, 1)); send_to(b, "x", 1, "127.0.0.1", 3030); control("time ns", a); set(a, SOL_SOCKET, SO_TIMESTAMPNS, 0); R(set(a, SOL_SOCKET, 63, 1)); send_to(b, "x", 1, "127.0.0.1", 3030); control("time new", a); set(a, SOL_SOCKET, 63, 0); send_to(b, "x", 1, "127.0.0.1", 3030); control("no time", a);
  any u; socklen_t n = addr(&u, "127.0.0.1", 3030); struct iovec v[3] = { { "ab", 2 }, { "cd", 2 }, { "e", 1 } }; struct mmsghdr m[3] = { { { &u, n, v, 1 } }, { { &u, n, v, 3 } }, { { &u, n, v + 2, 1 } } }; R(sendmmsg(b, m, 3, 0)); printf("  %d %d %d\n", m[0].msg_len, m[1].msg_len, m[2].msg_len);
  char x[4][8]; struct iovec w[4]; struct mmsghdr r[4]; memset(r, 0, sizeof r); for (int i = 0; i < 4; i++) { w[i] = (struct iovec){ x[i], 4 }; r[i].msg_hdr.msg_iov = &w[i]; r[i].msg_hdr.msg_iovlen = 1; } R(recvmmsg(a, r, 4, MSG_DONTWAIT, 0)); printf("  %d %d %d flags %x\n", r[0].msg_len, r[1].msg_len, r[2].msg_len, r[1].msg_hdr.msg_flags); R(recvmmsg(a, r, 4, MSG_DONTWAIT, 0)); sendmmsg(b, m, 2, 0); R(recvmmsg(a, r, 4, MSG_WAITFORONE, 0)); sendmmsg(b, m, 3, 0); struct timespec zero = { 0, 0 }, odd = { 0, 2000000000 }, left = { 5, 0 }; R(recvmmsg(a, r, 4, 0, &zero)); R(recvmmsg(a, r, 4, 0, &odd)); R(recvmmsg(a, r, 2, 0, &left)); printf("  left of 5 s: %d\n", left.tv_sec == 4); struct msghdr h = { &u, n, v, 3 }; R(sendmsg(b, &h, 0)); R(recv(a, x, 8, 0)); h.msg_iovlen = 2000; R(sendmsg(b, &h, 0)); h.msg_iovlen = 1; h.msg_control = x; h.msg_controllen = 8; R(sendmsg(b, &h, 0)); struct { struct cmsghdr c; int fd; } bad = { { CMSG_LEN(4), SOL_SOCKET, SCM_RIGHTS }, 1 }; h.msg_control = &bad; h.msg_controllen = sizeof bad; R(sendmsg(b, &h, 0)); R(writev(b, v, 3)); connect_to(b, "127.0.0.1", 3030); while (recv(a, x, 8, MSG_DONTWAIT) > 0); R(writev(b, v, 3)); got("one datagram", a, 9, 0);
  int count = 0; set(a, SOL_SOCKET, SO_RCVBUF, 4000); for (int i = 0; i < 100; i++) send(b, "x", 1, 0); while (recv(a, x, 8, MSG_DONTWAIT) > 0) count++; printf("  kept %d\n", count); R(set(b, SOL_SOCKET, SO_BROADCAST, 1)); OPTION(b, IPPROTO_UDP, 1); OPTION(b, IPPROTO_UDP, 103); OPTION(b, IPPROTO_TCP, 1); struct ip_mreq g = { { inet_addr("224.1.2.3") }, { htonl(INADDR_LOOPBACK) } }; R(setsockopt(a, IPPROTO_IP, IP_ADD_MEMBERSHIP, &g, sizeof g)); R(setsockopt(a, IPPROTO_IP, IP_ADD_MEMBERSHIP, &g, sizeof g)); R(setsockopt(a, IPPROTO_IP, IP_DROP_MEMBERSHIP, &g, sizeof g)); R(setsockopt(a, IPPROTO_IP, IP_DROP_MEMBERSHIP, &g, sizeof g)); g.imr_multiaddr.s_addr = inet_addr("1.2.3.4"); R(setsockopt(a, IPPROTO_IP, IP_ADD_MEMBERSHIP, &g, sizeof g));
}
static void ping(void) {
  puts("== ping");
  R(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP) >= 0); int s = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP); struct { struct icmphdr h; char data[8]; } p = { { ICMP_ECHO } }; p.h.un.echo.id = 77; p.h.un.echo.sequence = htons(3); memcpy(p.data, "12345678", 8); unsigned sum = 0; for (int i = 0; i < 8; i++) sum += ((unsigned short *)&p)[i]; sum = (sum >> 16) + (sum & 65535); p.h.checksum = ~(sum + (sum >> 16));
  any u; addr(&u, "127.0.0.1", 0); R(sendto(s, &p, sizeof p, 0, &u.a, 16)); unsigned char b[128]; struct timespec t = { 0, 5000000 }; nanosleep(&t, 0);
  for (int i = 0; i < 3; i++) { socklen_t n = sizeof u; int r = recvfrom(s, b, sizeof b, MSG_DONTWAIT, &u.a, &n); printf("  raw %d", r); if (r > 0) printf(" version %d proto %d type %d seq %d", b[0] >> 4, b[9], b[20], b[27]); puts(""); if (r > 0) shown("from", 0, &u, n); }
  OPTION(s, IPPROTO_IP, IP_HDRINCL); int f = ~(1 << ICMP_ECHOREPLY); R(setsockopt(s, SOL_RAW, 1, &f, 4)); addr(&u, "127.0.0.1", 0); R(sendto(s, &p, sizeof p, 0, &u.a, 16)); nanosleep(&t, 0); R(recv(s, b, sizeof b, MSG_DONTWAIT)); R(recv(s, b, sizeof b, MSG_DONTWAIT)); events("raw", s); R(sendto(s, &p, sizeof p, 0, 0, 0)); close(s);
  // A raw socket hears of a datagram nobody wanted; a socket connected elsewhere does not.
  s = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP); int v = udp(); connect_to(v, "127.0.0.1", 3998); R(send_to(v, "lost", 4, "127.0.0.1", 3999)); nanosleep(&t, 0); int r = recv(s, b, sizeof b, MSG_DONTWAIT); printf("  unreachable %d: type %d code %d, quoted proto %d port %d '%.4s'\n", r, b[20], b[21], b[37], b[50] << 8 | b[51], b + 56); OPTION(v, SOL_SOCKET, SO_ERROR); R(set(v, IPPROTO_IP, IP_RECVERR, 1)); R(send_to(v, "lost", 4, "127.0.0.1", 3999)); nanosleep(&t, 0); OPTION(v, SOL_SOCKET, SO_ERROR); close(v); v = udp(); set(v, IPPROTO_IP, IP_RECVERR, 1); R(send_to(v, "lost", 4, "127.0.0.1", 3999)); nanosleep(&t, 0); OPTION(v, SOL_SOCKET, SO_ERROR); close(v); close(s);
  s = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6); R(set(s, SOL_RAW, 7, 2)); R(set(s, IPPROTO_IPV6, IPV6_CHECKSUM, 2)); R(set(s, IPPROTO_IPV6, 8, 1)); R(set(s, IPPROTO_IPV6, 2, 1)); v = socket(AF_INET6, SOCK_DGRAM, 0); send_to(v, "six", 3, "::1", 3999); nanosleep(&t, 0); control("six", s); close(v); close(s);
}
static int with_control(int fd, const char *address, int port, int level, int type, const void *data, int size) {
  any u; socklen_t n = addr(&u, address, port); char c[64] = ""; struct iovec v = { "asks", 4 }; struct msghdr m = { &u, n, &v, 1, c, CMSG_SPACE(size) };
  struct cmsghdr *h = CMSG_FIRSTHDR(&m); h->cmsg_level = level; h->cmsg_type = type; h->cmsg_len = CMSG_LEN(size); memcpy(CMSG_DATA(h), data, size); return sendmsg(fd, &m, 0);
}
// What a message asks for itself; UDP-Lite.
static void asking(void) {
  puts("== asking");
  int a = udp(), b = udp(); bind_to(a, "0.0.0.0", 3040); set(a, IPPROTO_IP, IP_RECVTTL, 1); set(a, IPPROTO_IP, IP_RECVTOS, 1); int n = 7, big = 300, minus = -1; char byte = 8; R(with_control(b, "127.0.0.1", 3040, IPPROTO_IP, IP_TTL, &n, 4)); control("ttl 7", a); R(with_control(b, "127.0.0.1", 3040, IPPROTO_IP, IP_TOS, &byte, 1)); control("tos 8", a); R(with_control(b, "127.0.0.1", 3040, IPPROTO_IP, IP_TTL, &big, 4)); R(with_control(b, "127.0.0.1", 3040, IPPROTO_IP, IP_TTL, &byte, 1)); R(with_control(b, "127.0.0.1", 3040, IPPROTO_IP, 99, &n, 4)); R(with_control(b, "127.0.0.1", 3040, 200, 99, &n, 4)); control("other level", a); struct in_pktinfo p = { 0, { inet_addr("127.0.0.9") } }; R(with_control(b, "127.0.0.1", 3040, IPPROTO_IP, IP_PKTINFO, &p, sizeof p)); set(a, IPPROTO_IP, IP_RECVTTL, 0); set(a, IPPROTO_IP, IP_RECVTOS, 0); got("from 127.0.0.9", a, 9, 0); R(with_control(b, "127.0.0.1", 3040, IPPROTO_IP, IP_PKTINFO, &p, 4)); close(a); close(b);
  a = socket(AF_INET6, SOCK_DGRAM, 0); b = socket(AF_INET6, SOCK_DGRAM, 0); bind_to(a, "::1", 3041); set(a, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1); set(a, IPPROTO_IPV6, IPV6_RECVTCLASS, 1); R(with_control(b, "::1", 3041, IPPROTO_IPV6, IPV6_HOPLIMIT, &n, 4)); control("hops 7", a); R(with_control(b, "::1", 3041, IPPROTO_IPV6, IPV6_TCLASS, &n, 4)); control("class 7", a); R(with_control(b, "::1", 3041, IPPROTO_IPV6, IPV6_HOPLIMIT, &minus, 4)); control("hops -1", a); R(with_control(b, "::1", 3041, IPPROTO_IPV6, IPV6_HOPLIMIT, &big, 4)); R(with_control(b, "::1", 3041, IPPROTO_IPV6, IPV6_HOPLIMIT, &byte, 1)); R(with_control(b, "::1", 3041, IPPROTO_IPV6, 99, &n, 4)); close(a); close(b);
  a = socket(AF_INET, SOCK_DGRAM, 136); b = socket(AF_INET, SOCK_DGRAM, 136); int c = udp(); R(bind_to(a, "127.0.0.1", 3042)); R(bind_to(c, "127.0.0.1", 3042)); R(send_to(b, "lite", 4, "127.0.0.1", 3042)); got("lite", a, 9, 0); got("not lite", c, 9, 0); R(set(b, 136, 10, 8)); OPTION(b, 136, 10); OPTION(c, 136, 10); R(set(c, 136, 10, 8)); OPTION(a, SOL_SOCKET, SO_PROTOCOL); close(a); close(b); close(c);
}
int main(void) { loopback_up(); basics(); connected(); six(); messages(); asking(); ping(); return 0; }
