// Unix datagrams and sequenced packets: names, full queues, peers that go; descriptors and credentials.
#include "sockets.h"
#include <poll.h>

static int un(int type, const char *name, int size) {
  int fd = socket(AF_UNIX, type, 0); struct sockaddr_un a = { AF_UNIX }; memcpy(a.sun_path, name, size);
  if (size && bind(fd, (void *)&a, 2 + size) < 0) printf("  bind %s\n", strerrorname_np(errno));
  return fd;
}
static int to(int fd, const char *name, int size) { struct sockaddr_un a = { AF_UNIX }; memcpy(a.sun_path, name, size); return connect(fd, (void *)&a, 2 + size); }
static int say(int fd, const char *what, int n, const char *name, int size) { struct sockaddr_un a = { AF_UNIX }; memcpy(a.sun_path, name, size); return sendto(fd, what, n, MSG_DONTWAIT | MSG_NOSIGNAL, (void *)&a, 2 + size); }
static void shown(const char *what, int r, struct sockaddr_un *a, socklen_t n) {
  if (r < 0) { printf("  %s: %s\n", what, strerrorname_np(errno)); return; }
  printf("  %s: len %d family %d '", what, n, n >= 2 ? a->sun_family : -1);
  int is_auto = n == 8 && !a->sun_path[0]; // Linux starts with a random one of five digits.
  if (is_auto) printf("@auto");
  else for (int i = 2; i < (int)n && i < (int)sizeof *a; i++) { char c = ((char *)a)[i]; putchar(c ? c : '@'); }
  puts("'");
}
static void names(const char *what, int fd) {
  struct sockaddr_un a; socklen_t n = sizeof a; int r = getsockname(fd, (void *)&a, &n); printf("  %s\n", what); shown("own", r, &a, n);
  n = sizeof a; r = getpeername(fd, (void *)&a, &n); shown("peer", r, &a, n);
}
static int got(const char *what, int fd, int size, int flags) {
  char b[256] = ""; struct sockaddr_un a; socklen_t n = sizeof a; int r = recvfrom(fd, b, size, flags | MSG_DONTWAIT, (void *)&a, &n);
  printf("  %s: recv %d %s '%.*s'\n", what, r, r < 0 ? strerrorname_np(errno) : "", r > 0 ? r < size ? r : size : 0, b);
  if (r >= 0) shown("from", 0, &a, n);
  return r;
}
static void datagrams(void) {
  puts("== datagrams");
  int a = un(SOCK_DGRAM, "/a", 3), b = un(SOCK_DGRAM, "\0bee", 4), c = un(SOCK_DGRAM, "", 0); events("new", c); names("path", a); names("abstract", b); names("none", c); R(listen(a, 1)); R(accept(a, 0, 0)); R(send(c, "x", 1, 0));
  R(say(c, "unnamed", 7, "/a", 3)); got("unnamed", a, 99, 0); R(say(b, "named", 5, "/a", 3)); got("cut", a, 3, MSG_PEEK | MSG_TRUNC); got("cut", a, 3, 0); got("none", a, 3, 0); R(say(a, "", 0, "\0bee", 4)); got("empty", b, 9, 0); R(say(a, "x", 1, "/nobody", 8)); R(say(a, "x", 1, "\0nob", 4)); R(say(a, "x", 1, "/", 2));
  int d = un(SOCK_STREAM, "/s", 3); listen(d, 1); R(say(a, "x", 1, "/s", 3)); R(to(a, "/s", 3)); R(bind(c, &(struct sockaddr){ AF_INET }, 16)); struct sockaddr_un s = { AF_UNIX, "/a" }; R(bind(c, (void *)&s, sizeof s)); R(bind(c, (void *)&s, 2)); struct sockaddr_un auto_; socklen_t n = sizeof auto_; getsockname(c, (void *)&auto_, &n); printf("  autobound len %d first %d\n", n, auto_.sun_path[0]); R(bind(c, (void *)&s, 2)); close(d);
  R(to(c, "/a", 3)); names("connected", c); R(send(c, "one", 3, 0)); got("one", a, 9, 0); R(say(c, "two", 3, "\0bee", 4)); got("two", b, 9, 0); R(to(a, "\0bee", 4)); R(say(b, "x", 1, "/a", 3)); R(say(c, "x", 1, "/a", 3)); R(to(c, "/a", 3)); s.sun_family = AF_UNSPEC; R(connect(a, (void *)&s, 2)); R(say(c, "again", 5, "/a", 3)); got("again", a, 9, 0);
  int count = 0; while (send(c, "y", 1, MSG_DONTWAIT) == 1) count++; printf("  queued %d %s\n", count, strerrorname_np(errno)); events("full", c); int x; ioctl(a, FIONREAD, &x); printf("  FIONREAD %d\n", x); got("y", a, 9, 0); events("room", c); R(send(c, "y", 1, MSG_DONTWAIT)); close(a); events("peer gone", c); R(send(c, "y", 1, MSG_DONTWAIT)); R(send(c, "y", 1, MSG_DONTWAIT)); names("after", c); R(unlink("/a")); R(unlink("/s"));
  static char big[300000]; int p[2]; socketpair(AF_UNIX, SOCK_DGRAM, 0, p); R(send(p[0], big, 212959, MSG_DONTWAIT)); R(send(p[0], big, 212961, MSG_DONTWAIT)); R(recv(p[1], big, sizeof big, 0)); set(p[0], SOL_SOCKET, SO_SNDBUF, 3000); OPTION(p[0], SOL_SOCKET, SO_SNDBUF); R(send(p[0], big, 5968, MSG_DONTWAIT)); R(send(p[0], big, 5969, MSG_DONTWAIT)); names("pair", p[0]); R(shutdown(p[0], SHUT_WR)); R(send(p[0], "x", 1, MSG_NOSIGNAL)); events("shut", p[0]); events("other", p[1]); R(shutdown(p[1], SHUT_RD)); R(recv(p[1], big, 9000, MSG_DONTWAIT)); R(recv(p[1], big, 9, MSG_DONTWAIT)); R(recv(p[1], big, 9, 0)); close(p[1]); events("alone", p[0]); signal(SIGPIPE, on_pipe); R(send(p[0], "x", 1, 0)); printf("  pipes %d\n", pipes); close(p[0]); close(b); close(c);
}
static void packets(void) {
  puts("== packets");
  int l = un(SOCK_SEQPACKET, "\0seq", 4), c = un(SOCK_SEQPACKET, "", 0); R(to(c, "\0seq", 4)); R(listen(l, 1)); R(to(c, "\0seq", 4)); R(send(c, "first", 5, 0)); int a = accept(l, 0, 0); got("first", a, 3, 0); got("none", a, 3, 0); R(send(a, "", 0, 0)); got("empty", c, 9, 0); R(send(a, "ab", 2, 0)); R(send(a, "cd", 2, 0)); got("ab", c, 99, 0); got("cd", c, 99, MSG_PEEK); R(say(c, "x", 1, "\0seq", 4)); got("x", a, 9, 0); int t = un(SOCK_SEQPACKET, "", 0); fcntl(t, F_SETFL, O_NONBLOCK); R(to(t, "\0seq", 4)); int u = un(SOCK_SEQPACKET, "", 0); fcntl(u, F_SETFL, O_NONBLOCK); R(to(u, "\0seq", 4)); int w = un(SOCK_SEQPACKET, "", 0); fcntl(w, F_SETFL, O_NONBLOCK); R(to(w, "\0seq", 4)); events("listener", l);
  R(shutdown(a, SHUT_WR)); got("cd", c, 9, 0); got("end", c, 9, 0); events("half", c); R(send(c, "more", 4, 0)); close(a); events("gone", c); got("reset", c, 9, 0); got("end", c, 9, 0); R(send(c, "x", 1, MSG_NOSIGNAL)); close(l); events("unaccepted", t); got("reset", t, 9, 0); R(send(t, "x", 1, MSG_NOSIGNAL)); close(c); close(t); close(u); close(w);
}
// Sends with descriptors (and credentials when `who`).
static int sent(int fd, const char *text, int n, const int *fds, int count, struct ucred *who) {
  char c[1200]; memset(c, 0, sizeof c); struct iovec v = { (void *)text, n }; struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = c, .msg_controllen = sizeof c }; struct cmsghdr *h = CMSG_FIRSTHDR(&m); size_t used = 0;
  if (count) { h->cmsg_level = SOL_SOCKET; h->cmsg_type = SCM_RIGHTS; h->cmsg_len = CMSG_LEN(4 * count); memcpy(CMSG_DATA(h), fds, 4 * count); used += CMSG_SPACE(4 * count); h = (void *)(c + used); }
  if (who) { h->cmsg_level = SOL_SOCKET; h->cmsg_type = SCM_CREDENTIALS; h->cmsg_len = CMSG_LEN(sizeof *who); memcpy(CMSG_DATA(h), who, sizeof *who); used += CMSG_SPACE(sizeof *who); }
  m.msg_controllen = used; if (!used) m.msg_control = 0; return sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
}
static int last_fd;
static void received(const char *what, int fd, int size, int room, int flags) {
  char b[256] = "", c[1200]; struct iovec v = { b, size }; struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = room ? c : 0, .msg_controllen = room };
  int r = recvmsg(fd, &m, flags | MSG_DONTWAIT); printf("  %s: %d %s '%.*s' flags %x control %zu\n", what, r, r < 0 ? strerrorname_np(errno) : "", r > 0 ? r : 0, b, m.msg_flags, r < 0 ? 0 : (size_t)m.msg_controllen);
  if (r < 0) return;
  for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
    printf("    level %d type %d len %zu", h->cmsg_level, h->cmsg_type, (size_t)h->cmsg_len);
    if (h->cmsg_type == SCM_CREDENTIALS) { struct ucred *u = (void *)CMSG_DATA(h); printf(" pid %s uid %u gid %u", u->pid == getpid() ? "own" : u->pid ? "other" : "0", u->uid, u->gid); }
    else for (int i = 0; i < (int)(h->cmsg_len - sizeof *h) / 4; i++) { int f = last_fd = ((int *)CMSG_DATA(h))[i]; printf(" fd flags %d", fcntl(f, F_GETFD)); }
    puts("");
  }
}
static void rights(int type) {
  printf("== rights %d\n", type);
  int p[2], q[2]; socketpair(AF_UNIX, type, 0, p); pipe(q); R(sent(p[0], "w", 1, q + 1, 1, 0)); close(q[1]); received("write end", p[1], 9, 200, MSG_CMSG_CLOEXEC); R(write(last_fd, "through", 7)); char b[16] = ""; R(read(q[0], b, 16)); puts(b); close(last_fd); R(read(q[0], b, 16)); close(q[0]);
  pipe(q); R(sent(p[0], "two", 3, q, 2, 0)); R(sent(p[0], "plain", 5, 0, 0, 0)); received("peek", p[1], 99, 200, MSG_PEEK); received("two", p[1], 99, CMSG_LEN(4), 0); received("plain", p[1], 99, 200, 0); R(sent(p[0], "lost", 4, q, 2, 0)); received("no room", p[1], 99, 0, 0); R(sent(p[0], "part", 4, q, 1, 0)); received("1 of 4", p[1], 1, 200, 0); received("rest", p[1], 9, 200, 0); R(sent(p[0], "read", 4, q, 1, 0)); R(read(p[1], b, 16)); int bad[] = { 99 }; R(sent(p[0], "x", 1, bad, 1, 0)); int many[300]; for (int i = 0; i < 300; i++) many[i] = q[0]; R(sent(p[0], "x", 1, many, 254, 0)); R(sent(p[0], "x", 1, many, 253, 0)); received("253", p[1], 9, 24, 0); R(sent(p[0], "", 0, q, 1, 0)); received("without bytes", p[1], 9, 200, 0);
  R(sent(p[0], "self", 4, p + 1, 1, 0)); received("self", p[1], 9, 200, 0); R(write(p[0], "via", 3)); R(read(last_fd, b, 16)); close(last_fd); R(sent(p[0], "kept", 4, q + 1, 1, 0)); close(q[1]); struct pollfd w = { q[0], POLLIN }; printf("  held %d\n", poll(&w, 1, 0)); close(p[1]); close(p[0]); printf("  dropped %d %x\n", poll(&w, 1, 0), w.revents); close(q[0]);
}
static void credentials(int type) {
  printf("== credentials %d\n", type);
  int p[2]; socketpair(AF_UNIX, type, 0, p); struct ucred u; socklen_t n = sizeof u; R(getsockopt(p[0], SOL_SOCKET, SO_PEERCRED, &u, &n)); printf("  pid %s uid %u gid %u\n", u.pid == getpid() ? "own" : "other", u.uid, u.gid); n = 4; R(getsockopt(p[0], SOL_SOCKET, SO_PEERCRED, &u, &n)); struct ucred me = { getpid(), 0, 0 }; R(sent(p[0], "untold", 6, 0, 0, &me)); received("untold", p[1], 99, 200, 0); R(send(p[0], "before", 6, 0)); R(set(p[1], SOL_SOCKET, SO_PASSCRED, 1)); received("before", p[1], 99, 200, 0); R(send(p[0], "after", 5, 0)); received("after", p[1], 99, 200, 0); me.uid = 33; R(sent(p[0], "as 33", 5, 0, 0, &me)); received("as 33", p[1], 99, 200, 0); R(sent(p[0], "both", 4, p, 1, &me)); received("both", p[1], 99, 200, 0); close(last_fd); me.pid = 999999; R(sent(p[0], "x", 1, 0, 0, &me));
  if (type == SOCK_STREAM) { me.pid = getpid(); sent(p[0], "AA", 2, 0, 0, 0); sent(p[0], "BB", 2, 0, 0, 0); sent(p[0], "CC", 2, 0, 0, &me); received("same writer", p[1], 99, 200, 0); received("another", p[1], 99, 200, 0); }
  fflush(stdout); if (fork() == 0) { setgid(1000); setuid(1000); struct ucred no = { getpid(), 0, 0 }, yes = { getpid(), 1000, 1000 }; R(sent(p[0], "x", 1, 0, 0, &no)); R(sent(p[0], "child", 5, 0, 0, &yes)); fflush(stdout); _exit(0); } wait(0); received("child", p[1], 99, 200, 0); close(p[0]); close(p[1]);
}
int main(void) {
  datagrams(); packets(); rights(SOCK_STREAM); rights(SOCK_DGRAM); rights(SOCK_SEQPACKET); credentials(SOCK_STREAM); credentials(SOCK_DGRAM);
  return 0;
}
