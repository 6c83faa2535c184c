// fsopen, fsconfig, fsmount, fspick, open_tree, move_mount, mount_setattr: as mount(8) uses them, and every error on the way.
#include "check.h"
#include "mount-tree.h"
#include "own-root.h"
#include <linux/mount.h>
#undef MS_REC
#include <sys/mount.h>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

static int fs_open(const char *name, unsigned flags) { return syscall(430, name, flags); }
static int fs_config(int fd, unsigned command, const char *key, const void *value, int extra) {
  return syscall(431, fd, command, key, value, extra);
}
static int fs_mount(int fd, unsigned flags, unsigned attributes) { return syscall(432, fd, flags, attributes); }
static int fs_pick(int fd, const char *path, unsigned flags) { return syscall(433, fd, path, flags); }
static int open_tree_(int fd, const char *path, unsigned flags) { return syscall(428, fd, path, flags); }
static int move_mount_(int from, const char *path, int to, const char *target, unsigned flags) {
  return syscall(429, from, path, to, target, flags);
}
static int set_attributes(int fd, const char *path, unsigned flags, unsigned long long set, unsigned long long clear,
                          unsigned long long propagation, size_t size) {
  unsigned long long words[4] = {set, clear, propagation, 0};
  return syscall(442, fd, path, flags, words, size);
}

/* A descriptor's number is nobody's business. */
static int made(int fd) { return fd < 0 ? fd : 0; }

static void message(int fd) {
  char text[200];
  ssize_t count = read(fd, text, sizeof text - 1);
  if (count < 0) printf("  message: %s\n", strerrorname_np(errno));
  else printf("  message: %.*s\n", (int)count, text);
}

int main(int argc, char **argv) {
  own_root(argc, argv);
  setvbuf(stdout, NULL, _IONBF, 0);
  mkdir("/proc", 0755);
  mkdir("/m", 0755);
  mkdir("/n", 0755);
  mkdir("/dir", 0755);
  mount("proc", "/proc", "proc", 0, NULL);

  SHOW(fs_open("no-such-type", 0));
  SHOW(fs_open("tmpfs", 8));
  int fs = fs_open("tmpfs", FSOPEN_CLOEXEC);
  printf("close-on-exec %d\n", fcntl(fs, F_GETFD));
  message(fs);
  SHOW(fs_config(fs, 77, NULL, NULL, 0));
  SHOW(fs_config(-1, FSCONFIG_SET_FLAG, "ro", NULL, 0));
  SHOW(fs_config(0, FSCONFIG_SET_FLAG, "ro", NULL, 0));
  SHOW(fs_config(fs, FSCONFIG_SET_FLAG, NULL, NULL, 0));
  SHOW(fs_config(fs, FSCONFIG_SET_STRING, "size", NULL, 0));
  SHOW(fs_config(fs, FSCONFIG_SET_STRING, "colour", "red", 0));
  message(fs);
  SHOW(fs_config(fs, FSCONFIG_SET_STRING, "size", "banana", 0));
  message(fs);
  message(fs);
  SHOW(fs_config(fs, FSCONFIG_SET_STRING, "source", "mine", 0));
  SHOW(fs_config(fs, FSCONFIG_SET_STRING, "source", "again", 0));
  SHOW(fs_config(fs, FSCONFIG_SET_STRING, "size", "1m", 0));
  SHOW(fs_config(fs, FSCONFIG_SET_STRING, "mode", "0700", 0));
  SHOW(fs_mount(fs, 0, 0));
  SHOW(fs_config(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0));
  SHOW(fs_config(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
  SHOW(fs_config(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
  SHOW(fs_config(fs, FSCONFIG_SET_STRING, "size", "2m", 0));
  SHOW(fs_mount(fs, 8, 0));
  SHOW(fs_mount(fs, 0, 0x40000000));
  SHOW(fs_mount(0, 0, 0));
  int mounted = fs_mount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV | MOUNT_ATTR_NOATIME);
  printf("mounted %d\n", made(mounted));
  SHOW(fs_mount(fs, 0, 0));
  int inside = openat(mounted, "early", O_CREAT | O_WRONLY, 0644);
  printf("a file in a mount that hangs nowhere: %d\n", made(inside));
  close(inside);
  tree("nothing yet");
  SHOW(move_mount_(mounted, "", AT_FDCWD, "/m", 0));
  SHOW(move_mount_(mounted, "", AT_FDCWD, "/m", 0x40000000));
  SHOW(move_mount_(mounted, "", AT_FDCWD, "/none", MOVE_MOUNT_F_EMPTY_PATH));
  SHOW(move_mount_(mounted, "", AT_FDCWD, "/program", MOVE_MOUNT_F_EMPTY_PATH));
  SHOW(move_mount_(mounted, "", AT_FDCWD, "/m", MOVE_MOUNT_F_EMPTY_PATH));
  tree("hung at /m");
  SHOW(access("/m/early", F_OK));

  int copy = open_tree_(AT_FDCWD, "/m", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  SHOW(made(copy));
  SHOW(open_tree_(AT_FDCWD, "/m", AT_RECURSIVE));
  SHOW(open_tree_(AT_FDCWD, "/m", 2));
  SHOW(made(open_tree_(AT_FDCWD, "/m/early", 0)));
  SHOW(set_attributes(copy, "", AT_EMPTY_PATH, MOUNT_ATTR_RDONLY, 0, 0, 32));
  SHOW(set_attributes(copy, "", AT_EMPTY_PATH, MOUNT_ATTR_STRICTATIME, 0, 0, 32));
  SHOW(set_attributes(copy, "", AT_EMPTY_PATH, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME, 0, 32));
  SHOW(set_attributes(copy, "", AT_EMPTY_PATH, 0x40000000, 0, 0, 32));
  SHOW(set_attributes(copy, "", AT_EMPTY_PATH, 0, 0, 3, 32));
  SHOW(set_attributes(copy, "", AT_EMPTY_PATH, 0, 0, 0, 8));
  SHOW(set_attributes(copy, "", AT_EMPTY_PATH, 0, 0, 0, 32));
  SHOW(set_attributes(AT_FDCWD, "/dir", 0, MOUNT_ATTR_RDONLY, 0, 0, 32));
  SHOW(move_mount_(copy, "", AT_FDCWD, "/n", MOVE_MOUNT_F_EMPTY_PATH));
  tree("a copy at /n");
  SHOW(made(open("/n/new", O_CREAT | O_WRONLY, 0644)));
  SHOW(set_attributes(AT_FDCWD, "/n", 0, 0, MOUNT_ATTR_RDONLY, MS_SHARED, 32));
  SHOW(made(open("/n/new", O_CREAT | O_WRONLY, 0644)));
  tree("writable and shared");
  mkdir("/m/deep", 0755);
  SHOW(move_mount_(AT_FDCWD, "/m", AT_FDCWD, "/m/deep", 0));
  SHOW(move_mount_(AT_FDCWD, "/m", AT_FDCWD, "/dir", 0));
  tree("moved to /dir");

  SHOW(fs_pick(AT_FDCWD, "/dir/deep", 0));
  SHOW(fs_pick(AT_FDCWD, "/dir", 64));
  int picked = fs_pick(AT_FDCWD, "/dir", FSPICK_CLOEXEC);
  SHOW(made(picked));
  SHOW(fs_config(picked, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
  SHOW(fs_mount(picked, 0, 0));
  SHOW(fs_config(picked, FSCONFIG_SET_STRING, "size", "2m", 0));
  SHOW(fs_config(picked, FSCONFIG_SET_FLAG, "ro", NULL, 0));
  SHOW(fs_config(picked, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0));
  tree("as it was: a file is being written");
  close_range(3, 100, 0);
  picked = fs_pick(AT_FDCWD, "/dir", 0);
  fs_config(picked, FSCONFIG_SET_STRING, "size", "2m", 0);
  fs_config(picked, FSCONFIG_SET_FLAG, "ro", NULL, 0);
  SHOW(fs_config(picked, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0));
  tree("a filesystem that is read-only and larger");
  setresuid(1000, 1000, 1000);
  SHOW(fs_open("tmpfs", 0));
  SHOW(fs_pick(AT_FDCWD, "/dir", 0));
  SHOW(open_tree_(AT_FDCWD, "/dir", OPEN_TREE_CLONE));
  SHOW(made(open_tree_(AT_FDCWD, "/dir", 0)));
  SHOW(move_mount_(AT_FDCWD, "/dir", AT_FDCWD, "/m", 0));
  SHOW(set_attributes(AT_FDCWD, "/dir", 0, MOUNT_ATTR_RDONLY, 0, 0, 32));
  return 0;
}
