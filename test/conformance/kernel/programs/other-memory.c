// process_vm_readv, process_vm_writev, kcmp, and libaio's calls: io_setup, io_submit, io_getevents, io_destroy.
#include "check.h"
#include <linux/aio_abi.h>
#include <linux/kcmp.h>
#include <sys/eventfd.h>
#include <sys/mount.h>

static char there[8192] = "what the parent wrote";

static long vm(int number, pid_t pid, struct iovec *local, long locals, struct iovec *remote, long remotes, long flags) {
  return syscall(number, pid, local, locals, remote, remotes, flags);
}

static void memory(void) {
  int ready[2], go[2];
  char byte;
  pipe(ready);
  pipe(go);
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    strcpy(there, "what the child wrote");
    write(ready[1], "x", 1);
    read(go[0], &byte, 1);
    printf("  the child has: %s\n", there);
    fflush(stdout);
    _exit(0);
  }
  read(ready[0], &byte, 1);
  char one[5] = {0}, two[40] = {0};
  struct iovec local[2] = {{one, 4}, {two, 30}}, remote[2] = {{there, 10}, {there + 10, 11}};
  SHOW(vm(SYS_process_vm_readv, pid, local, 2, remote, 2, 0));
  printf("  [%s][%s]\n", one, two);
  SHOW(vm(SYS_process_vm_readv, pid, local, 2, remote, 2, 1));
  SHOW(vm(SYS_process_vm_readv, 999999, local, 2, remote, 2, 0));
  SHOW(vm(SYS_process_vm_readv, pid, local, 2000, remote, 2, 0));
  struct iovec nowhere[2] = {{there, 5}, {(void *)8, 5}};
  SHOW(vm(SYS_process_vm_readv, pid, local, 2, nowhere, 2, 0));
  SHOW(vm(SYS_process_vm_readv, pid, local, 2, nowhere + 1, 1, 0));
  struct iovec text = {"by the parent", 14}, target = {there + 5, 14};
  SHOW(vm(SYS_process_vm_writev, pid, &text, 1, &target, 1, 0));
  struct iovec constant = {(void *)memory, 4};
  SHOW(vm(SYS_process_vm_writev, pid, &text, 1, &constant, 1, 0));
  SHOW(syscall(SYS_kcmp, getpid(), pid, KCMP_FILE, 1, 1));
  SHOW(syscall(SYS_kcmp, getpid(), getpid(), KCMP_VM, 0, 0));
  printf("another memory: %d\n", syscall(SYS_kcmp, getpid(), pid, KCMP_VM, 0, 0) > 0);
  printf("another file: %d\n", syscall(SYS_kcmp, getpid(), pid, KCMP_FILE, 1, ready[0]) > 0);
  SHOW(syscall(SYS_kcmp, getpid(), pid, KCMP_FILE, 1, 999));
  SHOW(syscall(SYS_kcmp, getpid(), pid, 99, 0, 0));
  SHOW(syscall(SYS_kcmp, getpid(), 999999, KCMP_VM, 0, 0));
  AS_USER(1000) SHOW(vm(SYS_process_vm_readv, pid, local, 2, remote, 2, 0));
  write(go[1], "x", 1);
  waitpid(pid, NULL, 0);
}

static void async(void) {
  aio_context_t context = 0, wrong = 1;
  SHOW(syscall(SYS_io_setup, 0, &context));
  SHOW(syscall(SYS_io_setup, 4, &wrong));
  SHOW(syscall(SYS_io_setup, 4, (void *)8));
  SHOW(syscall(SYS_io_setup, 4, &context));
  int fd = open("/file", O_CREAT | O_RDWR, 0644), event = eventfd(0, EFD_NONBLOCK);
  char out[8] = "abcdefg", in[8] = {0};
  struct iovec halves[2] = {{out, 3}, {out + 5, 2}};
  struct iocb requests[4] = {
    {.aio_data = 11, .aio_lio_opcode = IOCB_CMD_PWRITE, .aio_fildes = fd, .aio_buf = (long)out, .aio_nbytes = 7, .aio_offset = 10},
    {.aio_data = 22, .aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = fd, .aio_buf = (long)in, .aio_nbytes = 8, .aio_offset = 12, .aio_flags = IOCB_FLAG_RESFD, .aio_resfd = event},
    {.aio_data = 33, .aio_lio_opcode = IOCB_CMD_FSYNC, .aio_fildes = fd},
    {.aio_data = 44, .aio_lio_opcode = IOCB_CMD_PWRITEV, .aio_fildes = fd, .aio_buf = (long)halves, .aio_nbytes = 2, .aio_offset = 0},
  };
  struct iocb *all[4] = {&requests[0], &requests[1], &requests[2], &requests[3]};
  struct io_event events[4];
  for (int i = 0; i < 4; i++) {
    SHOW(syscall(SYS_io_submit, context, 1, &all[i]));
    SHOW(syscall(SYS_io_getevents, context, 1, 1, events, NULL));
    printf("  data %lld result %lld of its own %d\n", events[0].data, events[0].res, events[0].obj == (long)all[i]);
  }
  printf("  in [%.8s]\n", in);
  eventfd_t count = 0;
  SHOW(eventfd_read(event, &count));
  printf("  told %ld\n", (long)count);
  struct timespec none = {0, 0}, soon = {0, 20000000};
  SHOW(syscall(SYS_io_getevents, context, 1, 4, events, &none));
  SHOW(syscall(SYS_io_getevents, context, 1, 4, events, &soon));
  SHOW(syscall(SYS_io_getevents, context, 3, 2, events, &none));
  SHOW(syscall(SYS_io_getevents, (long)4096, 0, 2, events, &none));
  requests[0].aio_fildes = 999;
  SHOW(syscall(SYS_io_submit, context, 2, all));
  requests[0].aio_fildes = fd;
  requests[0].aio_lio_opcode = 77;
  SHOW(syscall(SYS_io_submit, context, 1, all));
  requests[0].aio_lio_opcode = IOCB_CMD_PREAD;
  requests[0].aio_offset = 1000;
  SHOW(syscall(SYS_io_submit, context, 2, all));
  SHOW(syscall(SYS_io_getevents, context, 2, 4, events, NULL));
  printf("  results %lld %lld\n", events[0].res, events[1].res);
  SHOW(syscall(SYS_io_cancel, context, all[0], events));
  SHOW(syscall(SYS_io_destroy, context));
  SHOW(syscall(SYS_io_destroy, context));
  SHOW(syscall(SYS_io_submit, context, 1, all));
}

int main() {
  setvbuf(stdout, NULL, _IONBF, 0);
  memory();
  async();
  return 0;
}
