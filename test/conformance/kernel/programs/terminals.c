// Pseudo-terminals as programs see them: pairs, settings, reading, sessions, hang-ups.
#define _GNU_SOURCE
#include "terminal.h"
#include <asm/termbits.h>
#include <dirent.h>
#include <time.h>

static void open_pair(void) {
  open_master();
  slave = open(name, O_RDWR | O_NOCTTY);
}

static void close_pair(void) {
  close(slave);
  close(master);
}

static void show(const char *text, int fd, size_t size) {
  char buffer[8192];
  errno = 0;
  ssize_t count = read(fd, buffer, size);
  say("%s: %zd", text, count);
  if (count < 0) say(" %s", strerrorname_np(errno));
  for (ssize_t i = 0; i < count; i++) {
    unsigned char c = buffer[i];
    if (c >= 32 && c < 127) say(" %c", c); else say(" %02x", c);
  }
  say("\n");
}

static void type(const char *text) {
  write(master, text, strlen(text));
  settle();
}

static void revents(const char *text, int fd) {
  struct pollfd p = {fd, POLLIN | POLLOUT | POLLPRI, 0};
  poll(&p, 1, 0);
  say("%s: %x\n", text, p.revents);
}

static void raw(int minimum, int tenths) {
  struct termios t;
  ioctl(slave, TCGETS, &t);
  t.c_iflag = 0; t.c_oflag = 0; t.c_lflag = 0;
  t.c_cc[VMIN] = minimum; t.c_cc[VTIME] = tenths;
  ioctl(slave, TCSETS, &t);
}

static void a_pair(void) {
  unsigned number = 99;
  int zero = 0, word = 99;
  struct stat st;
  master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
  ask("number", ioctl(master, TIOCGPTN, &number));
  say("is %u\n", number);
  ask("locked", (ioctl(master, TIOCGPTLCK, &word), word));
  ask("open locked", open("/dev/pts/0", O_RDWR | O_NOCTTY));
  ask("unlock", ioctl(master, TIOCSPTLCK, &zero));
  ask("unlocked", (ioctl(master, TIOCGPTLCK, &word), word));
  slave = open("/dev/pts/0", O_RDWR | O_NOCTTY);
  fstat(slave, &st);
  say("mode %o uid %d gid %d rdev %d:%d links %d\n", st.st_mode, st.st_uid, st.st_gid, major(st.st_rdev), minor(st.st_rdev), (int)st.st_nlink);
  stat("/dev/pts/ptmx", &st);
  say("ptmx mode %o rdev %d:%d\n", st.st_mode, major(st.st_rdev), minor(st.st_rdev));
  int peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
  fstat(peer, &st);
  say("peer %d rdev %d:%d flags %o\n", peer >= 0, major(st.st_rdev), minor(st.st_rdev), fcntl(peer, F_GETFL));
  close(peer);
  ask("slave's number", ioctl(slave, TIOCGPTN, &number));
  ask("slave's peer", ioctl(slave, TIOCGPTPEER, O_RDWR));
  ask("lseek", lseek(slave, 0, SEEK_SET));
  ask("pread", pread(slave, name, 1, 0));
  ask("chmod", fchmod(slave, 0600));
  ask("chown", fchown(slave, 7, 8));
  stat("/dev/pts/0", &st);
  say("mode %o uid %d gid %d\n", st.st_mode, st.st_uid, st.st_gid);
  ask("unlink", unlink("/dev/pts/0"));
  ask("create", open("/dev/pts/file", O_CREAT | O_RDWR, 0600));
  ask("mkdir", mkdir("/dev/pts/dir", 0700));
  int second = open("/dev/ptmx", O_RDWR | O_NOCTTY);
  ioctl(second, TIOCGPTN, &number);
  say("second %u\n", number);
  DIR *dir = opendir("/dev/pts");
  int count = 0;
  for (struct dirent *e; (e = readdir(dir));) count++;
  closedir(dir);
  say("entries %d\n", count);
  close(second);
  ask("second is gone", access("/dev/pts/1", F_OK));
  close_pair();
}

static void settings(void) {
  open_pair();
  struct termios t;
  struct termios2 t2;
  ioctl(slave, TCGETS, &t);
  say("%x %x %x %x %d:", t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag, t.c_line);
  for (int i = 0; i < NCCS; i++) say(" %d", t.c_cc[i]);
  ioctl(master, TCGETS2, &t2);
  say("\nspeeds %u %u\n", t2.c_ispeed, t2.c_ospeed);
  t.c_cflag = B9600 | CS5 | PARENB | CSTOPB | HUPCL | CLOCAL;
  t.c_lflag = ~0u;
  ask("set", ioctl(slave, TCSETS, &t));
  ioctl(slave, TCGETS2, &t2);
  say("%x %x speeds %u %u\n", t2.c_cflag, t2.c_lflag, t2.c_ispeed, t2.c_ospeed);
  t2.c_cflag = (t2.c_cflag & ~(CBAUD | (CBAUD << 16))) | BOTHER | (BOTHER << 16);
  t2.c_ispeed = 12345; t2.c_ospeed = 54321;
  ask("set2", ioctl(slave, TCSETS2, &t2));
  ioctl(slave, TCGETS2, &t2);
  say("%x speeds %u %u\n", t2.c_cflag, t2.c_ispeed, t2.c_ospeed);
  struct winsize w = {24, 80, 1, 2}, back = {0};
  ask("size", ioctl(master, TIOCSWINSZ, &w));
  ioctl(slave, TIOCGWINSZ, &back);
  say("%d %d %d %d\n", back.ws_row, back.ws_col, back.ws_xpixel, back.ws_ypixel);
  int word = 5;
  ask("TIOCGETD", (ioctl(slave, TIOCGETD, &word), word));
  word = 77;
  ask("TIOCSETD", ioctl(slave, TIOCSETD, &word));
  ask("TIOCMGET", ioctl(slave, TIOCMGET, &word));
  ask("TIOCOUTQ", (ioctl(slave, TIOCOUTQ, &word), word));
  ask("TCSBRK 0", ioctl(slave, TCSBRK, 0));
  ask("TCSBRK 1", ioctl(slave, TCSBRK, 1));
  ask("TCFLSH 9", ioctl(slave, TCFLSH, 9));
  ask("TCXONC 9", ioctl(slave, TCXONC, 9));
  ask("TIOCGEXCL", (ioctl(slave, TIOCGEXCL, &word), word));
  ask("TIOCEXCL", ioctl(slave, TIOCEXCL));
  ask("TIOCGEXCL", (ioctl(slave, TIOCGEXCL, &word), word));
  ask("reopen as root", close(open(name, O_RDWR | O_NOCTTY)));
  if (fork() == 0) {
    chmod(name, 0666);
    setuid(1000);
    ask("reopen as another", open(name, O_RDWR | O_NOCTTY));
    exit(0);
  }
  wait(NULL);
  ask("TIOCNXCL", ioctl(slave, TIOCNXCL));
  ask("bad address", ioctl(slave, TCGETS, 8));
  ask("unknown", ioctl(slave, 0x54ff, 0));
  close_pair();
}

static void reading(void) {
  open_pair();
  type("one\ntwo\nthree");
  int count = 0;
  ask("FIONREAD", (ioctl(slave, FIONREAD, &count), count));
  show("line", slave, 100);
  show("part", slave, 2);
  show("rest", slave, 100);
  type("\x04");
  show("forced", slave, 100);
  type("\x04");
  show("end", slave, 100);
  show("echo", master, 8192);
  if (fork() == 0) {
    show("blocked", slave, 100);
    exit(0);
  }
  settle();
  type("later\n");
  wait(NULL);
  fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK);
  show("nothing", slave, 100);
  type("abc");
  show("no line", slave, 100);
  raw(5, 0);
  revents("3 of 5", slave);
  show("non-blocking", slave, 100);
  fcntl(slave, F_SETFL, O_RDWR);
  raw(0, 0);
  show("VMIN 0 VTIME 0", slave, 100);
  struct timespec from, to;
  raw(0, 2);
  clock_gettime(CLOCK_MONOTONIC, &from);
  show("VMIN 0 VTIME 2", slave, 100);
  clock_gettime(CLOCK_MONOTONIC, &to);
  double ms = (to.tv_sec - from.tv_sec) * 1e3 + (to.tv_nsec - from.tv_nsec) / 1e6;
  say("waited %d\n", ms > 150 && ms < 1500);
  raw(5, 1);
  type("ab");
  show("VMIN 5 VTIME 1", slave, 100);
  raw(5, 0);
  if (fork() == 0) {
    show("VMIN 5", slave, 100);
    exit(0);
  }
  type("12"); type("34"); type("567");
  wait(NULL);
  raw(5, 0);
  type("xy");
  show("small buffer", slave, 2);
  close_pair();
}

static void sessions(void) {
  open_pair();
  pid_t pid = fork();
  if (pid == 0) {
    pid_t group = 0;
    ask("tty before", open("/dev/tty", O_RDWR));
    ask("TIOCSCTTY before setsid", ioctl(slave, TIOCSCTTY, 0));
    setsid();
    ask("tcgetpgrp before", ioctl(slave, TIOCGPGRP, &group));
    ask("TIOCGSID before", ioctl(slave, TIOCGSID, &group));
    ask("TIOCNOTTY before", ioctl(slave, TIOCNOTTY));
    ask("TIOCSCTTY", ioctl(slave, TIOCSCTTY, 0));
    ask("again", ioctl(slave, TIOCSCTTY, 0));
    ask("tcgetpgrp", (ioctl(slave, TIOCGPGRP, &group), group == getpid()));
    ask("by the master", (ioctl(master, TIOCGPGRP, &group), group == getpid()));
    ask("TIOCGSID", (ioctl(slave, TIOCGSID, &group), group == getpid()));
    int tty = open("/dev/tty", O_RDWR);
    struct stat st;
    fstat(tty, &st);
    say("tty %d:%d\n", major(st.st_rdev), minor(st.st_rdev));
    group = -5;
    ask("tcsetpgrp -5", ioctl(tty, TIOCSPGRP, &group));
    group = 30000;
    ask("tcsetpgrp nobody", ioctl(tty, TIOCSPGRP, &group));
    group = getppid();
    ask("tcsetpgrp foreign", ioctl(tty, TIOCSPGRP, &group));
    ask("TIOCSTI", ioctl(tty, TIOCSTI, "x"));
    on(SIGINT, note, SA_RESTART); on(SIGQUIT, note, 0); on(SIGTSTP, note, 0); on(SIGWINCH, note, 0);
    type("\x03"); say("^C %d\n", caught);
    type("\x1c"); say("^\\ %d\n", caught);
    type("\x1a"); say("^Z %d\n", caught);
    struct winsize w = {10, 20};
    ioctl(slave, TIOCSWINSZ, &w); say("size %d\n", caught);
    caught = 0;
    ioctl(master, TIOCSWINSZ, &w); say("same size %d\n", caught);
    on(SIGHUP, note, 0); on(SIGCONT, SIG_IGN, 0);
    ask("TIOCNOTTY", ioctl(tty, TIOCNOTTY));
    say("gave it up: %d\n", caught);
    ask("tty after", open("/dev/tty", O_RDWR));
    close(open(name, O_RDWR | O_NOCTTY));
    ask("not by O_NOCTTY", open("/dev/tty", O_RDWR));
    close(open(name, O_WRONLY));
    ask("not by O_WRONLY", open("/dev/tty", O_RDWR));
    close(open(name, O_RDONLY));
    ask("by open", close(open("/dev/tty", O_RDWR)));
    exit(0);
  }
  wait(NULL);
  close_pair();
}

static void hang_up(void) {
  open_pair();
  int ready[2];
  pipe(ready);
  if (fork() == 0) {
    setsid();
    ioctl(slave, TIOCSCTTY, 0);
    close(master);
    on(SIGHUP, note, 0);
    on(SIGCONT, SIG_DFL, 0);
    hold(SIGHUP);
    write(ready[1], "r", 1);
    await(SIGHUP);
    settle();
    say("caught %d\n", caught);
    show("read", slave, 10);
    ask("write", write(slave, "x", 1));
    revents("poll", slave);
    int word = 0;
    ask("FIONREAD", ioctl(slave, FIONREAD, &word));
    ask("tcsetpgrp", ioctl(slave, TIOCSPGRP, &word));
    ask("tty", open("/dev/tty", O_RDWR));
    ask("name", open(name, O_RDWR));
    exit(0);
  }
  close(slave);
  read(ready[0], name + 60, 1);
  close(master);
  wait(NULL);
  open_pair();
  say("again %s\n", name);
  fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
  revents("master", master);
  write(slave, "last", 4);
  settle();
  close(slave);
  revents("abandoned", master);
  show("what was left", master, 100);
  show("then", master, 100);
  ask("write", write(master, "x", 1));
  settle();
  slave = open(name, O_RDWR | O_NOCTTY);
  revents("opened again", master);
  show("echo", master, 100);
  ask("TIOCVHANGUP", ioctl(slave, TIOCVHANGUP));
  show("vhangup read", slave, 10);
  show("vhangup master", master, 10);
  close_pair();
}

static void packets(void) {
  open_pair();
  int on = 1, word = 0;
  fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
  ask("TIOCPKT", ioctl(master, TIOCPKT, &on));
  ask("TIOCGPKT", (ioctl(master, TIOCGPKT, &word), word));
  ask("slave's TIOCPKT", ioctl(slave, TIOCPKT, &on));
  write(slave, "hi", 2);
  settle();
  show("data", master, 100);
  show("none", master, 100);
  ioctl(slave, TCFLSH, TCIOFLUSH);
  revents("flushed", master);
  show("status", master, 100);
  raw(1, 0);
  show("raw", master, 100);
  ask("off", (word = 0, ioctl(master, TIOCPKT, &word)));
  close_pair();
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  places();
  a_pair();
  settings();
  reading();
  sessions();
  hang_up();
  packets();
  return 0;
}
