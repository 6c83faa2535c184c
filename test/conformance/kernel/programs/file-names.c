/* Names: open's flags, links, directories, renames, symbolic links, and the errors of each. */
#include "check.h"

static void opening(void) {
  char longName[300];
  memset(longName, 'x', sizeof longName - 1);
  longName[sizeof longName - 1] = 0;
  put("plain", "hello");
  mkdir("dir", 0755);
  OK(open("plain", O_RDONLY | O_DIRECTORY));
  OK(open("dir", O_RDONLY | O_DIRECTORY));
  OK(open("dir", O_WRONLY));
  OK(open("dir", O_RDWR | O_CREAT, 0644));
  OK(open("dir", O_RDONLY | O_TRUNC));
  OK(open("plain", O_CREAT | O_EXCL | O_WRONLY, 0644));
  OK(open("missing", O_RDONLY));
  OK(open("", O_RDONLY));
  OK(open("plain/", O_RDONLY));
  OK(open("plain/.", O_RDONLY));
  OK(open("plain/..", O_RDONLY));
  OK(open("dir/", O_RDONLY));
  OK(open("new/", O_CREAT | O_WRONLY, 0644));
  OK(open("dir/", O_CREAT | O_WRONLY, 0644));
  OK(open("dir/../plain", O_RDONLY));
  OK(open("missing/../plain", O_RDONLY));
  OK(open(longName, O_RDONLY));
  OK(open(longName, O_CREAT | O_WRONLY, 0644));
  OK(open("plain", O_CREAT | O_DIRECTORY, 0644));
  OK(open((char *)8, O_RDONLY));
  OK(openat(99, "plain", O_RDONLY));
  OK(openat(0, "plain", O_RDONLY));
  OK(open("dir", O_TMPFILE | O_RDWR, 0600));
  OK(open("dir", O_TMPFILE | O_RDONLY, 0600));
  OK(open("plain", O_TMPFILE | O_RDWR, 0600));
  int path = OK(open("plain", O_PATH));
  char c;
  SHOW(read(path, &c, 1));
  SHOW(write(path, &c, 1));
  SHOW(fchmod(path, 0600));
  SHOW(ftruncate(path, 0));
  SHOW(fcntl(path, F_GETFL));
  SHOW(lseek(path, 0, SEEK_SET));
  SHOW(ioctl(path, FIONREAD, &c));
  SHOW(fcntl(path, F_SETFL, 0));
  SHOW(fcntl(open("plain", O_RDWR | O_APPEND | O_NONBLOCK | O_CLOEXEC), F_GETFL));
  SHOW(fcntl(open("dir", O_RDONLY | O_DIRECTORY | O_NOFOLLOW), F_GETFL));
  SHOW(fcntl(open("dir", O_PATH | O_NOFOLLOW | O_DIRECTORY | O_RDWR), F_GETFL));
}

static void symlinks(void) {
  char text[64];
  SHOW(symlink("plain", "to-plain"));
  SHOW(symlink("dir", "to-dir"));
  SHOW(symlink("nowhere", "dangling"));
  SHOW(symlink("loop-b", "loop-a"));
  SHOW(symlink("loop-a", "loop-b"));
  SHOW(symlink("x", "plain"));
  SHOW(symlink("", "empty"));
  SHOW(symlink("x", "dir/"));
  SHOW(symlink("x", "fresh/"));
  SHOW(symlink("dir/", "to-dir-slash"));
  OK(open("to-plain", O_RDONLY | O_NOFOLLOW));
  OK(open("to-dir", O_RDONLY | O_NOFOLLOW | O_DIRECTORY));
  OK(open("to-dir/", O_RDONLY | O_NOFOLLOW | O_DIRECTORY));
  OK(open("to-plain", O_PATH | O_NOFOLLOW));
  OK(open("loop-a", O_RDONLY));
  OK(open("loop-a/x", O_RDONLY));
  OK(open("dangling", O_RDONLY));
  OK(open("dangling", O_CREAT | O_EXCL | O_WRONLY, 0644));
  OK(open("dangling", O_CREAT | O_WRONLY, 0640));
  mode("nowhere");
  mode("dangling");
  OK(open("to-plain/", O_RDONLY));
  OK(open("to-dir-slash/../plain", O_RDONLY));
  SHOW(readlink("to-plain", text, sizeof text));
  SHOW(readlink("to-plain", text, 2));
  SHOW(readlink("to-plain", text, 0));
  SHOW(readlink("plain", text, sizeof text));
  SHOW(readlink("missing", text, sizeof text));
  SHOW(readlinkat(open("to-plain", O_PATH | O_NOFOLLOW), "", text, sizeof text));
  SHOW(readlinkat(open("plain", O_RDONLY), "", text, sizeof text));
  SHOW(mkdir("to-dir/sub", 0700));
  SHOW(rmdir("to-dir"));
  SHOW(rmdir("to-dir/"));
  SHOW(mkdir("dangling2/", 0700));
  SHOW(mkdir("to-plain", 0700));
  SHOW(unlink("to-plain/"));
  SHOW(unlink("to-dir/"));
  SHOW(unlink("dir"));
  SHOW(unlink("dir/"));
  SHOW(unlink("plain/"));
  SHOW(unlink("missing"));
  SHOW(unlink("missing/"));
  SHOW(unlink("."));
  SHOW(unlink(".."));
  SHOW(unlink("/"));
  char deep[4200] = "";
  for (int i = 0; i < 2095; i++) strcat(deep, "./");
  OK(open(strcat(deep, "plain"), O_RDONLY));
  deep[4097] = 0;
  OK(open(deep, O_RDONLY));
}

static void directories(void) {
  SHOW(mkdir("plain", 0700));
  SHOW(mkdir("dir", 0700));
  SHOW(mkdir(".", 0700));
  SHOW(mkdir("..", 0700));
  SHOW(mkdir("/", 0700));
  SHOW(mkdir("plain/x", 0700));
  SHOW(mkdir("missing/x", 0700));
  SHOW(mkdir("new-dir/", 0777));
  mode("new-dir");
  SHOW(umask(077));
  SHOW(mkdir("private", 01777));
  SHOW(umask(022));
  mode("private");
  SHOW(rmdir("plain"));
  SHOW(rmdir("dir"));
  SHOW(rmdir("."));
  SHOW(rmdir("new-dir/."));
  SHOW(rmdir("new-dir/.."));
  SHOW(rmdir("/"));
  SHOW(rmdir("missing"));
  SHOW(rmdir("new-dir/"));
  SHOW(unlinkat(AT_FDCWD, "dir", AT_REMOVEDIR));
  SHOW(unlinkat(AT_FDCWD, "dir", 1));
  SHOW(unlinkat(AT_FDCWD, "plain", AT_REMOVEDIR));
  char text[256];
  mkdir("gone", 0755);
  SHOW(chdir("plain"));
  SHOW(chdir("missing"));
  SHOW(chdir("gone"));
  SHOW(rmdir("../gone"));
  SHOW(getcwd(text, sizeof text) == NULL ? -1 : 0);
  OK(open("x", O_CREAT | O_WRONLY, 0644));
  SHOW(mkdir("y", 0755));
  OK(open(".", O_RDONLY));
  DIR *d = opendir(".");
  struct dirent *e = d ? readdir(d) : NULL;
  printf("entries of a removed directory: %s\n", e ? e->d_name : strerrorname_np(errno));
  SHOW(chdir(".."));
  SHOW(getcwd(text, 1) == NULL ? -1 : 0);
  SHOW(syscall(SYS_getcwd, text, sizeof text));
  int fd = open("dir", O_RDONLY);
  SHOW(fchdir(fd));
  SHOW(syscall(SYS_getcwd, text, sizeof text));
  puts(text);
  SHOW(fchdir(99));
  SHOW(rename("../dir", "../moved"));
  SHOW(syscall(SYS_getcwd, text, sizeof text));
  puts(text);
  SHOW(rename("../moved", "../dir"));
  SHOW(chdir("/"));
  SHOW(fchdir(open("plain", O_RDONLY)));
}

static void links(void) {
  SHOW(link("plain", "second"));
  mode("plain");
  SHOW(link("plain", "second"));
  SHOW(link("dir", "dir2"));
  SHOW(link("missing", "m"));
  SHOW(link("plain", "missing/x"));
  SHOW(link("plain", "x/"));
  SHOW(link("plain/", "y"));
  SHOW(link("to-plain", "hard-symlink"));
  mode("hard-symlink");
  SHOW(linkat(AT_FDCWD, "to-plain", AT_FDCWD, "third", AT_SYMLINK_FOLLOW));
  mode("third");
  SHOW(linkat(AT_FDCWD, "plain", AT_FDCWD, "fourth", 1));
  SHOW(linkat(open("plain", O_RDONLY), "", AT_FDCWD, "fifth", AT_EMPTY_PATH));
  mode("fifth");
  SHOW(rename("plain", "second"));
  mode("plain");
  mode("second");
  unlink("second"), unlink("third"), unlink("fifth"), unlink("hard-symlink");
  mode("plain");
  int fd = open("plain", O_RDWR);
  SHOW(unlink("plain"));
  struct stat st;
  SHOW(fstat(fd, &st));
  printf("nlink %lu size %lld\n", (unsigned long)st.st_nlink, (long long)st.st_size);
  SHOW(write(fd, "HELLO", 5));
  SHOW(linkat(fd, "", AT_FDCWD, "again", AT_EMPTY_PATH));
  put("plain", "second life");
  char c;
  SHOW(pread(fd, &c, 1, 0));
  printf("%c\n", c);
}

static void renames(void) {
  put("a", "a");
  put("b", "b");
  mkdir("d1", 0755), mkdir("d2", 0755), mkdir("d1/inner", 0755);
  SHOW(rename("a", "b"));
  get("b");
  SHOW(rename("missing", "x"));
  SHOW(rename("b", "d1"));
  SHOW(rename("d1", "b"));
  SHOW(rename("d2", "d1"));
  SHOW(rename("d1", "d2"));
  mkdir("d1", 0755);
  SHOW(rename("d2", "d2/inner/x"));
  SHOW(rename("d2/inner", "d2"));
  SHOW(rename("d2", "."));
  SHOW(rename(".", "d3"));
  SHOW(rename("d2/..", "d3"));
  SHOW(rename("b", "b2/"));
  SHOW(rename("b/", "b2"));
  SHOW(rename("d1", "d3/"));
  SHOW(rename("d3/", "d1"));
  SHOW(rename("b", "missing/b"));
  SHOW(rename("to-plain", "renamed-link"));
  mode("renamed-link");
  SHOW(rename("to-dir/", "x"));
  SHOW(renameat2(AT_FDCWD, "b", AT_FDCWD, "plain", RENAME_NOREPLACE));
  SHOW(renameat2(AT_FDCWD, "b", AT_FDCWD, "c", RENAME_NOREPLACE));
  SHOW(renameat2(AT_FDCWD, "c", AT_FDCWD, "missing", RENAME_EXCHANGE));
  SHOW(renameat2(AT_FDCWD, "c", AT_FDCWD, "d1", RENAME_EXCHANGE));
  mode("c");
  mode("d1");
  SHOW(renameat2(AT_FDCWD, "c", AT_FDCWD, "d2/inner", RENAME_EXCHANGE));
  SHOW(renameat2(AT_FDCWD, "d2", AT_FDCWD, "d2/inner", RENAME_EXCHANGE));
  SHOW(renameat2(AT_FDCWD, "d1", AT_FDCWD, "x", 7));
  SHOW(renameat2(AT_FDCWD, "d1", AT_FDCWD, "x", RENAME_NOREPLACE | RENAME_EXCHANGE));
  SHOW(renameat2(AT_FDCWD, "d1", AT_FDCWD, ".", RENAME_NOREPLACE));
  int fd = open("d1", O_RDONLY);
  put("over", "over");
  SHOW(rename("over", "d1"));
  char text[8];
  SHOW(pread(fd, text, sizeof text, 0));
  get("d1");
}

static void nodes(void) {
  SHOW(mknod("fifo", S_IFIFO | 0666, 0));
  mode("fifo");
  SHOW(mknod("sock", S_IFSOCK | 0600, 0));
  mode("sock");
  SHOW(mknod("reg", 0644, 0));
  mode("reg");
  SHOW(mknod("reg2", S_IFREG | 04755, 0));
  mode("reg2");
  SHOW(mknod("dirnode", S_IFDIR | 0755, 0));
  SHOW(mknod("linknode", S_IFLNK | 0755, 0));
  SHOW(mknod("fifo", S_IFIFO | 0666, 0));
  SHOW(mknod("null", S_IFCHR | 0666, makedev(1, 3)));
  struct stat st;
  stat("null", &st);
  printf("null is %u:%u %o\n", major(st.st_rdev), minor(st.st_rdev), st.st_mode);
  OK(open("sock", O_RDONLY));
  OK(open("fifo", O_WRONLY | O_NONBLOCK));
  OK(open("fifo", O_RDONLY | O_NONBLOCK));
  OK(open("fifo", O_WRONLY | O_NONBLOCK));
  AS_USER(1000) {
    SHOW(mknod("u-null", S_IFCHR | 0666, makedev(1, 3)));
    SHOW(mknod("u-fifo", S_IFIFO | 0666, 0));
    SHOW(mkdir("u-dir", 0755));
    SHOW(unlink("reg"));
    SHOW(rename("reg", "reg3"));
    SHOW(symlink("reg", "reg3"));
    OK(open("private/x", O_RDONLY));
    OK(open("reg", O_WRONLY));
    OK(open("reg", O_RDONLY | O_TRUNC));
    OK(open("reg", O_RDONLY | O_NOATIME));
    OK(open("fresh", O_WRONLY | O_CREAT, 0644));
    SHOW(chdir("private"));
    SHOW(chmod("reg", 0777));
    SHOW(truncate("reg", 0));
    mkdir("sticky", 01777);
  }
  mkdir("sticky", 0777);
  chmod("sticky", 01777);
  put("sticky/mine", "x");
  AS_USER(1000) {
    put("sticky/theirs", "y");
    SHOW(unlink("sticky/mine"));
    SHOW(rename("sticky/mine", "sticky/other"));
    SHOW(rename("sticky/theirs", "sticky/mine"));
    SHOW(unlink("sticky/theirs"));
  }
}

static void listing(void) {
  struct dirent **names;
  int count = scandir("/", &names, NULL, alphasort);
  for (int i = 0; i < count; i++) if (strcmp(names[i]->d_name, "program")) printf("%s %d\n", names[i]->d_name, names[i]->d_type);
  char buffer[4096];
  int fd = open("/", O_RDONLY | O_DIRECTORY);
  SHOW(syscall(SYS_getdents64, fd, buffer, 8));
  long first = syscall(SYS_getdents64, fd, buffer, 24);
  printf("first record of %ld bytes\n", first);
  long total = 0, n;
  while ((n = syscall(SYS_getdents64, fd, buffer, 64)) > 0) total++;
  printf("rest %s\n", total > 5 ? "comes in pieces" : "is missing");
  SHOW(lseek(fd, 0, SEEK_SET));
  printf("from the start: %s\n", syscall(SYS_getdents64, fd, buffer, sizeof buffer) > 100 ? "again" : "nothing");
  SHOW(read(fd, buffer, 1));
  SHOW(syscall(SYS_getdents64, open("plain", O_RDONLY), buffer, sizeof buffer));
  SHOW(syscall(SYS_getdents64, 99, buffer, sizeof buffer));
}

int main(void) {
  umask(022);
  opening(), symlinks(), directories(), links(), renames(), nodes(), listing();
  return 0;
}
