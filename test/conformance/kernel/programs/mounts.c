// mount(2), umount2(2), pivot_root(2): new filesystems, binds, moves, flags, propagation, and every error on the way.
#include "check.h"
#include "mount-tree.h"
#include "own-root.h"

static void basics(void) {
  SHOW(mount("none", "/nowhere", "tmpfs", 0, NULL));
  SHOW(mount("none", "/m", "no-such-type", 0, NULL));
  SHOW(mount("none", "/m", NULL, 0, NULL));
  SHOW(mount("none", "/m", "tmpfs", 0, "size=banana"));
  SHOW(mount("none", "/m", "tmpfs", 0, "colour=red"));
  SHOW(mount("none", "/file", "tmpfs", 0, NULL));
  SHOW(mount("none", "", "tmpfs", 0, NULL));
  SHOW(mount("none", (char *)8, "tmpfs", 0, NULL));
  SHOW(mount("one", "/m", "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=700,uid=5,gid=6"));
  mode("/m");
  put("/m/inside", "hello");
  tree("one tmpfs");
  SHOW(mount("two", "/m", "tmpfs", MS_RDONLY | MS_NOEXEC | MS_NOATIME, NULL));
  tree("another over it");
  SHOW(open("/m/x", O_CREAT | O_WRONLY, 0644));
  get("/m/inside");
  SHOW(mkdir("/m/d", 0755));
  SHOW(umount2("/m", 0));
  get("/m/inside");
  SHOW(umount2("/m/inside", 0));
  SHOW(umount2("/m", 64));
  int fd = open("/m/inside", O_RDONLY);
  SHOW(umount2("/m", 0));
  SHOW(umount2("/m", MNT_DETACH));
  char text[8] = "";
  SHOW(read(fd, text, 5));
  printf("%s\n", text);
  SHOW(close(fd));
  SHOW(umount2("/m", 0));
  SHOW(umount2("/nowhere", 0));
  SHOW(mount("three", "/m", "tmpfs", 0, NULL));
  SHOW(umount2("/m", MNT_EXPIRE | MNT_DETACH));
  SHOW(umount2("/m", MNT_EXPIRE));
  SHOW(umount2("/m", MNT_EXPIRE));
  SHOW(umount2("/m", MNT_EXPIRE));
}

static void full(void) {
  SHOW(mount("t", "/m", "tmpfs", 0, "size=64k,nr_inodes=4"));
  int fd = open("/m/big", O_CREAT | O_WRONLY, 0644);
  static char bytes[100000];
  SHOW(write(fd, bytes, sizeof bytes));
  SHOW(write(fd, bytes, 1));
  SHOW(mount("t", "/m", NULL, MS_REMOUNT, "size=128k"));
  SHOW(write(fd, bytes, 1));
  SHOW(mount("t", "/m", NULL, MS_REMOUNT, "size=4k"));
  SHOW(mount("t", "/m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
  close(fd);
  SHOW(mkdir("/m/1", 0755));
  SHOW(mkdir("/m/2", 0755));
  SHOW(mkdir("/m/3", 0755));
  tree("small");
  SHOW(umount("/m"));
}

static void binds(void) {
  SHOW(mount("/a", "/m", NULL, MS_BIND, NULL));
  put("/m/from-bind", "bound");
  get("/a/from-bind");
  SHOW(rename("/a/from-bind", "/m/elsewhere"));
  SHOW(link("/a/from-bind", "/m/linked"));
  SHOW(rmdir("/m"));
  SHOW(mount("/a", "/m", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID, NULL));
  SHOW(open("/m/new", O_CREAT | O_WRONLY, 0644));
  OK(open("/a/new", O_CREAT | O_WRONLY, 0644));
  tree("bound read-only");
  SHOW(mount(NULL, "/m/", NULL, MS_REMOUNT | MS_BIND, NULL));
  SHOW(mount(NULL, "/a", NULL, MS_REMOUNT | MS_BIND, NULL));
  SHOW(mount("/file", "/m", NULL, MS_BIND, NULL));
  SHOW(mount("/file", "/a/elsewhere", NULL, MS_BIND, NULL));
  SHOW(mount("/nowhere", "/m", NULL, MS_BIND, NULL));
  SHOW(mount("/file", "/a/file2", NULL, MS_BIND, NULL));
  put("/a/file2", "");
  SHOW(mount("/file", "/a/file2", NULL, MS_BIND, NULL));
  get("/a/file2");
  SHOW(unlink("/a/file2"));
  SHOW(umount("/a/file2"));
  SHOW(umount("/m"));
  SHOW(mount("deep", "/a/d", "tmpfs", 0, NULL));
  put("/a/d/deep", "deep");
  SHOW(mount("/a", "/m", NULL, MS_BIND, NULL));
  get("/m/d/deep");
  SHOW(umount("/m"));
  SHOW(mount("/a", "/m", NULL, MS_BIND | MS_REC, NULL));
  get("/m/d/deep");
  tree("recursive");
  SHOW(umount("/m"));
  SHOW(umount2("/m", MNT_DETACH));
  SHOW(mount(NULL, "/a/d", NULL, MS_UNBINDABLE, NULL));
  SHOW(mount("/a/d", "/m", NULL, MS_BIND, NULL));
  SHOW(mount("/a", "/m", NULL, MS_BIND | MS_REC, NULL));
  tree("without the unbindable");
  SHOW(umount("/m"));
  SHOW(umount("/a/d"));
}

static void moves(void) {
  SHOW(mount("moving", "/a/d", "tmpfs", 0, NULL));
  put("/a/d/f", "moved");
  SHOW(mount("/a", "/m", NULL, MS_MOVE, NULL));
  SHOW(mount("/", "/m", NULL, MS_MOVE, NULL));
  SHOW(mount("/a/d", "/file", NULL, MS_MOVE, NULL));
  SHOW(mkdir("/a/d/below", 0755));
  SHOW(mount("/a/d", "/a/d/below", NULL, MS_MOVE, NULL));
  SHOW(mount("/a/d", "/m", NULL, MS_MOVE, NULL));
  get("/m/f");
  get("/a/d/f");
  tree("moved");
  SHOW(chdir("/m"));
  SHOW(umount("/m"));
  SHOW(chdir("/"));
  SHOW(umount("/m"));
}

static void propagation(void) {
  SHOW(mount(NULL, "/a", NULL, MS_SHARED, NULL));
  SHOW(mount("/a", "/a", NULL, MS_BIND, NULL));
  SHOW(mount(NULL, "/a", NULL, MS_SHARED | MS_PRIVATE, NULL));
  SHOW(mount(NULL, "/a", NULL, MS_SHARED | MS_NOSUID, NULL));
  SHOW(mount(NULL, "/a", NULL, MS_SHARED, NULL));
  SHOW(mount("/a", "/m", NULL, MS_BIND, NULL));
  SHOW(mount("/a", "/s", NULL, MS_BIND, NULL));
  SHOW(mount(NULL, "/s", NULL, MS_SLAVE, NULL));
  tree("peers and a slave");
  SHOW(mount("both", "/a/d", "tmpfs", 0, NULL));
  put("/a/d/seen", "everywhere");
  get("/m/d/seen");
  get("/s/d/seen");
  tree("mounted in one");
  SHOW(umount("/m/d"));
  tree("unmounted in another");
  SHOW(mount("slaves", "/s/d", "tmpfs", 0, NULL));
  tree("mounted in the slave");
  fflush(stdout);
  if (fork() == 0) {
    SHOW(unshare(CLONE_NEWNS));
    SHOW(mount("inner", "/m/d", "tmpfs", 0, NULL));
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  tree("after a peer in another namespace");
  SHOW(umount("/a/d"));
  SHOW(umount("/s/d"));
  SHOW(umount2("/s", MNT_DETACH));
  SHOW(umount("/m"));
  SHOW(mount(NULL, "/a", NULL, MS_PRIVATE, NULL));
  SHOW(umount("/a"));
  tree("all gone");
}

static void pivot(void) {
  SHOW(syscall(SYS_pivot_root, "/m", "/m"));
  SHOW(mount("new", "/m", "tmpfs", 0, NULL));
  SHOW(mkdir("/m/old", 0755));
  put("/m/marker", "new root");
  SHOW(syscall(SYS_pivot_root, "/m", "/a"));
  SHOW(syscall(SYS_pivot_root, "/m", "/m/marker"));
  SHOW(syscall(SYS_pivot_root, "/m/old", "/m/old"));
  SHOW(syscall(SYS_pivot_root, "/nowhere", "/m/old"));
  SHOW(syscall(SYS_pivot_root, "/m", "/m/old"));
  get("/marker");
  get("/old/file");
  char cwd[100];
  printf("%s\n", getcwd(cwd, sizeof cwd));
  SHOW(umount("/old"));
  SHOW(umount2("/old", MNT_DETACH));
  get("/old/file");
  SHOW(umount("/"));
  SHOW(mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL));
  SHOW(open("/x", O_CREAT | O_WRONLY, 0644));
}

static void unprivileged(void) {
  AS_USER(1000) {
    SHOW(mount("none", "/m", "tmpfs", 0, NULL));
    SHOW(mount("none", "/nowhere", "tmpfs", 0, NULL));
    SHOW(umount("/proc"));
    SHOW(syscall(SYS_pivot_root, "/nowhere", "/m"));
    SHOW(unshare(CLONE_NEWNS));
    SHOW(sethostname("x", 1));
  }
}

int main(int argc, char **argv) {
  own_root(argc, argv);
  setvbuf(stdout, NULL, _IONBF, 0);
  umask(022);
  for (const char *const *p = (const char *const[]){"/proc", "/m", "/a", "/a/d", "/s", NULL}; *p; p++) mkdir(*p, 0755);
  put("/file", "a file");
  SHOW(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
  basics();
  full();
  binds();
  moves();
  propagation();
  unprivileged();
  pivot();
  return 0;
}
