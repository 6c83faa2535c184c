// unshare(2), setns(2), clone(2) with CLONE_NEW flags: what each namespace isolates, who may make and enter one.
#include "check.h"
#include "own-root.h"
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#define CHILD for (int once_ = (fflush(stdout), fork() == 0); once_; fflush(stdout), _exit(0))
static void await(void) {
  int status;
  if (wait(&status) > 0 && status) printf("child status %x\n", status);
}

static void names(void) {
  struct utsname uts;
  uname(&uts);
  printf("host %s domain %s\n", uts.nodename, uts.domainname);
}

/* Which namespaces of this process are another's, by the links of /proc. */
static void differ(const char *what, pid_t other) {
  static const char *const kinds[] = {"cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "user", "uts", NULL};
  printf("%s differs in:", what);
  for (const char *const *kind = kinds; *kind; kind++) {
    char mine[100], its[100], a[100] = "", b[100] = "";
    snprintf(mine, sizeof mine, "/proc/self/ns/%s", *kind);
    snprintf(its, sizeof its, "/proc/%d/ns/%s", other, *kind);
    if (readlink(mine, a, 99) < 0 || readlink(its, b, 99) < 0) printf(" (%s %s)", *kind, strerrorname_np(errno));
    else if (strcmp(a, b)) printf(" %s", *kind);
  }
  printf("\n");
}

static void ids(const char *what) {
  printf("%s: uid %d %d gid %d %d\n", what, getuid(), geteuid(), getgid(), getegid());
}

static void capabilities(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  syscall(SYS_capget, &header, data);
  printf("capabilities %s, bounding %s\n", data[0].effective == 0xffffffff ? "all" : data[0].effective ? "some" : "none",
    prctl(PR_CAPBSET_READ, 21, 0, 0, 0) == 1 ? "admin" : "not");
}

static void write_to(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));
  printf("%s <- [%s] %s\n", path, text, n < 0 ? strerrorname_np(errno) : "ok");
  close(fd);
}

static void errors(void) {
  SHOW(unshare(0x10));
  SHOW(unshare(CLONE_NEWUTS | 0x40));
  SHOW(setns(99, 0));
  SHOW(setns(0, 0));
  int fd = open("/proc/self/ns/uts", O_RDONLY);
  SHOW(setns(fd, CLONE_NEWNET));
  SHOW(setns(fd, CLONE_NEWUTS));
  SHOW(setns(fd, 0));
  SHOW(ioctl(fd, NS_GET_NSTYPE));
  SHOW(ioctl(fd, 0x5401));
  SHOW(read(fd, &fd, 1));
  close(fd);
  fd = open("/proc/self/ns/user", O_RDONLY);
  SHOW(setns(fd, 0));
  close(fd);
  fd = open("/proc/self/status", O_RDONLY);
  SHOW(setns(fd, 0));
  close(fd);
}

static void uts(void) {
  SHOW(sethostname("outer", 5));
  SHOW(setdomainname("domain", 6));
  SHOW(sethostname("x", 65));
  SHOW(sethostname("x", -1));
  SHOW(sethostname((char *)8, 4));
  int fd = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
  CHILD {
    SHOW(unshare(CLONE_NEWUTS));
    SHOW(sethostname("inner", 5));
    names();
    get("/proc/sys/kernel/hostname");
    differ("a child", getppid());
    SHOW(setns(fd, CLONE_NEWUTS));
    names();
    differ("a child that came back", getppid());
  }
  await();
  names();
  close(fd);
}

static void network(void) {
  CHILD {
    SHOW(unshare(CLONE_NEWNET));
    struct ifreq request = {.ifr_name = "lo"};
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    SHOW(ioctl(s, SIOCGIFFLAGS, &request));
    printf("lo is %s\n", request.ifr_flags & IFF_UP ? "up" : "down");
    request.ifr_flags |= IFF_UP;
    SHOW(ioctl(s, SIOCSIFFLAGS, &request));
    strcpy(request.ifr_name, "eth0");
    SHOW(ioctl(s, SIOCGIFFLAGS, &request));
    struct if_nameindex *list = if_nameindex();
    (void)list;
  }
  await();
}

static int pid_child(void *argument) {
  (void)argument;
  printf("in the new pid namespace: pid %d ppid %d\n", getpid(), getppid());
  SHOW(mount("proc", "/proc", "proc", 0, NULL));
  char self[20] = "";
  readlink("/proc/self", self, sizeof self - 1);
  printf("/proc/self -> %s\n", self);
  signal(SIGCHLD, SIG_DFL);
  CHILD {
    printf("a child there: pid %d ppid %d\n", getpid(), getppid());
    CHILD {
      setsid();
      while (getppid() != 1) usleep(1000);
      printf("an orphan there: pid %d ppid %d\n", getpid(), getppid());
      exit(3);
    }
  }
  await();
  int status;
  pid_t orphan = wait(&status);
  printf("init reaped %d status %x\n", orphan, status);
  SHOW(kill(1, SIGTERM));
  SHOW(kill(1, SIGKILL));
  printf("still here\n");
  if (fork() == 0) {
    pause();
    _exit(0);
  }
  exit(7);
}

static char stack[65536];

static void pids(void) {
  int status;
  fflush(stdout);
  pid_t child = clone(pid_child, stack + sizeof stack, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, NULL);
  SHOW(waitpid(child, &status, 0) == child);
  printf("status %x\n", status);
  CHILD {
    SHOW(unshare(CLONE_NEWPID));
    printf("still itself: %d\n", getpid() != 1);
    SHOW(unshare(CLONE_NEWPID));
    SHOW(clone(pid_child, stack + sizeof stack, CLONE_VM | CLONE_THREAD | CLONE_SIGHAND, NULL));
    CHILD {
      printf("first there: %d\n", getpid());
      CHILD { printf("second there: %d\n", getpid()); }
      await();
    }
    await();
    SHOW(fork());
  }
  await();
  SHOW(clone(pid_child, stack + sizeof stack, CLONE_NEWPID | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, NULL));
  SHOW(clone(pid_child, stack + sizeof stack, CLONE_NEWNS | CLONE_FS | SIGCHLD, NULL));
  SHOW(clone(pid_child, stack + sizeof stack, CLONE_NEWUSER | CLONE_FS | SIGCHLD, NULL));
}

static void mounts(void) {
  SHOW(mount("shown", "/m", "tmpfs", 0, NULL));
  put("/m/both", "both");
  int fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
  SHOW(chdir("/m"));
  CHILD {
    SHOW(unshare(CLONE_NEWNS));
    get("both");
    SHOW(mount("hidden", "/m", "tmpfs", 0, NULL));
    get("/m/both");
    get("both");
    put("/m/only", "only here");
    SHOW(chdir("/"));
    SHOW(umount("/m"));
    SHOW(umount("/m"));
    get("/m/both");
    SHOW(setns(fd, CLONE_NEWNS));
    get("/m/both");
    char cwd[100];
    printf("%s\n", getcwd(cwd, sizeof cwd));
  }
  await();
  SHOW(chdir("/"));
  get("/m/only");
  get("/m/both");
  SHOW(umount("/m"));
  close(fd);
}

static void bound_file(void) {
  put("/ns", "");
  CHILD {
    SHOW(unshare(CLONE_NEWUTS));
    SHOW(sethostname("kept", 4));
    SHOW(mount("/proc/self/ns/uts", "/ns", NULL, MS_BIND, NULL));
  }
  await();
  CHILD {
    int fd = open("/ns", O_RDONLY);
    SHOW(ioctl(fd, NS_GET_NSTYPE));
    SHOW(setns(fd, 0));
    names();
  }
  await();
  SHOW(umount("/ns"));
  get("/ns");
}

static void by_pidfd(void) {
  int ready[2], done[2];
  pipe(ready);
  pipe(done);
  fflush(stdout);
  pid_t other = fork();
  if (other == 0) {
    unshare(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET);
    sethostname("other", 5);
    write(ready[1], "", 1);
    close(done[1]);
    read(done[0], &other, 1);
    _exit(0);
  }
  char byte;
  read(ready[0], &byte, 1);
  CHILD {
    close(done[1]);
    int fd = syscall(SYS_pidfd_open, other, 0);
    differ("at first", other);
    SHOW(setns(fd, 0));
    SHOW(setns(fd, 0x10));
    SHOW(setns(fd, CLONE_NEWUTS));
    names();
    differ("after one", other);
    SHOW(setns(fd, CLONE_NEWIPC | CLONE_NEWNET));
    differ("after all", other);
    SHOW(setns(fd, CLONE_NEWUSER | CLONE_NEWUTS));
  }
  await();
  close(done[1]);
  await();
}

static void user(void) {
  AS_USER(1000) {
    prctl(PR_SET_DUMPABLE, 1);
    SHOW(unshare(CLONE_NEWUTS));
    SHOW(unshare(CLONE_NEWUSER));
    ids("unmapped");
    capabilities();
    get("/proc/self/uid_map");
    get("/proc/self/setgroups");
    write_to("/proc/self/uid_map", "0 0 1");
    write_to("/proc/self/uid_map", "0 1000 2");
    write_to("/proc/self/uid_map", "nonsense");
    write_to("/proc/self/uid_map", "");
    write_to("/proc/self/uid_map", "0 1000 1\n");
    write_to("/proc/self/uid_map", "0 1000 1");
    write_to("/proc/self/gid_map", "0 1000 1");
    write_to("/proc/self/setgroups", "maybe");
    write_to("/proc/self/setgroups", "deny");
    write_to("/proc/self/gid_map", "0 1000 1");
    write_to("/proc/self/setgroups", "allow");
    get("/proc/self/uid_map");
    get("/proc/self/gid_map");
    get("/proc/self/setgroups");
    ids("mapped");
    gid_t group = 0;
    SHOW(setgroups(1, &group));
    SHOW(setuid(5));
    SHOW(setgid(0));
    mode("/file");
    mode("/home");
    SHOW(chown("/home/mine", 0, 0));
    SHOW(chown("/home/mine", 1, -1));
    SHOW(chmod("/file", 0600));
    SHOW(open("/secret", O_RDONLY));
    SHOW(mknod("/home/null", S_IFCHR | 0666, makedev(1, 3)));
    put("/home/created", "by 0 inside");
    mode("/home/created");
    SHOW(sethostname("mine", 4));
    SHOW(unshare(CLONE_NEWUTS));
    SHOW(sethostname("mine", 4));
    names();
    SHOW(mount("none", "/m", "tmpfs", 0, NULL));
    SHOW(unshare(CLONE_NEWNS));
    SHOW(mount("none", "/m", "tmpfs", 0, NULL));
    put("/m/file", "mounted by an ordinary user");
    get("/m/file");
    mode("/m");
    SHOW(mknod("/m/null", S_IFCHR | 0666, makedev(1, 3)));
    SHOW(umount("/locked"));
    SHOW(umount2("/locked", MNT_DETACH));
    SHOW(mount(NULL, "/locked", NULL, MS_REMOUNT | MS_BIND, NULL));
    SHOW(mount(NULL, "/locked", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID, NULL));
    SHOW(mount(NULL, "/locked", NULL, MS_REMOUNT | MS_RDONLY, NULL));
    SHOW(mount("/", "/m", NULL, MS_BIND, NULL));
    SHOW(mount("/", "/m", NULL, MS_BIND | MS_REC, NULL));
    SHOW(mount("proc", "/proc", "proc", 0, NULL));
    SHOW(mount("sys", "/m", "sysfs", 0, NULL));
    SHOW(unshare(CLONE_NEWPID));
    CHILD {
      printf("pid %d\n", getpid());
      SHOW(mount("proc", "/proc", "proc", 0, NULL));
      ids("in its own pid namespace");
      get("/proc/self/uid_map");
    }
    await();
    SHOW(umount("/proc"));
    SHOW(setrlimit(RLIMIT_NOFILE, &(struct rlimit){100, 200}));
    SHOW(setrlimit(RLIMIT_NOFILE, &(struct rlimit){100, 300}));
    int fd = open("/proc/self/ns/user", O_RDONLY);
    SHOW(setns(fd, 0));
    SHOW(ioctl(fd, NS_GET_PARENT) >= 0);
    int ns = open("/proc/self/ns/uts", O_RDONLY);
    int owner = ioctl(ns, NS_GET_USERNS);
    SHOW(ioctl(owner, NS_GET_NSTYPE));
    uid_t maker = -1;
    SHOW(ioctl(owner, NS_GET_OWNER_UID, &maker));
    printf("made by %d\n", maker);
    SHOW(ioctl(ns, NS_GET_OWNER_UID, &maker));
    SHOW(ioctl(ns, NS_GET_PARENT));
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    SHOW(ioctl(s, SIOCSIFFLAGS, &request));
    close(s);
    SHOW(unshare(CLONE_NEWNET));
    s = socket(AF_INET, SOCK_STREAM, 0);
    SHOW(ioctl(s, SIOCSIFFLAGS, &request));
    struct sockaddr_in address = {AF_INET, htons(80)};
    SHOW(bind(s, (struct sockaddr *)&address, sizeof address));
    OK(socket(AF_INET, SOCK_RAW, 1));
    close(s);
    SHOW(unshare(CLONE_NEWUSER));
    ids("one deeper, unmapped");
    write_to("/proc/self/uid_map", "7 0 1");
    ids("one deeper");
    get("/proc/self/uid_map");
  }
}

static void mapped_by_root(void) {
  int go[2], ready[2];
  pipe(go);
  pipe(ready);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    close(go[1]);
    SHOW(unshare(CLONE_NEWUSER));
    char byte;
    write(ready[1], "", 1);
    read(go[0], &byte, 1);
    SHOW(setresgid(10, 10, 10));
    SHOW(setresuid(10, 11, 12));
    SHOW(setuid(100000));
    ids("mapped by root");
    mode("/file");
    mode("/owned");
    get("/proc/self/uid_map");
    fflush(stdout);
    _exit(0);
  }
  char byte, path[50];
  read(ready[0], &byte, 1);
  snprintf(path, sizeof path, "/proc/%d/uid_map", child);
  int fd = open(path, O_WRONLY);
  SHOW(write(fd, "0 100000 10\n10 200000 5\n12 200003 9\n", 36));
  SHOW(write(fd, "0 100000 10\n10 200000 5\n", 24));
  close(fd);
  fd = open(path, O_RDONLY);
  char text[200] = "";
  read(fd, text, 199);
  printf("seen from outside:\n%s", text);
  close(fd);
  snprintf(path, sizeof path, "/proc/%d/gid_map", child);
  fd = open(path, O_WRONLY);
  SHOW(write(fd, "0 0 4294967295", 14));
  close(fd);
  SHOW(chown("/owned", 200001, 10));
  close(go[1]);
  await();
}

int main(int argc, char **argv) {
  own_root(argc, argv);
  setvbuf(stdout, NULL, _IONBF, 0);
  umask(022);
  for (const char *const *p = (const char *const[]){"/proc", "/m", "/locked", "/home", NULL}; *p; p++) mkdir(*p, 0755);
  put("/file", "a file");
  put("/owned", "somebody's");
  put("/secret", "root's");
  put("/home/mine", "");
  chmod("/secret", 0600);
  chown("/home", 1000, 1000);
  chown("/home/mine", 1000, 1000);
  mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  mount("cover", "/locked", "tmpfs", MS_NOSUID | MS_RDONLY, NULL);
  errors();
  uts();
  network();
  pids();
  mounts();
  bound_file();
  by_pidfd();
  user();
  mapped_by_root();
  return 0;
}
