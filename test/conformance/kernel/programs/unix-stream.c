// Unix stream and seqpacket sockets: names, connections, shutdown, errors, flags.
#include "sockets.h"

static socklen_t name(struct sockaddr_un *a, const char *path) {
  memset(a, 0, sizeof *a);
  a->sun_family = AF_UNIX;
  if (path[0] == '@') { memcpy(a->sun_path, path, strlen(path)); a->sun_path[0] = 0; return offsetof(struct sockaddr_un, sun_path) + strlen(path); }
  strcpy(a->sun_path, path);
  return sizeof *a;
}
static int bind_to(int fd, const char *path) { struct sockaddr_un a; socklen_t n = name(&a, path); return bind(fd, (void *)&a, n); }
static int connect_to(int fd, const char *path) { struct sockaddr_un a; socklen_t n = name(&a, path); return connect(fd, (void *)&a, n); }
static void names(const char *what, int fd) {
  struct sockaddr_un a; socklen_t n = sizeof a;
  memset(&a, 0, sizeof a);
  int r = getsockname(fd, (void *)&a, &n);
  printf("  %s: name %d len %d '%s%s'\n", what, r, n, n > 2 && !a.sun_path[0] ? "@" : "", n > 2 ? a.sun_path + !a.sun_path[0] : "");
  n = sizeof a; memset(&a, 0, sizeof a);
  r = getpeername(fd, (void *)&a, &n);
  if (r < 0) printf("  %s: peer %s\n", what, strerrorname_np(errno));
  else printf("  %s: peer len %d '%s'\n", what, n, n > 2 ? a.sun_path + !a.sun_path[0] : "");
}
static int got(const char *what, int fd, int size, int flags) {
  char b[256] = ""; int r = recv(fd, b, size, flags);
  printf("  %s: recv %d %s '%.*s'\n", what, r, r < 0 ? strerrorname_np(errno) : "", r > 0 ? r : 0, b);
  return r;
}

static void creation(void) {
  puts("== creation");
  int s;
  R(socket(-1, SOCK_STREAM, 0)); R(socket(99, SOCK_STREAM, 0)); R(socket(AF_UNIX, 7, 0)); R(socket(AF_UNIX, SOCK_RDM, 0)); R(socket(AF_UNIX, 12, 0));
  R(socket(AF_UNIX, SOCK_STREAM, 5)); R(socket(AF_UNIX, SOCK_STREAM | 0x10000, 0));
  s = OK(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, AF_UNIX));
  R(fcntl(s, F_GETFD)); R(fcntl(s, F_GETFL)); OPTION(s, SOL_SOCKET, SO_TYPE); OPTION(s, SOL_SOCKET, SO_DOMAIN); OPTION(s, SOL_SOCKET, SO_PROTOCOL);
  struct stat st; R(fstat(s, &st)); printf("  mode %o\n", st.st_mode);
  R(lseek(s, 0, SEEK_SET)); char b[4]; R(pread(s, b, 1, 0));
  events("new stream", s); names("new", s);
  got("unconnected", s, 4, 0); R(send(s, "x", 1, MSG_NOSIGNAL)); R(listen(s, 1)); R(accept(s, 0, 0));
  R(bind(3, 0, 0)); R(bind(open("/", O_RDONLY), 0, 0)); R(bind(99, 0, 0)); R(getsockname(99, 0, 0)); R(shutdown(s, 7));
  close(s);
  int r = socket(AF_UNIX, SOCK_RAW, 0); OPTION(r, SOL_SOCKET, SO_TYPE); events("dgram", r); close(r);
}
static void naming(void) {
  puts("== names");
  int s = socket(AF_UNIX, SOCK_STREAM, 0), t = socket(AF_UNIX, SOCK_STREAM, 0);
  umask(022);
  R(bind_to(s, "/sock")); names("bound", s); R(bind_to(s, "/other")); R(bind_to(t, "/sock")); R(bind_to(t, "/none/sock"));
  struct stat st; R(stat("/sock", &st)); printf("  mode %o\n", st.st_mode);
  R(open("/sock", O_RDWR)); R(connect_to(t, "/sock")); R(connect_to(t, "/nowhere")); R(connect_to(t, "@abstract"));
  mkdir("/d", 0755); R(connect_to(t, "/d")); R(listen(s, 3)); OPTION(s, SOL_SOCKET, SO_ACCEPTCONN);
  R(connect_to(t, "/sock")); R(connect_to(t, "/sock")); names("client", t);
  int d = socket(AF_UNIX, SOCK_DGRAM, 0); R(connect_to(d, "/sock")); close(d);
  int a = OK(accept(s, 0, 0)); names("accepted", a);
  R(rename("/sock", "/moved")); int u = socket(AF_UNIX, SOCK_STREAM, 0); R(connect_to(u, "/moved"));
  R(unlink("/moved")); close(u); u = socket(AF_UNIX, SOCK_STREAM, 0); R(connect_to(u, "/moved"));
  close(s); close(t); close(a); close(u);
  s = socket(AF_UNIX, SOCK_STREAM, 0); R(bind_to(s, "@abs")); names("abstract", s);
  t = socket(AF_UNIX, SOCK_STREAM, 0); R(bind_to(t, "@abs")); close(s); R(bind_to(t, "@abs")); close(t);
  struct sockaddr_un a2 = { AF_UNIX }; s = socket(AF_UNIX, SOCK_STREAM, 0);
  R(bind(s, (void *)&a2, 2)); socklen_t n = sizeof a2; R(getsockname(s, (void *)&a2, &n)); printf("  autobind %d\n", n);
  R(bind(s, (void *)&a2, 1)); a2.sun_family = AF_INET; R(bind(s, (void *)&a2, 10)); R(bind(s, (void *)&a2, 200)); close(s);
  // EACCES on a socket without write permission
  s = socket(AF_UNIX, SOCK_STREAM, 0); bind_to(s, "/private"); listen(s, 1); chmod("/private", 0600);
  fflush(stdout);
  if (fork() == 0) { setgid(1000); setuid(1000); int c = socket(AF_UNIX, SOCK_STREAM, 0); R(connect_to(c, "/private")); R(bind_to(c, "/mine")); fflush(stdout); _exit(0); }
  wait(0); close(s);
}
static void backlog(void) {
  puts("== backlog");
  int s = socket(AF_UNIX, SOCK_STREAM, 0); bind_to(s, "@b"); listen(s, 1);
  int c[4];
  for (int i = 0; i < 4; i++) { c[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0); R(connect_to(c[i], "@b")); }
  events("listener", s); events("waiting", c[0]); R(send(c[0], "early", 5, 0));
  int a = OK(accept4(s, 0, 0, SOCK_NONBLOCK)); got("early", a, 10, 0); got("empty", a, 10, 0); R(connect_to(c[2], "@b"));
  R(accept4(s, 0, 0, 0x77)); fcntl(s, F_SETFL, O_NONBLOCK); R(fcntl(OK(accept(s, 0, 0)), F_GETFL)); OK(accept(s, 0, 0)); R(accept(s, 0, 0));
  int z = socket(AF_UNIX, SOCK_STREAM, 0); connect_to(z, "@b"); events("before", z); close(s); events("listener closed", z); got("reset", z, 1, 0); got("again", z, 1, 0);
}
static void streams(void) {
  puts("== streams");
  int p[2]; R(socketpair(AF_UNIX, SOCK_STREAM, 0, p)); names("pair", p[0]); events("idle", p[0]);
  R(write(p[0], "hello ", 6)); R(write(p[0], "world", 5)); int n; ioctl(p[1], FIONREAD, &n); printf("  FIONREAD %d\n", n);
  events("full", p[1]); got("peek", p[1], 8, MSG_PEEK); got("peek again", p[1], 80, MSG_PEEK); got("3", p[1], 3, 0); got("rest", p[1], 80, MSG_TRUNC);
  got("none", p[1], 5, MSG_DONTWAIT); got("zero", p[1], 0, MSG_DONTWAIT); R(send(p[0], "", 0, 0)); got("zero sent", p[1], 4, MSG_DONTWAIT);
  struct iovec v[3] = { { "ab", 2 }, { "", 0 }, { "cde", 3 } }; R(writev(p[0], v, 3));
  char x[3], y[9]; struct iovec w[2] = { { x, 2 }, { y, 9 } }; R(readv(p[1], w, 2)); printf("  %.2s %.3s\n", x, y);
  R(sendto(p[0], "x", 1, 0, (void *)"\1\0/x", 4)); R(send(p[0], "x", 1, MSG_OOB) < -1);
  while (recv(p[1], y, 9, MSG_DONTWAIT) > 0);
  R(send(p[0], "last", 4, 0)); R(shutdown(p[0], SHUT_WR)); events("half closed", p[1]); events("shut", p[0]);
  got("data", p[1], 9, 0); got("eof", p[1], 9, 0); R(send(p[1], "back", 4, 0)); got("back", p[0], 9, 0); signal(SIGPIPE, on_pipe);
  R(send(p[0], "x", 1, 0)); R(send(p[0], "x", 1, MSG_NOSIGNAL)); R(write(p[0], "x", 1)); printf("  SIGPIPE %d\n", pipes); pipes = 0;
  close(p[0]); events("closed", p[1]); R(send(p[1], "x", 1, 0)); got("after", p[1], 4, 0); printf("  SIGPIPE %d\n", pipes); pipes = 0; names("closed", p[1]); close(p[1]);
  socketpair(AF_UNIX, SOCK_STREAM, 0, p); write(p[1], "unread", 6); close(p[0]); events("lost", p[1]); OPTION(p[1], SOL_SOCKET, SO_ERROR); got("after", p[1], 4, 0); close(p[1]);
  socketpair(AF_UNIX, SOCK_STREAM, 0, p); write(p[0], "x", 1); write(p[1], "lost", 4); close(p[0]); got("data first", p[1], 4, 0); got("then", p[1], 4, 0); got("then", p[1], 4, 0); close(p[1]);
  socketpair(AF_UNIX, SOCK_STREAM, 0, p); R(shutdown(p[0], SHUT_RD)); events("shut rd", p[0]); events("other", p[1]); got("rd", p[0], 4, 0); R(send(p[1], "x", 1, MSG_NOSIGNAL)); close(p[0]); close(p[1]);
}
static void waiting(void) {
  puts("== waiting");
  int p[2]; socketpair(AF_UNIX, SOCK_STREAM, 0, p); fflush(stdout);
  if (fork() == 0) { close(p[0]); struct timespec t = { 0, 20000000 }; write(p[1], "abc", 3); nanosleep(&t, 0); write(p[1], "def", 3); nanosleep(&t, 0); write(p[1], "gh", 2); _exit(0); }
  close(p[1]); got("waitall", p[0], 6, MSG_WAITALL); got("waitall eof", p[0], 9, MSG_WAITALL); got("eof", p[0], 9, MSG_WAITALL); wait(0); close(p[0]);
  socketpair(AF_UNIX, SOCK_STREAM, 0, p); struct timeval tv = { 0, 30000 }; R(setsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv)); got("timeout", p[0], 5, 0);
  socklen_t n = sizeof tv; R(getsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &tv, &n)); printf("  %ld.%06ld %d\n", tv.tv_sec, tv.tv_usec, n);
  tv.tv_usec = 1000000; R(setsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv)); R(setsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &tv, 8));
  // A writer that is held up goes on when it is read.
  fflush(stdout); pid_t c = fork();
  if (c == 0) { close(p[0]); static char big[1 << 20]; memset(big, 'b', sizeof big); int r = write(p[1], big, sizeof big); printf("  big write %d\n", r); fflush(stdout); _exit(0); }
  close(p[1]); static char b[65536]; long sum = 0; tv.tv_sec = tv.tv_usec = 0; setsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv); int r;
  while ((r = read(p[0], b, sizeof b)) > 0) sum += r; waitpid(c, 0, 0); printf("  read %ld\n", sum); close(p[0]);
  socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p); int count = 0; while (write(p[0], "x", 1) == 1) count++; printf("  small writes %d %s\n", count, strerrorname_np(errno)); events("full", p[0]);
  read(p[1], b, 1); R(write(p[0], "x", 1)); read(p[1], b, 250); events("read", p[0]); close(p[0]); close(p[1]);
}
static void packets(void) {
  puts("== seqpacket");
  int p[2]; R(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p)); R(write(p[0], "one", 3)); R(write(p[0], "second", 6)); got("cut", p[1], 2, 0); got("trunc", p[1], 2, MSG_TRUNC | MSG_PEEK); got("whole", p[1], 10, 0);
  R(send(p[0], "", 0, 0)); got("empty", p[1], 10, 0); char b[4]; struct iovec v = { b, 3 }; struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 }; write(p[0], "12345", 5); R(recvmsg(p[1], &m, 0)); printf("  flags %x\n", m.msg_flags);
  signal(SIGPIPE, on_pipe); events("before", p[1]); close(p[0]); events("closed", p[1]); got("eof", p[1], 4, 0); R(write(p[1], "x", 1)); printf("  SIGPIPE %d\n", pipes); close(p[1]);
  int s = socket(AF_UNIX, SOCK_SEQPACKET, 0), c = socket(AF_UNIX, SOCK_SEQPACKET, 0); got("unconnected", c, 4, 0); R(send(c, "x", 1, 0)); bind_to(s, "@seq"); R(listen(s, 1)); R(connect_to(c, "@seq")); int a = accept(s, 0, 0); R(send(c, "packet", 6, 0)); got("accepted", a, 10, 0);
}
static void options(void) {
  puts("== options");
  int s = socket(AF_UNIX, SOCK_STREAM, 0);
  OPTION(s, SOL_SOCKET, SO_SNDBUF); OPTION(s, SOL_SOCKET, SO_RCVBUF); OPTION(s, SOL_SOCKET, SO_REUSEADDR); OPTION(s, SOL_SOCKET, SO_RCVLOWAT); OPTION(s, SOL_SOCKET, SO_SNDLOWAT);
  OPTION(s, SOL_SOCKET, SO_PASSCRED); OPTION(s, SOL_SOCKET, SO_PEEK_OFF); OPTION(s, SOL_SOCKET, SO_ERROR); OPTION(s, SOL_SOCKET, 9999); OPTION(s, IPPROTO_TCP, TCP_NODELAY); R(set(s, IPPROTO_TCP, TCP_NODELAY, 1)); R(set(s, SOL_SOCKET, 9999, 1)); R(set(s, SOL_SOCKET, SO_TYPE, 1));
  R(set(s, SOL_SOCKET, SO_SNDBUF, 1000)); OPTION(s, SOL_SOCKET, SO_SNDBUF); R(set(s, SOL_SOCKET, SO_SNDBUF, 10000)); OPTION(s, SOL_SOCKET, SO_SNDBUF); R(set(s, SOL_SOCKET, SO_RCVBUF, 1)); OPTION(s, SOL_SOCKET, SO_RCVBUF);
  R(set(s, SOL_SOCKET, SO_KEEPALIVE, 5)); OPTION(s, SOL_SOCKET, SO_KEEPALIVE); R(set(s, SOL_SOCKET, SO_REUSEPORT, 1)); R(setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, "x", 1));
  struct linger l = { 5, 7 }; socklen_t n = sizeof l; R(setsockopt(s, SOL_SOCKET, SO_LINGER, &l, sizeof l)); R(getsockopt(s, SOL_SOCKET, SO_LINGER, &l, &n)); printf("  %d %d\n", l.l_onoff, l.l_linger); n = 2; short h = 0; R(getsockopt(s, SOL_SOCKET, SO_SNDBUF, &h, &n)); printf("  %d %d\n", n, h); n = -1; R(getsockopt(s, SOL_SOCKET, SO_SNDBUF, &h, &n));
  struct ucred u; n = sizeof u; R(getsockopt(s, SOL_SOCKET, SO_PEERCRED, &u, &n)); printf("  %d %d %d\n", u.pid, u.uid, u.gid); n = sizeof u; int p[2]; socketpair(AF_UNIX, SOCK_STREAM, 0, p); R(getsockopt(p[0], SOL_SOCKET, SO_PEERCRED, &u, &n)); printf("  own %d uid %d gid %d\n", u.pid == getpid(), u.uid, u.gid); R(ioctl(s, 0x1234, 0));
}
int main(void) { creation(); naming(); backlog(); streams(); waiting(); packets(); options(); return 0; }
