/* System V semaphores: all or none, waiting for more and for zero, SEM_UNDO, timeouts, signals, removal. */
#include "sysv-show.h"
#include <sys/sem.h>

static int op(int id, int number, int change, int flags) {
  struct sembuf one = {number, change, flags};
  return semop(id, &one, 1);
}

static void values(const char *what, int id) {
  unsigned short all[4] = {0};
  if (semctl(id, 0, GETALL, all) < 0) { say(what, -1); return; }
  printf("%s: %d %d %d %d\n", what, all[0], all[1], all[2], all[3]);
  fflush(stdout);
}

static void stat_of(const char *what, int id) {
  struct semid_ds ds;
  if (semctl(id, 0, IPC_STAT, &ds) < 0) { say(what, -1); return; }
  printf("%s: key %x mode %o uid %d gid %d nsems %lu otime %d ctime %d seq %d\n", what, ds.sem_perm.__key, ds.sem_perm.mode,
         ds.sem_perm.uid, ds.sem_perm.gid, ds.sem_nsems, ds.sem_otime != 0, ds.sem_ctime != 0, ds.sem_perm.__seq);
}

static void until(int id, int number, int command, int count) {
  while (semctl(id, number, command) != count) usleep(1000);
  printf("waiting: %d for more, %d for zero\n", semctl(id, number, GETNCNT), semctl(id, number, GETZCNT));
  fflush(stdout);
}

static void takes_two(int id) {
  struct sembuf both[2] = {{0, -2, 0}, {1, -1, 0}};
  say("child took", semop(id, both, 2));
}
static void waits_for_zero(int id) { say("zero", op(id, 0, 0, 0)); }
static void waits_for_ever(int id) { say("removed", op(id, 3, -5, 0)); }
static void undoes(int id) {
  say("undo", op(id, 2, 5, SEM_UNDO));
  say("undo back", op(id, 2, -2, SEM_UNDO));
  say("undo other", op(id, 3, -1, SEM_UNDO | IPC_NOWAIT));
  values("before the end", id);
}
static void undo_forgotten(int id) {
  op(id, 2, 5, SEM_UNDO);
  semctl(id, 2, SETVAL, 9);
}
static void undo_unshared(int id) {
  op(id, 2, 4, SEM_UNDO);
  say("unshare", unshare(CLONE_NEWIPC));
  say("not here", op(id, 2, 1, 0));
  say("first here", semget(0x77, 2, IPC_CREAT | 0600));
}
static void interrupted(int id) {
  struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  ualarm(20000, 20000);
  say("interrupted", op(id, 3, -100, 0));
}
static void as_nobody(int id) {
  setgid(65534);
  setuid(65534);
  say("nobody op", op(id, 0, 1, 0));
  say("nobody zero", op(id, 0, 0, IPC_NOWAIT));
  say("nobody val", semctl(id, 0, GETVAL));
  say("nobody setval", semctl(id, 0, SETVAL, 1));
  say("nobody rmid", semctl(id, 0, IPC_RMID));
  say("nobody get", semget(0x55, 1, 0600));
  say("SEM_STAT_ANY", semctl(0, 0, SEM_STAT_ANY, &(struct semid_ds){0}));
}

int main(void) {
  struct semid_ds ds;
  struct seminfo info;
  int id = semget(0x55, 4, IPC_CREAT | IPC_EXCL | 0600);
  say("semget", id);
  say("exclusive", semget(0x55, 4, IPC_CREAT | IPC_EXCL | 0600));
  say("fewer", semget(0x55, 2, 0));
  say("more", semget(0x55, 5, 0));
  say("none", semget(0x56, 0, IPC_CREAT));
  say("no key", semget(0x56, 1, 0));
  say("too many", semget(0x56, 32001, IPC_CREAT));
  say("negative", semget(0x56, -1, IPC_CREAT));
  stat_of("fresh", id);
  say("SETVAL", semctl(id, 0, SETVAL, 3));
  say("SETVAL high", semctl(id, 0, SETVAL, 32768));
  say("SETVAL low", semctl(id, 0, SETVAL, -1));
  say("SETVAL outside", semctl(id, 4, SETVAL, 1));
  say("GETVAL", semctl(id, 0, GETVAL));
  say("GETVAL outside", semctl(id, -1, GETVAL));
  say("GETPID is me", semctl(id, 0, GETPID) == getpid());
  say("GETPID of nobody", semctl(id, 1, GETPID));
  say("SETALL", semctl(id, 0, SETALL, (unsigned short[]){1, 0, 7, 0}));
  say("SETALL high", semctl(id, 0, SETALL, (unsigned short[]){1, 40000, 7, 0}));
  values("all", id);
  struct sembuf some[3] = {{2, -7, 0}, {0, 1, 0}, {1, -1, IPC_NOWAIT}};
  say("all or none", semop(id, some, 3));
  values("none", id);
  struct sembuf chain[3] = {{1, 2, 0}, {1, -2, 0}, {1, 0, 0}};
  say("in order", semop(id, chain, 3));
  say("outside", op(id, 4, 1, 0));
  say("over the top", op(id, 2, 32767, 0));
  say("no operations", semop(id, some, 0));
  say("too many operations", semop(id, some, 501));
  say("bad id", op(id + 1, 0, 1, 0));
  say("negative id", op(-1, 0, 1, 0));
  say("EFAULT", semop(id, (void *)8, 1));
  pid_t one = begin(takes_two, id);
  until(id, 0, GETNCNT, 1);
  say("first", op(id, 0, 1, 0));
  until(id, 1, GETNCNT, 1);
  int done = op(id, 1, 1, 0);
  finish(one);
  say("second", done);
  values("taken", id);
  op(id, 0, 2, 0);
  one = begin(waits_for_zero, id);
  until(id, 0, GETZCNT, 1);
  op(id, 0, -1, 0);
  until(id, 0, GETZCNT, 1);
  op(id, 0, -1, 0);
  finish(one);
  op(id, 3, 1, 0);
  finish(begin(undoes, id));
  values("undone", id);
  finish(begin(undo_forgotten, id));
  values("forgotten", id);
  finish(begin(undo_unshared, id));
  values("unshared", id);
  struct timespec soon = {0, 20000000}, wrong = {0, -1};
  struct sembuf take = {1, -1, 0};
  say("timeout", semtimedop(id, &take, 1, &soon));
  say("no such time", semtimedop(id, &take, 1, &wrong));
  say("at once", semtimedop(id, &take, 1, &(struct timespec){0, 0}));
  finish(begin(interrupted, id));
  finish(begin(as_nobody, id));
  say("IPC_INFO", semctl(0, 0, IPC_INFO, &info));
  printf("%d %d %d %d %d %d %d %d %d %d\n", info.semmap, info.semmni, info.semmns, info.semmnu, info.semmsl, info.semopm,
         info.semume, info.semusz, info.semvmx, info.semaem);
  say("SEM_INFO", semctl(0, 0, SEM_INFO, &info));
  printf("%d %d\n", info.semusz, info.semaem);
  say("SEM_STAT", semctl(0, 0, SEM_STAT, &ds));
  say("SEM_STAT of nothing", semctl(5, 0, SEM_STAT, &ds));
  semctl(id, 0, IPC_STAT, &ds);
  ds.sem_perm.uid = 12;
  ds.sem_perm.mode = 0640;
  say("IPC_SET", semctl(id, 0, IPC_SET, &ds));
  stat_of("set", id);
  say("bad command", semctl(id, 0, 77));
  say("another", semget(IPC_PRIVATE, 2, 0600));
  sysvipc("sem", 3 << 8);
  one = begin(waits_for_ever, id);
  until(id, 3, GETNCNT, 1);
  done = semctl(id, 0, IPC_RMID);
  finish(one);
  say("rmid", done);
  stat_of("gone", id);
  return 0;
}
