/* System V message queues: types, sizes, full and empty queues, waiting, signals, removal. */
#include "sysv-show.h"
#include <sys/msg.h>

struct text { long type; char text[9000]; };

static int put(int id, long type, const char *text, int flags) {
  struct text message = {type};
  strcpy(message.text, text);
  return msgsnd(id, &message, strlen(text), flags);
}

static void get(const char *what, int id, long type, size_t size, int flags) {
  struct text message = {0};
  ssize_t got = msgrcv(id, &message, size, type, flags);
  if (got < 0) say(what, -1);
  else printf("%s: %zd of type %ld: %.*s\n", what, got, message.type, (int)got, message.text);
  fflush(stdout);
}

static void stat_of(const char *what, int id) {
  struct msqid_ds ds;
  if (msgctl(id, IPC_STAT, &ds) < 0) { say(what, -1); return; }
  printf("%s: key %x mode %o uid %d qnum %lu cbytes %lu qbytes %lu lspid %s lrpid %s stime %d rtime %d ctime %d\n", what,
         ds.msg_perm.__key, ds.msg_perm.mode, ds.msg_perm.uid, ds.msg_qnum, ds.__msg_cbytes, ds.msg_qbytes,
         ds.msg_lspid == 0 ? "none" : ds.msg_lspid == getpid() ? "me" : "other",
         ds.msg_lrpid == 0 ? "none" : ds.msg_lrpid == getpid() ? "me" : "other",
         ds.msg_stime != 0, ds.msg_rtime != 0, ds.msg_ctime != 0);
}

static void receives(int id) { get("child", id, 5, 100, 0); }
static void sends(int id) { say("child sent", put(id, 1, "late", 0)); }
static void removed(int id) { get("removed", id, 99, 100, 0); }
static void interrupted(int id) {
  signal(SIGALRM, on_alarm);
  ualarm(20000, 20000);
  get("interrupted", id, 99, 100, 0);
}
static void ping(int id) {
  for (int i = 0; i < 500; i++) {
    struct text message;
    msgrcv(id, &message, 100, 1, 0);
    message.type = 2;
    msgsnd(id, &message, 8, 0);
  }
}
static void as_nobody(int id) {
  setgid(65534);
  setuid(65534);
  say("nobody send", put(id, 1, "x", 0));
  get("nobody receive", id, 0, 10, IPC_NOWAIT);
  say("nobody rmid", msgctl(id, IPC_RMID, NULL));
  say("nobody get", msgget(0x99, 0400));
  say("MSG_STAT_ANY", msgctl(0, MSG_STAT_ANY, &(struct msqid_ds){0}));
}
static void elsewhere(int id) {
  say("unshare", unshare(CLONE_NEWIPC));
  stat_of("there", id);
  say("no key there", msgget(0x99, 0));
}

int main(void) {
  struct msqid_ds ds;
  struct msginfo info;
  char large[9000];
  int id = msgget(0x99, IPC_CREAT | IPC_EXCL | 0600);
  say("msgget", id);
  say("exclusive", msgget(0x99, IPC_CREAT | IPC_EXCL));
  say("again", msgget(0x99, 0600));
  say("no key", msgget(0x98, 0));
  stat_of("fresh", id);
  say("type 0", put(id, 0, "x", 0));
  say("negative type", put(id, -1, "x", 0));
  say("too large", msgsnd(id, &(struct text){1}, 8193, 0));
  say("negative size", msgsnd(id, &(struct text){1}, -1, 0));
  say("bad id", put(id + 1, 1, "x", 0));
  say("EFAULT", msgsnd(id, (void *)8, 1, 0));
  say("send", put(id, 3, "three", 0));
  say("send", put(id, 1, "one", 0));
  say("send", put(id, 2, "two", 0));
  say("send", put(id, 3, "three again", 0));
  say("send", put(id, 0x7fffffffffffffff, "last", 0));
  say("send", put(id, 4, "", 0));
  stat_of("sent", id);
  get("by type", id, 2, 100, 0);
  get("except", id, 3, 100, MSG_EXCEPT);
  get("too long", id, 0, 3, 0);
  get("copy", id, 1, 100, MSG_COPY | IPC_NOWAIT);
  get("copy of none", id, 10, 100, MSG_COPY | IPC_NOWAIT);
  get("copy waits", id, 1, 100, MSG_COPY);
  get("copy cut", id, 0, 2, MSG_COPY | MSG_NOERROR | IPC_NOWAIT);
  get("lowest", id, -4, 100, 0);
  get("cut", id, -4, 5, MSG_NOERROR);
  get("lowest of none", id, -3, 100, IPC_NOWAIT);
  get("empty text", id, 0, 0, MSG_NOERROR);
  stat_of("left", id);
  get("any", id, 0, 100, 0);
  get("none", id, 0, 100, IPC_NOWAIT);
  get("negative size", id, 0, -1, 0);
  get("negative id", -1, 0, 10, 0);
  memset(large, 'x', 8000);
  large[8000] = 0;
  say("fill", put(id, 7, large, 0));
  say("fill", put(id, 7, large, 0));
  say("full", put(id, 7, large, IPC_NOWAIT));
  pid_t one = begin(receives, id);
  usleep(20000);
  int done = put(id, 5, "you", 0);
  finish(one);
  say("for the child", done);
  memset(large, 'y', 384);
  large[384] = 0;
  say("to the brim", put(id, 8, large, 0));
  one = begin(sends, id);
  usleep(20000);
  stat_of("brimming", id);
  msgrcv(id, large, 8192, 7, 0);
  finish(one);
  get("late", id, 1, 100, 0);
  sysvipc("msg", 3 << 5 | 7 << 11);
  msgrcv(id, large, 8192, 0, 0);
  msgrcv(id, large, 8192, 0, 0);
  one = begin(ping, id);
  for (int i = 0; i < 500; i++) {
    put(id, 1, "pingpong", 0);
    msgrcv(id, large, 100, 2, 0);
  }
  finish(one);
  finish(begin(interrupted, id));
  finish(begin(as_nobody, id));
  finish(begin(elsewhere, id));
  say("IPC_INFO", msgctl(0, IPC_INFO, (void *)&info));
  printf("%d %d %d %d %d %d %d %d\n", info.msgpool, info.msgmap, info.msgmax, info.msgmnb, info.msgmni, info.msgssz,
         info.msgtql, info.msgseg);
  put(id, 1, "12345", 0);
  say("MSG_INFO", msgctl(0, MSG_INFO, (void *)&info));
  printf("%d %d %d\n", info.msgpool, info.msgmap, info.msgtql);
  say("MSG_STAT", msgctl(0, MSG_STAT, &ds));
  ds.msg_qbytes = 10000;
  ds.msg_perm.mode = 0666;
  ds.msg_perm.uid = 77;
  say("IPC_SET", msgctl(id, IPC_SET, &ds));
  stat_of("set", id);
  say("bad command", msgctl(id, 77, &ds));
  one = begin(removed, id);
  usleep(200000);
  done = msgctl(id, IPC_RMID, NULL);
  finish(one);
  say("rmid", done);
  stat_of("gone", id);
  return 0;
}
