/* Attributes: modes, owners, times, what they lose and keep; xattrs, statx, statfs, access. */
#include "check.h"

static void modes(void) {
  put("f", "x");
  mkdir("d", 0755);
  symlink("f", "s");
  SHOW(chmod("f", 07777));
  mode("f");
  SHOW(chmod("f", 0640));
  SHOW(chmod("s", 0600));
  mode("f");
  SHOW(chmod("missing", 0600));
  SHOW(fchmodat(AT_FDCWD, "s", 0600, AT_SYMLINK_NOFOLLOW));
  SHOW(syscall(452, AT_FDCWD, "s", 0600, AT_SYMLINK_NOFOLLOW));
  SHOW(syscall(452, AT_FDCWD, "f", 0604, AT_SYMLINK_NOFOLLOW));
  SHOW(syscall(452, open("f", O_PATH), "", 0606, AT_EMPTY_PATH));
  mode("f");
  SHOW(fchmod(open("d", O_RDONLY), 01777));
  mode("d");
  SHOW(chown("f", 1000, 1000));
  SHOW(chown("f", -1, -1));
  SHOW(lchown("s", 5, 6));
  mode("s");
  mode("f");
  SHOW(chmod("f", 06755));
  SHOW(chown("f", 1001, -1));
  mode("f");
  SHOW(chmod("f", 02644));
  SHOW(chown("f", 1000, -1));
  mode("f");
  SHOW(chmod("d", 06777));
  SHOW(chown("d", 1, 2));
  mode("d");
  SHOW(fchownat(AT_FDCWD, "s", 7, 8, AT_SYMLINK_NOFOLLOW));
  SHOW(fchownat(AT_FDCWD, "s", 7, 8, 1));
  SHOW(fchown(99, 1, 1));
  mkdir("d/sub", 0755);
  put("d/file", "x");
  mode("d/sub");
  mode("d/file");
  AS_USER(1000) {
    chdir("/");
    SHOW(chmod("f", 02755));
    mode("f");
    SHOW(chown("f", 1000, 1000));
    SHOW(chown("f", 1001, -1));
    SHOW(chown("f", -1, 5));
    SHOW(chmod("s", 0644));
    SHOW(chmod("d", 0700));
    SHOW(utime("d", NULL));
    struct timespec t[2] = {{1, 2}, {3, 4}};
    SHOW(utimensat(AT_FDCWD, "d", t, 0));
    SHOW(utimensat(AT_FDCWD, "f", t, 0));
  }
  chmod("f", 06777);
  mode("f");
  int fd = open("f", O_WRONLY);
  write(fd, "root writes", 11);
  mode("f");
  AS_USER(1005) {
    int mine = open("f", O_WRONLY);
    write(mine, "a user writes", 13);
    mode("f");
  }
  chmod("f", 06777);
  AS_USER(1005) {
    SHOW(truncate("f", 3));
    mode("f");
  }
}

static void show(const char *path) {
  struct stat st;
  lstat(path, &st);
  printf("%s: %lld.%09ld %lld.%09ld\n", path, (long long)st.st_atim.tv_sec, st.st_atim.tv_nsec, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}
static struct stat before;
static void remember(const char *path) {
  lstat(path, &before);
  usleep(15000);
}
static void changed(const char *what, const char *path) {
  struct stat st;
  lstat(path, &st);
#define DIFFERS(field) (st.field.tv_sec != before.field.tv_sec || st.field.tv_nsec != before.field.tv_nsec)
  printf("%s: atime %s mtime %s ctime %s\n", what, DIFFERS(st_atim) ? "new" : "old", DIFFERS(st_mtim) ? "new" : "old", DIFFERS(st_ctim) ? "new" : "old");
}
#define WATCH(path, action) (remember(path), (void)(action), changed(#action, path))

static void times(void) {
  struct timespec t[2] = {{1000000, 111}, {2000000, 222}};
  struct timespec omit[2] = {{0, UTIME_OMIT}, {5, 5}}, none[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}}, bad[2] = {{0, 1000000000}, {0, 0}};
  SHOW(utimensat(AT_FDCWD, "f", t, 0));
  show("f");
  SHOW(utimensat(AT_FDCWD, "f", omit, 0));
  show("f");
  SHOW(utimensat(AT_FDCWD, "missing", none, 0));
  SHOW(utimensat(AT_FDCWD, "f", bad, 0));
  SHOW(utimensat(AT_FDCWD, "s", t, AT_SYMLINK_NOFOLLOW));
  show("s");
  SHOW(utimensat(AT_FDCWD, "f", t, 1));
  int fd = open("f", O_RDWR);
  t[0].tv_sec = -5;
  SHOW(futimens(fd, t));
  show("f");
  struct timeval v[2] = {{10, 20}, {30, 40}}, badv[2] = {{10, 2000000}, {30, 40}};
  SHOW(utimes("f", v));
  show("f");
  SHOW(utimes("f", badv));
  struct utimbuf u = {7, 8};
  SHOW(utime("f", &u));
  show("f");
  char c;
  WATCH("f", read(open("f", O_RDONLY), &c, 1));
  WATCH("f", read(open("f", O_RDONLY), &c, 1));
  WATCH("f", write(fd, "x", 1));
  WATCH("f", read(open("f", O_RDONLY), &c, 1));
  WATCH("f", read(open("f", O_RDONLY | O_NOATIME), &c, 1));
  WATCH("f", write(fd, "x", 0));
  WATCH("f", chmod("f", 0644));
  WATCH("f", chown("f", 0, 0));
  WATCH("f", link("f", "f2"));
  WATCH("f", unlink("f2"));
  WATCH("f", rename("f", "g"));
  rename("g", "f");
  WATCH("f", ftruncate(fd, 5));
  WATCH("f", ftruncate(fd, 5));
  WATCH("f", truncate("f", 5));
  WATCH("f", open("f", O_WRONLY | O_TRUNC));
  WATCH("f", open("f", O_WRONLY | O_TRUNC));
  WATCH("f", open("f", O_RDONLY));
  WATCH("f", utimensat(AT_FDCWD, "f", NULL, 0));
  WATCH("f", setxattr("f", "user.t", "v", 1, 0));
  WATCH("d", mkdir("d/new", 0755));
  WATCH("d", rmdir("d/new"));
  WATCH("d", put("d/file", "y"));
  WATCH("d", unlink("d/file"));
  WATCH("s", readlink("s", &c, 1));
  WATCH("d", chmod("d/sub", 0700));
}

static void xattrs(void) {
  char text[128] = {0};
  put("x", "");
  SHOW(setxattr("x", "user.one", "value", 5, 0));
  SHOW(setxattr("x", "user.one", "value", 5, XATTR_CREATE));
  SHOW(setxattr("x", "user.two", "2", 1, XATTR_REPLACE));
  SHOW(setxattr("x", "user.empty", "", 0, 0));
  SHOW(setxattr("x", "trusted.t", "t", 1, 0));
  SHOW(setxattr("x", "security.s", "s", 1, 0));
  SHOW(setxattr("x", "bogus.s", "s", 1, 0));
  SHOW(setxattr("x", "user.", "s", 1, 0));
  SHOW(setxattr("x", "", "s", 1, 0));
  SHOW(setxattr("x", "user.one", "s", 1, 7));
  SHOW(setxattr("missing", "user.one", "s", 1, 0));
  SHOW(lsetxattr("s", "user.one", "s", 1, 0));
  SHOW(lgetxattr("s", "user.one", text, sizeof text));
  SHOW(getxattr("x", "user.one", text, sizeof text));
  puts(text);
  SHOW(getxattr("x", "user.one", NULL, 0));
  SHOW(getxattr("x", "user.one", text, 2));
  SHOW(getxattr("x", "user.missing", text, 2));
  SHOW(getxattr("x", "user.empty", text, 2));
  SHOW(listxattr("x", text, 2));
  long n = listxattr("x", text, sizeof text);
  printf("names take %ld bytes\n", n);
  SHOW(removexattr("x", "user.one"));
  SHOW(removexattr("x", "user.one"));
  SHOW(fgetxattr(open("x", O_RDONLY), "trusted.t", text, sizeof text));
  SHOW(fsetxattr(99, "user.a", "b", 1, 0));
  chmod("x", 0644);
  AS_USER(1000) {
    SHOW(setxattr("x", "user.one", "v", 1, 0));
    SHOW(getxattr("x", "user.empty", text, 2));
    SHOW(setxattr("x", "trusted.t", "v", 1, 0));
    SHOW(getxattr("x", "trusted.t", text, 2));
    SHOW(setxattr("x", "security.s", "v", 1, 0));
    SHOW(getxattr("x", "security.s", text, 2));
    long mine = listxattr("x", text, sizeof text);
    printf("names take %ld bytes\n", mine);
  }
}

static void statuses(void) {
  struct statx sx;
  SHOW(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &sx));
  printf("%o %u %u %u %llu %x\n", sx.stx_mode, sx.stx_nlink, sx.stx_uid, sx.stx_gid, (unsigned long long)sx.stx_size, sx.stx_mask & STATX_BASIC_STATS);
  SHOW(statx(AT_FDCWD, "missing", 0, STATX_BASIC_STATS, &sx));
  SHOW(statx(AT_FDCWD, "f", 1, STATX_BASIC_STATS, &sx));
  SHOW(statx(AT_FDCWD, "f", AT_STATX_SYNC_TYPE, STATX_BASIC_STATS, &sx));
  SHOW(statx(AT_FDCWD, "f", 0, STATX__RESERVED, &sx));
  SHOW(statx(open("f", O_RDONLY), "", AT_EMPTY_PATH, STATX_BASIC_STATS, &sx));
  SHOW(statx(AT_FDCWD, "s", AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &sx));
  printf("%o\n", sx.stx_mode);
  struct stat st;
  SHOW(fstatat(AT_FDCWD, "", &st, 0));
  SHOW(fstatat(AT_FDCWD, "", &st, AT_EMPTY_PATH));
  SHOW(fstatat(AT_FDCWD, "f", &st, 0x10));
  SHOW(stat("f", (struct stat *)16));
  struct statfs fs;
  SHOW(statfs("/", &fs));
  printf("%lx %ld %ld\n", (long)fs.f_type, (long)fs.f_bsize, (long)fs.f_namelen);
  SHOW(statfs("missing", &fs));
  SHOW(fstatfs(99, &fs));
  chmod("f", 0640), chown("f", 0, 1000);
  put("program2", ""), chmod("program2", 0755);
  SHOW(access("f", F_OK));
  SHOW(access("f", R_OK | W_OK));
  SHOW(access("f", X_OK));
  SHOW(access("program2", X_OK));
  SHOW(access("missing", F_OK));
  SHOW(access("f/", F_OK));
  SHOW(access("f", 8));
  SHOW(faccessat(AT_FDCWD, "f", R_OK, AT_EACCESS));
  AS_USER(1000) {
    SHOW(access("f", R_OK));
    SHOW(access("f", W_OK));
    SHOW(access("/", W_OK));
    SHOW(access("private/x", F_OK));
  }
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    setresuid(1000, 0, 0);
    SHOW(access("f", W_OK));
    SHOW(faccessat(AT_FDCWD, "f", W_OK, AT_EACCESS));
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  int p[2];
  pipe(p);
  SHOW(fchmod(p[0], 0640));
  SHOW(fchown(p[0], 3, 4));
  fstat(p[0], &st);
  printf("%o %u %u %lld\n", st.st_mode, st.st_uid, st.st_gid, (long long)st.st_size);
}

int main(void) {
  umask(022);
  modes(), times(), xattrs(), statuses();
  return 0;
}
