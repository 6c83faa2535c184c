/* System V shared memory: keys, sizes, modes, attachments across fork, removal with users left, shmctl. */
#include "sysv-show.h"
#include <sys/mman.h>
#include <sys/shm.h>

static void at(const char *what, void *place) {
  if (place == (void *)-1) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: attached\n", what);
}

static void stat_of(const char *what, int id) {
  struct shmid_ds ds;
  if (shmctl(id, IPC_STAT, &ds) < 0) { say(what, -1); return; }
  printf("%s: key %x mode %o uid %d gid %d cuid %d size %zu nattch %lu cpid %s lpid %s atime %d dtime %d ctime %d seq %d\n", what,
         ds.shm_perm.__key, ds.shm_perm.mode, ds.shm_perm.uid, ds.shm_perm.gid, ds.shm_perm.cuid, ds.shm_segsz,
         ds.shm_nattch, ds.shm_cpid == getpid() ? "me" : "other", ds.shm_lpid == 0 ? "none" : ds.shm_lpid == getpid() ? "me" : "other",
         ds.shm_atime != 0, ds.shm_dtime != 0, ds.shm_ctime != 0, ds.shm_perm.__seq);
}

static void in_child(void (*body)(int, char *), int id, char *place) {
  int status;
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) { body(id, place); fflush(stdout); _exit(0); }
  waitpid(pid, &status, 0);
  printf("child: %x\n", status);
}

static void write_in_child(int id, char *place) {
  printf("child sees %s\n", place);
  strcpy(place + 4096, "from the child");
  stat_of("in the child", id);
  say("shmdt", shmdt(place));
  stat_of("after its shmdt", id);
  char *again = shmat(id, NULL, SHM_RDONLY);
  printf("again %s\n", again + 4096);
}

static void as_nobody(int id, char *place) {
  setgid(65534);
  setuid(65534);
  at("nobody shmat 0600", shmat(id, NULL, 0));
  say("nobody stat", shmctl(id, IPC_STAT, &(struct shmid_ds){0}));
  say("nobody rmid", shmctl(id, IPC_RMID, NULL));
  say("nobody get", shmget(0x1234, 100, 0600));
  say("nobody get 0", shmget(0x1234, 100, 0) >= 0 ? 0 : -1);
  say("nobody lock", shmctl(id, SHM_LOCK, NULL));
  say("SHM_STAT_ANY", shmctl(0, SHM_STAT_ANY, &(struct shmid_ds){0}));
}

static void elsewhere(int id, char *place) {
  say("unshare", unshare(CLONE_NEWIPC));
  stat_of("in another namespace", id);
  say("get there", shmget(0x1234, 1, 0600));
  printf("place is still there: %s\n", place);
  say("first there", shmget(0x1234, 5, IPC_CREAT | 0600));
}

static void write_read_only(int id, char *place) {
  char *ro = shmat(id, NULL, SHM_RDONLY);
  ro[0] = 1;
}

int main(void) {
  struct shmid_ds ds;
  int id = shmget(0x1234, 10000, IPC_CREAT | IPC_EXCL | 0600);
  say("shmget", id);
  say("exclusive", shmget(0x1234, 10000, IPC_CREAT | IPC_EXCL | 0600));
  say("again", shmget(0x1234, 10000, IPC_CREAT | 0600));
  say("smaller", shmget(0x1234, 1, 0));
  say("larger", shmget(0x1234, 10001, 0));
  say("no such key", shmget(0x4321, 1, 0600));
  say("no size", shmget(IPC_PRIVATE, 0, 0600));
  say("huge", shmget(IPC_PRIVATE, 4096, 0600 | SHM_HUGETLB));
  say("negative", shmget(IPC_PRIVATE, (size_t)-1, 0600));
  stat_of("fresh", id);
  at("bad id", shmat(id + 1, NULL, 0));
  at("negative id", shmat(-1, NULL, 0));
  at("crooked", shmat(id, (void *)0x20000001, 0));
  at("remap nowhere", shmat(id, NULL, SHM_REMAP));
  char *place = shmat(id, NULL, 0);
  at("shmat", place);
  printf("zeros: %d\n", place[0] | place[9999] | place[12287]);
  strcpy(place, "hello");
  stat_of("attached", id);
  char *fixed = (char *)0x30000000;
  at("fixed", shmat(id, fixed, 0));
  at("fixed again", shmat(id, fixed, 0));
  at("rounded", shmat(id, fixed + 0x100001, SHM_RND));
  at("remapped", shmat(id, fixed, SHM_REMAP | SHM_RDONLY));
  printf("the same: %s %s\n", fixed, fixed + 0x100000);
  strcpy(fixed + 0x100000 + 8192, "third page");
  printf("alias: %s\n", place + 8192);
  stat_of("three times", id);
  say("mprotect", mprotect(place + 4096, 4096, PROT_READ));
  stat_of("cut", id);
  say("mprotect", mprotect(place + 4096, 4096, PROT_READ | PROT_WRITE));
  say("munmap the middle", munmap(fixed + 0x100000 + 4096, 4096));
  stat_of("holed", id);
  say("shmdt holed", shmdt(fixed + 0x100000));
  say("shmdt again", shmdt(fixed + 0x100000));
  say("shmdt crooked", shmdt(fixed + 1));
  say("shmdt fixed", shmdt(fixed));
  in_child(write_in_child, id, place);
  printf("parent sees %s\n", place + 4096);
  stat_of("after the child", id);
  in_child(write_read_only, id, place);
  in_child(as_nobody, id, place);
  in_child(elsewhere, id, place);
  say("SHM_STAT", shmctl(0, SHM_STAT, &ds));
  say("SHM_STAT of nothing", shmctl(7, SHM_STAT, &ds));
  struct shminfo limits;
  say("IPC_INFO", shmctl(0, IPC_INFO, (void *)&limits));
  printf("%lu %lu %lu\n", limits.shmmin, limits.shmmni, limits.shmseg);
  struct shm_info used;
  say("SHM_INFO", shmctl(0, SHM_INFO, (void *)&used));
  printf("%d %lu\n", used.used_ids, used.shm_tot);
  shmctl(id, IPC_STAT, &ds);
  ds.shm_perm.mode = 07644;
  ds.shm_perm.uid = 12;
  ds.shm_perm.gid = 34;
  say("IPC_SET", shmctl(id, IPC_SET, &ds));
  stat_of("set", id);
  say("lock", shmctl(id, SHM_LOCK, NULL));
  stat_of("locked", id);
  say("unlock", shmctl(id, SHM_UNLOCK, NULL));
  say("bad command", shmctl(id, 99, NULL));
  say("negative command", shmctl(id, -1, NULL));
  say("EFAULT", shmctl(id, IPC_STAT, (void *)8));
  int other = shmget(IPC_PRIVATE, 4096, 0640);
  say("private", other);
  sysvipc("shm", 3 << 4 | 7 << 11 | 3 << 14);
  say("rmid unused", shmctl(other, IPC_RMID, NULL));
  say("rmid again", shmctl(other, IPC_RMID, NULL));
  say("rmid", shmctl(id, IPC_RMID, NULL));
  stat_of("removed", id);
  say("by key", shmget(0x1234, 1, 0));
  char *late = shmat(id, NULL, 0);
  printf("still attachable: %s\n", late);
  say("shmdt", shmdt(late));
  printf("still there: %s\n", place);
  say("shmdt", shmdt(place));
  stat_of("gone", id);
  for (int i = 0; i < 130; i++) {
    id = shmget(IPC_PRIVATE, 4096, 0600);
    if (i % 43 == 0) say("number", id);
    shmctl(id, IPC_RMID, NULL);
  }
  int many = 0;
  for (int i = 0; i < 100; i++) many = shmget(IPC_PRIVATE, 4096, 0600);
  say("hundredth", many);
  return 0;
}
