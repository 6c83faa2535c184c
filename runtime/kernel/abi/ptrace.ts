/** ptrace(2): uapi/linux/ptrace.h, asm/ptrace-abi.h, asm/user_64.h. */

export const PTRACE_TRACEME = 0;
export const PTRACE_PEEKTEXT = 1;
export const PTRACE_PEEKDATA = 2;
export const PTRACE_PEEKUSER = 3;
export const PTRACE_POKETEXT = 4;
export const PTRACE_POKEDATA = 5;
export const PTRACE_POKEUSER = 6;
export const PTRACE_CONT = 7;
export const PTRACE_KILL = 8;
export const PTRACE_SINGLESTEP = 9;
export const PTRACE_GETREGS = 12;
export const PTRACE_SETREGS = 13;
export const PTRACE_GETFPREGS = 14;
export const PTRACE_SETFPREGS = 15;
export const PTRACE_ATTACH = 16;
export const PTRACE_DETACH = 17;
export const PTRACE_SYSCALL = 24;
export const PTRACE_ARCH_PRCTL = 30;
export const PTRACE_SETOPTIONS = 0x4200;
export const PTRACE_GETEVENTMSG = 0x4201;
export const PTRACE_GETSIGINFO = 0x4202;
export const PTRACE_SETSIGINFO = 0x4203;
export const PTRACE_GETREGSET = 0x4204;
export const PTRACE_SETREGSET = 0x4205;
export const PTRACE_SEIZE = 0x4206;
export const PTRACE_INTERRUPT = 0x4207;
export const PTRACE_LISTEN = 0x4208;
export const PTRACE_GETSIGMASK = 0x420a;
export const PTRACE_SETSIGMASK = 0x420b;
export const PTRACE_GET_SYSCALL_INFO = 0x420e;

export const PTRACE_O_TRACESYSGOOD = 1;
export const PTRACE_O_TRACEFORK = 2;
export const PTRACE_O_TRACEVFORK = 4;
export const PTRACE_O_TRACECLONE = 8;
export const PTRACE_O_TRACEEXEC = 16;
export const PTRACE_O_TRACEVFORKDONE = 32;
export const PTRACE_O_TRACEEXIT = 64;
export const PTRACE_O_EXITKILL = 0x10_0000;
/** What there is: seccomp's are not known. */
export const PTRACE_O_ALL = 127 | PTRACE_O_EXITKILL;

export const PTRACE_EVENT_FORK = 1;
export const PTRACE_EVENT_VFORK = 2;
export const PTRACE_EVENT_CLONE = 3;
export const PTRACE_EVENT_EXEC = 4;
export const PTRACE_EVENT_VFORK_DONE = 5;
export const PTRACE_EVENT_EXIT = 6;
export const PTRACE_EVENT_STOP = 128;

export const NT_PRSTATUS = 1;
export const NT_PRFPREG = 2;
export const NT_X86_XSTATE = 0x202;

/** struct user_regs_struct: 27 words. */
export const USER_REGS_BYTES = 216;
/** struct user_fpregs_struct: an fxsave image; behind it the header of xsave. */
export const USER_FPREGS_BYTES = 512;
export const XSAVE_HEADER_BYTES = 64;
/** Where an xsave image tells which parts the processor has (sw_reserved.xfeatures). */
export const XFEATURES_OFFSET = 464;
/** struct user: its size, and where the debug registers are. */
export const USER_BYTES = 912;
export const DEBUG_REGISTERS_OFFSET = 848;

/** struct ptrace_syscall_info: op; AUDIT_ARCH_X86_64. */
export const PTRACE_SYSCALL_INFO_NONE = 0;
export const PTRACE_SYSCALL_INFO_ENTRY = 1;
export const PTRACE_SYSCALL_INFO_EXIT = 2;
export const AUDIT_ARCH_X86_64 = 0xc000_003e;
