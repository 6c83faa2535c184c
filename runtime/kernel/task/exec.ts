/**
 * execve(2) (fs/exec.c): finds the program behind #! lines, builds a new address space, and only when that
 * cannot fail any more lets go of the old one. Environment and arguments go to the top of the stack with
 * the auxiliary vector, as the System V ABI (AMD64, 3.4.1) has it.
 */
import {
  decodeName as decodePath,
  encodeName as encodePath,
  nameSizeBytes,
} from "../../../layers/fs/names.ts";
import { encodeUtf8 } from "../../../layers/base/bytes.ts";
import { Errno } from "../abi/errno.ts";
import { MAP_GROWSDOWN, MAP_PRIVATE, PROT_EXEC, PROT_READ, PROT_WRITE } from "../abi/mman.ts";
import { PTRACE_EVENT_EXEC, PTRACE_O_TRACEEXEC } from "../abi/ptrace.ts";
import { SI_USER, Signal } from "../abi/signal.ts";
import { AddressSpace } from "../mm/address-space.ts";
import { STACK_TOP } from "../mm/placement.ts";
import type { ElfHeader } from "../mm/elf.ts";
import { PF_X, PT_GNU_STACK, PT_INTERP, readElf } from "../mm/elf.ts";
import type { LoadedElf } from "../mm/load-elf.ts";
import { loadElf } from "../mm/load-elf.ts";
import type { Backing } from "../mm/region.ts";
import { PAGE_BYTES } from "../mm/region.ts";
import { openExecutable } from "../vfs/open-executable.ts";
import type { Executable } from "../vfs/open-executable.ts";
import type { Location } from "../vfs/mount.ts";
import { credentialsAfterExec, credentialsForExec } from "./exec-credentials.ts";
import { Rlimit } from "./limits.ts";
import { PATH_BYTES_MAX } from "../vfs/walk.ts";
import { endOtherTasks } from "./exec-threads.ts";
import type { Ptrace } from "./ptrace.ts";
import { stopForEvent } from "./ptrace.ts";
import { endProcess, sendToTask } from "./send-signal.ts";
import { SyscallError } from "./syscall-error.ts";
import type { Task } from "./task.ts";
import { deletePosixTimers } from "./timers.ts";

/** BINPRM_BUF_SIZE less one: a #! line longer than this is cut. */
const SCRIPT_LINE_BYTES = 255;
/** Scripts whose interpreter is a script, and so on. */
const SCRIPT_DEPTH_MAX = 5;
/** Stack mapped at the start; more comes with faults (EXTRA_PAGES of setup_arg_pages). */
const STACK_START_BYTES = 32 * PAGE_BYTES;
/** A quarter of the stack limit, but no more and no less than these (bprm_stack_limits). */
const ARGUMENTS_BYTES_MAX = 6 * 1024 * 1024;
const ARGUMENTS_BYTES_MIN = 131_072;
/** MAX_ARG_STRLEN. */
const ARGUMENT_BYTES_MAX = 32 * PAGE_BYTES;
const COMM_BYTES_MAX = 15;
const ELF_HEADER_BYTES = 64;
const RSP = 4;

export interface ExecRequest {
  /** As given: AT_EXECFN. */
  readonly path: string;
  /** Of execveat: the opened file itself, with `path` as /dev/fd/n. */
  readonly location?: Location | undefined;
  readonly args: readonly Uint8Array[];
  readonly env: readonly Uint8Array[];
}

/** 0, and the task is another program; or throws SyscallError, and nothing has changed. */
export function execute(task: Task, request: ExecRequest): number {
  const program = findProgram(task, request);
  checkSizes(task, request, program.args);
  const addressSpace = AddressSpace.create(task.kernel.machine, task.cgroup);
  let image: Image | undefined;
  try {
    addressSpace.stackBytesMax = task.process.limit(Rlimit.RLIMIT_STACK).soft;
    image = loadImage(task, addressSpace, program, request);
  } finally {
    if (image === undefined) addressSpace.release();
  }
  if (image === undefined) {
    // Linux has let go of the old program by then: there is nobody to tell.
    endProcess(task.process, Signal.SIGSEGV);
    return 0;
  }
  become(task, addressSpace, image, program);
  return 0;
}

interface Program {
  readonly executable: Executable;
  readonly interpreter: Interpreter | undefined;
  readonly elf: ElfHeader;
  readonly args: readonly Uint8Array[];
  /** What ends up in comm: the last name of what was asked for, not of the interpreter. */
  readonly name: string;
}

/** The dynamic linker (PT_INTERP). */
interface Interpreter {
  readonly elf: ElfHeader;
  readonly backing: Backing;
}

interface Image {
  readonly entry: number;
  readonly stackPointer: number;
}

function findProgram(task: Task, request: ExecRequest): Program {
  let { args } = request;
  let { path } = request;
  let executable = openExecutable(task, path, request.location);
  const name = path.slice(path.lastIndexOf("/") + 1);
  for (let depth = 0; ; depth++) {
    const head = executable.read(0, SCRIPT_LINE_BYTES);
    if (!(head[0] === 0x23 && head[1] === 0x21)) break;
    if (depth >= SCRIPT_DEPTH_MAX) throw new SyscallError(Errno.ELOOP);
    const line = scriptLine(head);
    args = [line.interpreter, ...line.argument, encodePath(path), ...args.slice(1)];
    path = decodePath(line.interpreter);
    executable = openExecutable(task, path, undefined);
  }
  const elf = readElf(executable.read);
  if (elf === undefined) throw new SyscallError(Errno.ENOEXEC);
  const interpreter = findInterpreter(task, executable, elf);
  return { executable, interpreter, elf, args: args.length === 0 ? [new Uint8Array(0)] : args, name };
}

function findInterpreter(task: Task, { read }: Executable, { segments }: ElfHeader): Interpreter | undefined {
  const wanted = segments.find(({ type }) => type === PT_INTERP);
  if (wanted === undefined) return undefined;
  if (wanted.fileBytes > PATH_BYTES_MAX || wanted.fileBytes < 2) throw new SyscallError(Errno.ENOEXEC);
  const bytes = read(wanted.offset, wanted.fileBytes);
  if (bytes.length < wanted.fileBytes) throw new SyscallError(Errno.EIO);
  if (bytes[bytes.length - 1] !== 0) throw new SyscallError(Errno.ENOEXEC);
  const file = openExecutable(task, decodePath(bytes.subarray(0, bytes.indexOf(0))), undefined);
  if (file.read(0, ELF_HEADER_BYTES).length < ELF_HEADER_BYTES) throw new SyscallError(Errno.EIO);
  const elf = readElf(file.read);
  if (elf === undefined) throw new SyscallError(Errno.ELIBBAD);
  return { elf, backing: file.backing };
}

/** The interpreter and its one argument, as fs/binfmt_script.c cuts the line. */
function scriptLine(head: Uint8Array): { interpreter: Uint8Array; argument: readonly Uint8Array[] } {
  const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09;
  const newline = head.indexOf(0x0a);
  let end = newline < 0 ? head.length : newline;
  const nul = head.indexOf(0);
  if (nul >= 0 && nul < end) end = nul;
  let start = 2;
  while (start < end && isBlank(head[start])) start += 1;
  while (end > start && isBlank(head[end - 1])) end -= 1;
  // An empty name is a line that ends there; at the end of the file it is the working directory.
  if (start === end) throw new SyscallError(newline < 0 ? Errno.EACCES : Errno.ENOEXEC);
  let stop = start;
  while (stop < end && !isBlank(head[stop])) stop += 1;
  const isCut = newline < 0 && nul < 0 && stop === SCRIPT_LINE_BYTES;
  if (isCut) throw new SyscallError(Errno.ENOEXEC);
  let argument = stop;
  while (argument < end && isBlank(head[argument])) argument += 1;
  return {
    interpreter: head.slice(start, stop),
    argument: argument < end ? [head.slice(argument, end)] : [],
  };
}

function checkSizes(task: Task, { path, env }: ExecRequest, args: readonly Uint8Array[]): void {
  const quarter = task.process.limit(Rlimit.RLIMIT_STACK).soft / 4;
  const limit = Math.max(Math.min(quarter, ARGUMENTS_BYTES_MAX), ARGUMENTS_BYTES_MIN);
  let sum = path.length + 1;
  for (const text of [...args, ...env]) {
    if (text.length >= ARGUMENT_BYTES_MAX) throw new SyscallError(Errno.E2BIG);
    sum += text.length + 1 + 8;
  }
  if (sum > limit) throw new SyscallError(Errno.E2BIG);
}

/** Undefined when the file cannot be mapped as it says. */
function loadImage(
  task: Task,
  space: AddressSpace,
  program: Program,
  request: ExecRequest,
): Image | undefined {
  const { elf, executable } = program;
  const loaded = loadElf(space, elf, executable.backing, false);
  if (typeof loaded === "number") return undefined;
  const interpreter =
    program.interpreter && loadElf(space, program.interpreter.elf, program.interpreter.backing, true);
  if (typeof interpreter === "number") return undefined;
  // The heap starts behind the program, a page apart so that an overrun of its data faults.
  space.heapStart = space.heapEnd = loaded.end + PAGE_BYTES;
  const stackFlags = elf.segments.find(({ type }) => type === PT_GNU_STACK)?.flags ?? PF_X;
  space.map({
    address: STACK_TOP - STACK_START_BYTES,
    sizeBytes: STACK_START_BYTES,
    isFixed: true,
    protection: PROT_READ | PROT_WRITE | ((stackFlags & PF_X) !== 0 ? PROT_EXEC : 0),
    flags: MAP_PRIVATE | MAP_GROWSDOWN,
    name: "[stack]",
  });
  space.runs(executable.running);
  const stackPointer = buildStack(task, space, { program, loaded, interpreter, request });
  return { entry: interpreter?.entry ?? loaded.entry, stackPointer };
}

interface StackParts {
  readonly program: Program;
  readonly loaded: LoadedElf;
  readonly interpreter: LoadedElf | undefined;
  readonly request: ExecRequest;
}

function buildStack(
  task: Task,
  space: AddressSpace,
  { program, loaded, interpreter, request }: StackParts,
): number {
  let at = STACK_TOP - 8;
  const put = (bytes: Uint8Array): number => {
    at -= bytes.length;
    const target = space.bytes(at, bytes.length, PROT_WRITE);
    if (target === undefined) throw new SyscallError(Errno.E2BIG);
    target.set(bytes);
    return at;
  };
  const putString = (bytes: Uint8Array): number => {
    const terminated = new Uint8Array(bytes.length + 1);
    terminated.set(bytes);
    return put(terminated);
  };
  const execName = putString(encodePath(request.path));
  const environmentEnd = at;
  const env = [...request.env].reverse().map(putString).reverse();
  const argumentsEnd = at;
  space.environmentRange = [at, environmentEnd];
  const args = [...program.args].reverse().map(putString).reverse();
  space.argumentsRange = [at, argumentsEnd];
  const platform = putString(encodeUtf8("x86_64"));
  const random = put(task.kernel.randomBytes(16));
  const { credentials: who, isSecure } = credentialsForExec(task, program.executable);
  const auxiliary = [
    [51, SIGNAL_STACK_BYTES_MIN],
    [16, HWCAP],
    [6, PAGE_BYTES],
    [17, 100],
    [3, loaded.headers],
    [4, 56],
    [5, program.elf.headersCount],
    [7, interpreter === undefined ? 0 : interpreter.start],
    [8, 0],
    [9, loaded.entry],
    [11, who.uid],
    [12, who.euid],
    [13, who.gid],
    [14, who.egid],
    [23, isSecure ? 1 : 0],
    [25, random],
    [26, 2],
    [31, execName],
    [15, platform],
    [27, RSEQ_FEATURE_BYTES],
    [28, RSEQ_ALIGNMENT],
    [0, 0],
  ];
  const words = [args.length, ...args, 0, ...env, 0, ...auxiliary.flat()];
  at = (at & ~15) - ((words.length + 1) & ~1) * 8;
  const table = new DataView(new ArrayBuffer(words.length * 8));
  words.forEach((word, index) => table.setBigUint64(index * 8, BigInt(word), true));
  const target = space.bytes(at, words.length * 8, PROT_WRITE);
  if (target === undefined) throw new SyscallError(Errno.E2BIG);
  target.set(new Uint8Array(table.buffer));
  space.auxiliaryVector = new Uint8Array(table.buffer, (words.length - auxiliary.flat().length) * 8);
  return at;
}

/** AT_HWCAP: cpuid(1).edx as the processor answers it; x86-64 programs ask cpuid themselves. */
const HWCAP = 0x0781_abfd;
/** AT_MINSIGSTKSZ: the frame of a signal, with its fxsave image (arch/x86/kernel/signal.c: get_sigframe_size). */
const SIGNAL_STACK_BYTES_MIN = 1104;
/** AT_RSEQ_FEATURE_SIZE and AT_RSEQ_ALIGN: struct rseq up to mm_cid. */
const RSEQ_FEATURE_BYTES = 28;
const RSEQ_ALIGNMENT = 32;

function become(task: Task, addressSpace: AddressSpace, image: Image, program: Program): void {
  const { process } = task;
  endOtherTasks(task);
  const [oldSpace, oldContext] = [task.addressSpace, task.context];
  task.addressSpace = addressSpace;
  task.context = addressSpace.space.createContext();
  oldContext.dispose();
  oldSpace.release();
  task.vforkDone?.();
  task.vforkDone = undefined;
  task.context.setInteger(RSP, image.stackPointer);
  task.context.rip = image.entry;
  task.context.rflags = 0x202;
  if (task.files.isShared) {
    const own = task.files.clone();
    task.files.release(task);
    task.files = own;
  }
  task.files.closeOnExec(task);
  if (task.handlers.isShared) {
    const own = task.handlers.clone();
    task.handlers.release();
    task.handlers = own;
  }
  task.handlers.resetForExec();
  deletePosixTimers(process);
  task.alternateStack = { address: 0, sizeBytes: 0, flags: 2 };
  task.clearChildTid = 0;
  task.robustList = 0;
  task.rseq = { address: 0, sizeBytes: 0, signature: 0 };
  task.comm = commOf(program.name);
  credentialsAfterExec(task, program.executable);
  process.executable = program.executable.location;
  process.hasExeced = true;
  process.exitSignal = process.exitSignal === 0 ? 0 : 17;
  if (task.ptrace !== undefined) tellTracer(task, task.ptrace);
}

/** PTRACE_EVENT_EXEC; who attached in the old way and did not ask for it gets a SIGTRAP (ptrace_event). */
function tellTracer(task: Task, ptrace: Ptrace): void {
  task.addressSpace.space.noteFlags(true);
  if (ptrace.has(PTRACE_O_TRACEEXEC))
    stopForEvent(task, PTRACE_EVENT_EXEC, task.tidIn(ptrace.tracer.pidNamespace));
  else if (!ptrace.isSeized)
    sendToTask(task, { signal: Signal.SIGTRAP, code: SI_USER, pid: task.tid, uid: task.credentials.uid });
}

/** The last name, cut to 15 bytes between characters. */
export function commOf(name: string): string {
  let comm = name;
  while (nameSizeBytes(comm) > COMM_BYTES_MAX) comm = comm.slice(0, -1);
  return comm;
}
