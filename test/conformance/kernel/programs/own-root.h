/* A root filesystem and a mount namespace of its own for a program run natively: `program enter DIRECTORY`. */
#include <sched.h>
#include <sys/mount.h>

static void own_root(int argc, char **argv) {
  if (argc != 3 || strcmp(argv[1], "enter")) return;
  const char *root = argv[2];
  char path[300], bytes[65536];
  if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount("root", root, "tmpfs", 0, "mode=755")) _exit(90);
  snprintf(path, sizeof path, "%s/program", root);
  int in = open("/proc/self/exe", O_RDONLY), out = open(path, O_WRONLY | O_CREAT, 0755);
  for (ssize_t n; (n = read(in, bytes, sizeof bytes)) > 0;) if (write(out, bytes, n) != n) _exit(91);
  close(in);
  close(out);
  if (chdir(root) || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/")) _exit(92);
  execl("/program", "/program", (char *)0);
  _exit(93);
}
