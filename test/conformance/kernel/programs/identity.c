// Who a process is and becomes: ids, groups, capabilities, securebits, and what exec makes of them.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <sys/auxv.h>
#include <unistd.h>

static void show(const char *what, long result) {
  uid_t r, e, s; gid_t rg, eg, sg;
  int err = result < 0 ? errno : 0;
  getresuid(&r, &e, &s); getresgid(&rg, &eg, &sg);
  printf("%-30s %ld %s | uid %d %d %d fs %d gid %d %d %d fs %d\n", what, result, err ? strerrorname_np(err) : "-",
    r, e, s, setfsuid(-1), rg, eg, sg, setfsgid(-1));
}
static void caps(const char *what) {
  struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
  struct __user_cap_data_struct d[2];
  syscall(SYS_capget, &h, d);
  printf("%-30s e %x:%x p %x:%x i %x:%x sb %d nnp %d amb", what, d[1].effective, d[0].effective, d[1].permitted, d[0].permitted,
    d[1].inheritable, d[0].inheritable, prctl(PR_GET_SECUREBITS), prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  for (int i = 0; i <= 40; i++) if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1) printf(" %d", i);
  printf(" dump %d\n", prctl(PR_GET_DUMPABLE));
}
static int setcaps(uint64_t e, uint64_t p, uint64_t i) {
  struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
  struct __user_cap_data_struct d[2] = { { e, p, i }, { e >> 32, p >> 32, i >> 32 } };
  return syscall(SYS_capset, &h, d);
}
#define R(x) show(#x, (errno = 0, (long)(x)))
#define C(x) (R(x), caps(""))
#define CHILD(name) fflush(stdout); for (int once = (printf("== %s\n", name), fflush(stdout), fork()); once == 0; fflush(stdout), _exit(0)) 
#define WAIT do { int s; wait(&s); if (s) printf("child status %x\n", s); } while (0)
// Without CAP_SYS_RESOURCE, which not every machine gives.
#define FULL 0x1fffeffffffULL

static void exec_shown(const char *path) {
  fflush(stdout);
  if (fork() == 0) { execl(path, "program", "shown", (char *)0); printf("exec %s\n", strerrorname_np(errno)); fflush(stdout); _exit(9); }
  int st; wait(&st); printf("  status %x\n", st);
}
static void put_caps(const char *path, int revision, int effective, uint64_t p, uint64_t i) {
  uint32_t d[6] = { (revision << 24) | effective, p, i, p >> 32, i >> 32, 0 };
  int r = setxattr(path, "security.capability", d, revision == 3 ? 24 : revision == 2 ? 20 : 12, 0);
  printf("setxattr %d\n", r);
}
static void copy(const char *to) {
  char b[65536]; int n, in = open("/program", 0), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
  while ((n = read(in, b, sizeof b)) > 0) write(out, b, n);
  close(in); close(out);
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "shown") == 0) { R(0); caps("  after exec"); printf("  secure %ld\n", getauxval(AT_SECURE)); return 0; }
  setvbuf(stdout, 0, _IOFBF, 1 << 16);
  prctl(PR_CAPBSET_DROP, 24);
  setcaps(FULL, FULL, 0);
  setgroups(0, 0);
  if (argc > 1) goto files;
  CHILD("setuid") { C(setuid(1000)); C(setuid(0)); R(setuid(1000)); R(setuid(-1)); } WAIT;
  CHILD("setreuid") { C(setreuid(1000, 2000)); R(setreuid(-1, 1000)); R(setreuid(2000, -1)); R(setreuid(-1, 2000)); R(setreuid(3000, -1)); } WAIT;
  CHILD("setreuid2") { C(setreuid(-1, 1000)); C(setreuid(-1, 0)); C(setreuid(1000, 0)); C(setreuid(0, 1000)); C(setuid(0)); } WAIT;
  CHILD("setresuid") { C(setresuid(1, 2, 3)); R(setresuid(2, 3, 1)); R(setresuid(4, -1, -1)); R(setresuid(-1, -1, -1)); R(setuid(1)); R(setuid(3)); } WAIT;
  CHILD("setresuid back") { C(setresuid(1000, 1000, 0)); C(setresuid(0, 0, 0)); } WAIT;
  CHILD("seteuid") { C(seteuid(1000)); C(seteuid(0)); } WAIT;
  CHILD("setgid") { R(setgid(5)); R(setregid(6, 7)); R(setresgid(1, 2, 3)); R(setuid(1000)); R(setgid(9)); R(setgid(1)); R(setgid(3)); R(setregid(3, 1)); R(setresgid(-1, 1, -1)); } WAIT;
  CHILD("setfsuid") { R(setfsuid(1000)); caps("fs 1000"); R(setfsuid(0)); caps("fs 0"); R(setfsgid(7)); R(setresuid(5, 6, 7)); R(setfsuid(5)); R(setfsuid(8)); R(setfsuid(7)); R(setfsgid(9)); } WAIT;
  CHILD("groups") {
    gid_t g[8] = { 9, 4, 7, 4 }; R(setgroups(4, g)); memset(g, 0, sizeof g); R(getgroups(8, g)); printf("%d %d %d %d\n", g[0], g[1], g[2], g[3]);
    R(getgroups(2, g)); R(getgroups(0, 0)); R(getgroups(-1, g)); R(setgroups(70000, g)); R(syscall(SYS_setgroups, 2, (void *)1)); g[0] = -1; R(setgroups(1, g));
    R(setuid(7)); R(setgroups(0, 0)); R(getgroups(8, g));
  } WAIT;
  CHILD("keepcaps") { R(prctl(PR_GET_KEEPCAPS)); R(prctl(PR_SET_KEEPCAPS, 1)); C(setuid(1000)); R(prctl(PR_SET_KEEPCAPS, 2)); C(setcaps(0x80, 0x80, 0)); R(setuid(0)); C(setcaps(0x81, 0x81, 0)); R(setcaps(0, 0x80, 0x80)); caps("inh"); } WAIT;
  CHILD("nofixup") { R(prctl(PR_SET_SECUREBITS, 4)); C(setuid(1000)); C(setuid(0)); } WAIT;
  CHILD("securebits") { R(prctl(PR_SET_SECUREBITS, 0x2f)); R(prctl(PR_SET_SECUREBITS, 0x0f)); R(prctl(PR_SET_SECUREBITS, 0x3f)); R(prctl(PR_SET_KEEPCAPS, 1)); R(prctl(PR_SET_SECUREBITS, 0x100000)); R(prctl(PR_GET_SECUREBITS)); } WAIT;
  CHILD("capset") { C(setcaps(1, 3, FULL)); R(setcaps(4, 3, 0)); R(setcaps(0, 7, 0)); C(setcaps(2, 2, 2)); R(setcaps(2, 2, 8)); R(setcaps(2, 2, 0)); R(setcaps(2, 2, 2));
    struct __user_cap_header_struct h = { 0x123, 0 }; struct __user_cap_data_struct d[2]; R(syscall(SYS_capget, &h, d)); printf("%x\n", h.version); h.version = 1; R(syscall(SYS_capget, &h, 0));
    h.version = _LINUX_CAPABILITY_VERSION_3; h.pid = -1; R(syscall(SYS_capget, &h, d)); h.pid = 32767999; R(syscall(SYS_capget, &h, d)); h.pid = 1; R(syscall(SYS_capset, &h, d)); 
    h.version = _LINUX_CAPABILITY_VERSION_1; h.pid = 0; R(syscall(SYS_capget, &h, d)); printf("%x %x %x\n", d[0].effective, d[0].permitted, d[0].inheritable); R(syscall(SYS_capget, 0, d)); R(syscall(SYS_capget, &h, (void*)1)); } WAIT;
  CHILD("bounding") { R(prctl(PR_CAPBSET_READ, 21)); R(prctl(PR_CAPBSET_DROP, 21)); R(prctl(PR_CAPBSET_READ, 21)); R(prctl(PR_CAPBSET_READ, 41)); R(prctl(PR_CAPBSET_DROP, 64)); exec_shown("/program"); R(setcaps(0, 0, 0)); R(prctl(PR_CAPBSET_DROP, 1)); exec_shown("/program"); } WAIT;
  CHILD("ambient") { R(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 10, 0, 0)); R(setcaps(FULL, FULL, 1 << 10)); R(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 10, 0, 0)); R(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 41, 0, 0)); R(prctl(PR_CAP_AMBIENT, 9, 1, 0, 0)); R(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 10, 1, 0));
    prctl(PR_SET_KEEPCAPS, 1); C(setresuid(1000, 1000, 1000)); R(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 10, 0, 0)); caps("raised"); exec_shown("/program"); R(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, 10, 0, 0)); exec_shown("/program"); R(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)); } WAIT;
  CHILD("noroot") { R(prctl(PR_SET_SECUREBITS, 1)); exec_shown("/program"); } WAIT;
  CHILD("exec as user") { R(setuid(1000)); exec_shown("/program"); } WAIT;
  return 0;
files:
  CHILD("exec half") { R(setreuid(1000, 0)); exec_shown("/program"); R(setreuid(0, 1000)); exec_shown("/program"); } WAIT;
  copy("/suid"); chown("/suid", 0, 5); chmod("/suid", 06755);
  copy("/suid7"); chown("/suid7", 7, 5); chmod("/suid7", 04755);
  copy("/sgid"); chown("/sgid", 0, 5); chmod("/sgid", 02745);
  CHILD("setuid program") { setuid(1000); exec_shown("/suid"); exec_shown("/suid7"); exec_shown("/sgid"); R(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); R(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0)); exec_shown("/suid"); } WAIT;
  CHILD("setuid program of root") { exec_shown("/suid7"); exec_shown("/suid"); prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); exec_shown("/program"); } WAIT;
  CHILD("file capabilities") {
    copy("/capped"); put_caps("/capped", 2, 1, 0x401, 0x2); exec_shown("/capped");
    if (fork() == 0) { setuid(1000); exec_shown("/capped"); prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); exec_shown("/capped"); fflush(stdout); _exit(0); } fflush(stdout); wait(0);
    put_caps("/capped", 2, 0, 0x400, 0x2);
    if (fork() == 0) { setcaps(FULL, FULL, 3); setuid(1000); exec_shown("/capped"); fflush(stdout); _exit(0); } wait(0);
    put_caps("/capped", 3, 1, 0x400, 0);
    if (fork() == 0) { setuid(1000); exec_shown("/capped"); fflush(stdout); _exit(0); } wait(0);
    put_caps("/capped", 2, 1, 0x400, 0); prctl(PR_CAPBSET_DROP, 10);
    if (fork() == 0) { setuid(1000); exec_shown("/capped"); fflush(stdout); _exit(0); } wait(0);
  } WAIT;
  return 0;
}
