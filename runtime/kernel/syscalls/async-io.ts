/**
 * Asynchronous input and output as databases use it (io_setup(2), libaio; fs/aio.c). One hard idea: nothing here is
 * slow, so a request is done when it is submitted, and only its completion waits to be fetched. The context's number
 * is an address, because the C library looks there for a ring; it finds none and calls.
 */
import { Errno } from "../abi/errno.ts";
import { MAP_PRIVATE, PROT_READ, PROT_WRITE } from "../abi/mman.ts";
import { setting } from "../fs/proc/sysctl.ts";
import type { AddressSpace } from "../mm/address-space.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { Blocked, WaitQueue } from "../task/wait.ts";
import { EventFile } from "../vfs/eventfd.ts";
import type { FileDescription } from "../vfs/file-description.ts";
import { readInto, writeFrom } from "../vfs/transfer.ts";
import { guarded } from "./dispatch.ts";
import type { SyscallRow } from "./row.ts";
import { call } from "./row.ts";
import { deadlineIn, readTimespec } from "./timespec.ts";

const PAGE_BYTES = 4096;
/** struct iocb and struct io_event. */
const [IOCB_BYTES, EVENT_BYTES] = [64, 32];
/** IOCB_CMD_: the others, fsync and fdsync, are one here. */
const Command = { pread: 0, pwrite: 1, preadv: 7, pwritev: 8 } as const;
const COMMANDS: readonly number[] = [0, 1, 2, 3, 7, 8];
const IOCB_FLAG_RESFD = 1;

interface Completion {
  readonly data: bigint;
  readonly request: number;
  readonly result: number;
}

interface Context {
  readonly eventsMax: number;
  readonly done: Completion[];
  readonly queue: WaitQueue;
}

/** By the address space they belong to (mm->ioctx_table). */
const contexts = new WeakMap<AddressSpace, Map<number, Context>>();

function sysIoSetup(task: Task, count: number, address: number): Result {
  const events = count >>> 0;
  if (task.memory.readU64(address) !== 0n || events === 0) return -Errno.EINVAL;
  const own = contexts.get(task.addressSpace) ?? new Map<number, Context>();
  const used = [...own.values()].reduce((sum, { eventsMax }) => sum + eventsMax, 0);
  if (used + events > Number(setting(task.kernel, "fs/aio-max-nr"))) return -Errno.EAGAIN;
  const place = task.addressSpace.map({
    address: 0,
    sizeBytes: PAGE_BYTES,
    isFixed: false,
    protection: PROT_READ | PROT_WRITE,
    flags: MAP_PRIVATE,
    name: "/[aio] (deleted)",
  });
  if (place < 0) return place;
  contexts.set(task.addressSpace, own);
  own.set(place, { eventsMax: events, done: [], queue: new WaitQueue() });
  task.memory.writeInteger(address, place);
  return 0;
}

function sysIoDestroy(task: Task, id: number): Result {
  const own = contexts.get(task.addressSpace);
  const context = own?.get(id);
  if (own === undefined || context === undefined) return -Errno.EINVAL;
  own.delete(id);
  context.queue.wake();
  task.addressSpace.unmap(id, id + PAGE_BYTES);
  return 0;
}

function contextOf(task: Task, id: number): Context | undefined {
  return contexts.get(task.addressSpace)?.get(id);
}

function sysIoSubmit(task: Task, id: number, count: number, pointers: number): Result {
  const context = contextOf(task, id);
  if (count < 0 || context === undefined) return -Errno.EINVAL;
  let submitted = 0;
  for (; submitted < count; submitted++) {
    const answer = guarded(() => submit(task, context, task.memory.readInteger(pointers + submitted * 8)));
    if (typeof answer === "number" && answer < 0) return submitted > 0 ? submitted : answer;
  }
  return submitted;
}

function submit(task: Task, context: Context, request: number): number {
  const view = new DataView(task.memory.copyIn(request, IOCB_BYTES).buffer);
  const word = (offset: number): number => Number(view.getBigInt64(offset, true));
  if (context.done.length >= context.eventsMax) return -Errno.EAGAIN;
  if (view.getBigUint64(48, true) !== 0n) return -Errno.EINVAL;
  const file = task.files.get(view.getUint32(20, true));
  if (file === undefined) return -Errno.EBADF;
  const notified =
    (view.getUint32(56, true) & IOCB_FLAG_RESFD) !== 0 ? task.files.get(view.getUint32(60, true)) : undefined;
  if ((view.getUint32(56, true) & IOCB_FLAG_RESFD) !== 0 && !(notified instanceof EventFile))
    return -Errno.EINVAL;
  const command = view.getUint16(16, true);
  const result = perform(task, file, { command, address: word(24), sizeBytes: word(32), position: word(40) });
  if (typeof result !== "number") return -Errno.EINVAL;
  task.memory.writeU32(request + 8, 0); // aio_key, which Linux sets.
  context.done.push({ data: view.getBigUint64(0, true), request, result });
  context.queue.wake();
  if (notified instanceof EventFile) notified.write(new Uint8Array(new BigUint64Array([1n]).buffer));
  return 0;
}

interface Operation {
  readonly command: number;
  readonly address: number;
  readonly sizeBytes: number;
  readonly position: number;
}

/** Its result; undefined for a command there is not. A file that is not ready now answers EAGAIN. */
function perform(task: Task, file: FileDescription, operation: Operation): number | undefined {
  const { command, address, sizeBytes, position } = operation;
  const options = { position, isNonBlocking: true };
  if (!COMMANDS.includes(command)) return undefined;
  const attempt = (): Result => {
    switch (command) {
      case Command.pread:
        return readInto(task, file, [{ address, sizeBytes }], options);
      case Command.pwrite:
        return writeFrom(task, file, [{ address, sizeBytes }], options);
      case Command.preadv:
        return readInto(task, file, task.memory.readVectors(address, sizeBytes), options);
      case Command.pwritev:
        return writeFrom(task, file, task.memory.readVectors(address, sizeBytes), options);
      default:
        return file.sync();
    }
  };
  const result = guarded(attempt);
  return typeof result === "number" ? result : -Errno.EAGAIN;
}

function sysIoGetevents(
  task: Task,
  id: number,
  least: number,
  most: number,
  events: number,
  timeout: number,
): Result {
  const context = contextOf(task, id);
  const durationNs = timeout === 0 ? undefined : readTimespec(task, timeout);
  if (context === undefined || least < 0 || most < 0 || least > most) return -Errno.EINVAL;
  let told = 0;
  const attempt = (): number | undefined => {
    for (; told < most; told++) {
      const completion = context.done.shift();
      if (completion === undefined) break;
      writeEvent(task, events + told * EVENT_BYTES, completion);
    }
    if (contextOf(task, id) === undefined) return told > 0 ? told : -Errno.EINVAL;
    return told >= least ? told : undefined;
  };
  const blocked: Blocked = new Blocked({
    queues: [context.queue],
    deadlineNs: durationNs === undefined ? undefined : deadlineIn(task, durationNs),
    retry: () => attempt() ?? blocked,
    timeout: () => told,
    interrupt: () => (told > 0 ? told : -Errno.EINTR),
    reason: "read_events",
  });
  return attempt() ?? (durationNs === 0 ? told : blocked);
}

function writeEvent(task: Task, address: number, { data, request, result }: Completion): void {
  const event = new DataView(new ArrayBuffer(EVENT_BYTES));
  event.setBigUint64(0, data, true);
  event.setBigUint64(8, BigInt(request), true);
  event.setBigInt64(16, BigInt(result), true);
  task.memory.copyOut(address, new Uint8Array(event.buffer));
}

/** Whatever was submitted is done. */
function sysIoCancel(task: Task, _id: number, request: number): Result {
  task.memory.readU32(request + 8);
  // With a context or without: nothing is under way that could be found.
  return -Errno.EINVAL;
}

export const ASYNC_IO_CALLS: readonly SyscallRow[] = [
  call(206, "io_setup", "int, address", sysIoSetup),
  call(207, "io_destroy", "address", sysIoDestroy),
  call(208, "io_getevents", "address, size, size, address, timespec", sysIoGetevents),
  call(209, "io_submit", "address, size, address", sysIoSubmit, "done at once; no IOCB_CMD_POLL"),
  call(210, "io_cancel", "address, address, address", sysIoCancel),
];
