/**
 * Unix stream sockets: bytes without borders, except where descriptors or other people's credentials
 * travel: a read never runs past a message that carries descriptors (unix_stream_read_generic).
 */
import { Errno } from "../../abi/errno.ts";
import { MSG_OOB, MSG_PEEK, RCV_SHUTDOWN, SEND_SHUTDOWN, So } from "../../abi/socket.ts";
import type { FileDescription } from "../../vfs/file-description.ts";
import type { Task } from "../../task/task.ts";
import type { Received, SendRequest, SocketBirth } from "../socket.ts";
import type { UnixMessage } from "./unix-message.ts";
import { parseUnixAddress } from "./unix-address.ts";
import { UnixSocket } from "./unix-socket.ts";

/** One message is at most half the buffer and what fits two allocations of pages. */
const PIECE_BYTES_MAX = 36_864;

export class UnixStreamSocket extends UnixSocket {
  readonly isConnectionOriented = true;

  override get isStream(): boolean {
    return true;
  }

  protected sibling(birth: SocketBirth): UnixSocket {
    return new UnixStreamSocket(birth);
  }

  override connect(address: Uint8Array, task: Task): number {
    return this.connectTo(parseUnixAddress(address), task);
  }

  override send(source: Uint8Array, request: SendRequest, task: Task): number {
    if ((request.flags & MSG_OOB) !== 0) return -Errno.EOPNOTSUPP;
    if (request.address !== undefined) return this.state === "connected" ? -Errno.EISCONN : -Errno.EOPNOTSUPP;
    const { peer } = this;
    if (peer === undefined || this.state !== "connected") return -Errno.ENOTCONN;
    if (this.isShut(SEND_SHUTDOWN)) return -Errno.EPIPE;
    if (source.length === 0) return 0;
    let done = 0;
    while (done < source.length) {
      if (this.sentMemory >= this.options.sendBufferBytes) break;
      if (peer.isDead || peer.isShut(RCV_SHUTDOWN)) return done > 0 ? done : -Errno.EPIPE;
      const pieceBytes = Math.min(source.length - done, (this.options.sendBufferBytes >> 1) - 64, PIECE_BYTES_MAX);
      const rights = done === 0 ? request.rights : undefined;
      this.deliver(peer, source.slice(done, done + pieceBytes), { ...request, rights }, task);
      done += pieceBytes;
    }
    return done > 0 ? done : -Errno.EAGAIN;
  }

  override receive(target: Uint8Array, flags: number, _task: Task): Received | number {
    if (this.state !== "connected") return -Errno.EINVAL;
    if ((flags & MSG_OOB) !== 0) return -Errno.EOPNOTSUPP;
    const first = this.messages[0];
    if (first === undefined) return this.#answerEmpty();
    if (target.length === 0) return { count: 0, flags: 0 };
    return this.#take(target, first, (flags & MSG_PEEK) !== 0);
  }

  override get readableBytes(): number {
    return this.messages.reduce((sum, message) => sum + message.left, 0);
  }

  #answerEmpty(): Received | number {
    const error = this.takeError();
    if (error !== 0) return error;
    return this.isShut(RCV_SHUTDOWN) ? { count: 0, flags: 0, isEnd: true } : -Errno.EAGAIN;
  }

  #take(target: Uint8Array, first: UnixMessage, isPeeking: boolean): Received {
    const isTold = this.options.has(So.PASSCRED);
    let rights: readonly FileDescription[] | undefined;
    let count = 0;
    for (const message of [...this.messages]) {
      if (count === target.length) break;
      if (isTold && !isSameWriter(first, message)) break;
      const piece = message.bytes.subarray(message.offset, message.offset + target.length - count);
      target.set(piece, count);
      count += piece.length;
      const carries = message.hasRights;
      if (carries) rights = isPeeking ? message.peekRights() : message.takeRights();
      if (!isPeeking) {
        message.offset += piece.length;
        if (message.left > 0) break;
        this.messages.shift();
        message.end();
      }
      if (carries) break;
    }
    const { address } = first;
    return { count, flags: 0, address, rights, credentials: this.toldCredentials(first), isEnd: rights !== undefined };
  }
}

function isSameWriter(first: UnixMessage, second: UnixMessage): boolean {
  const [left, right] = [first.credentials, second.credentials];
  return left?.pids[0] === right?.pids[0] && left?.uid === right?.uid && left?.gid === right?.gid;
}
