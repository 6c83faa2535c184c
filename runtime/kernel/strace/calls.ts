/**
 * How the parameters of single calls are printed, where the row's own kinds do not say it: above all which of
 * them the kernel fills in (">"), and so are printed after the call.
 */

const SHOWN = `
read fd,>string,size
write fd,string,size
pread64 fd,>string,size,offset
pwrite64 fd,string,size,offset
readv fd,>iovec,int
writev fd,iovec,int
stat path,>stat
fstat fd,>stat
lstat path,>stat
newfstatat dirfd,path,>stat,flags:at
poll pollfds,int,int,>polled
ppoll pollfds,int,timespec,sigset,size,>polled
select int,fdset,fdset,fdset,timeval
pselect6 int,fdset,fdset,fdset,timespec,address
mmap address,size,flags:prot,flags:map,fd,hex
mprotect address,size,flags:prot
mremap address,size,size,flags:mremap,optional
madvise address,size,advice
brk address
rt_sigaction signal,sigaction,>sigaction,size
rt_sigprocmask how,sigset,>sigset,size
rt_sigpending >sigset,size
rt_sigsuspend sigset,size
rt_sigtimedwait sigset,>address,timespec,size
rt_sigreturn frame
ioctl fd,request,address
getcwd >cstring,size
readlink path,>string,size
readlinkat dirfd,path,>string,size
pipe >fds
pipe2 >fds,flags:open
socketpair family,socktype,int,>fds
access path,flags:access
faccessat dirfd,path,flags:access
faccessat2 dirfd,path,flags:access,flags:at
open path,openflags,createmode
openat dirfd,path,openflags,createmode
fcntl fd,command:fcntl,fcntlarg
clone clone
clone3 cloneargs,size
execve path,strings,variables
execveat dirfd,path,strings,variables,flags:at
wait4 pid,>status,flags:wait,>optional
waitid waitid,pid,>address,flags:wait,>optional
kill pid,signal
tkill pid,signal
tgkill pid,pid,signal
uname >utsname
getrlimit rlimit-resource,>rlimit
setrlimit rlimit-resource,rlimit
prlimit64 pid,rlimit-resource,rlimit,>rlimit
getrusage rusageWho,>address
gettimeofday >timeval,address
clock_gettime clock,>timespec
clock_getres clock,>timespec
nanosleep timespec,>address
clock_nanosleep clock,flags:timer,timespec,>address
getrandom >hexstring,size,flags:random
arch_prctl arch,address
set_tid_address address
set_robust_list address,size
rseq address,hex,flags:rseq,hex
prctl prctl
futex futex
exit int
exit_group int
epoll_ctl fd,epollctl,fd,epollevent
epoll_wait fd,>epollevents,int,int
epoll_pwait fd,>epollevents,int,int,sigset,size
connect fd,sockaddr,size
bind fd,sockaddr,size
accept fd,>sockaddrout,>length
accept4 fd,>sockaddrout,>length,flags:socket
getsockname fd,>sockaddrout,>length
getpeername fd,>sockaddrout,>length
sendto fd,string,size,flags:msg,sockaddr:5,size
recvfrom fd,>string,size,flags:msg,>sockaddrout,>length
sendfile fd,fd,address,size
getdents64 fd,>entries,size
setitimer itimer,itimerval,>itimerval
getitimer itimer,>itimerval
alarm int
umask mode
`;

export const SHOWN_PARAMETERS: ReadonlyMap<string, readonly string[]> = new Map(
  SHOWN.trim()
    .split("\n")
    .map((line) => {
      const [name = "", list = ""] = line.split(" ");
      return [name, list.split(",")] as const;
    }),
);

/** Calls whose answer is an address. */
export const ADDRESS_ANSWERS: ReadonlySet<string> = new Set(["mmap", "brk", "mremap", "shmat"]);
