/**
 * Requests to the kernel over netlink (netlink_rcv_skb, netlink_ack, netlink_dump): every message of a
 * datagram is answered by messages, an acknowledgement when it asked for one, or an error, which always
 * quotes the request.
 */
import { concatBytes } from "../../../../layers/base/bytes.ts";
import {
  NetlinkOption,
  NLM_F_ACK,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLM_F_MULTI,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_MIN_TYPE,
  NLMSGERR_ATTR_MSG,
} from "../../abi/netlink.ts";
import { SyscallError } from "../../task/syscall-error.ts";
import type { NetlinkMessage } from "./message.ts";
import { encodeMessage, parseMessages, struct, text } from "./message.ts";
import type { NetlinkSocket } from "./netlink-socket.ts";

/** One message of an answer, without the header's numbers. */
export interface Reply {
  readonly type: number;
  readonly payload: Uint8Array;
}

/** `dump`: messages of one list, with an end; otherwise single ones. undefined: done, nothing to tell. */
export type Answer = { readonly kind: "dump" | "messages"; readonly replies: readonly Reply[] } | undefined;

/** Refused with the sentence that `ip` prints behind "Error: " (netlink_ext_ack). */
export class NetlinkRefusal extends SyscallError {
  readonly explanation: string;

  constructor(errno: number, explanation: string) {
    super(errno);
    this.explanation = explanation;
  }
}

/** Bytes of messages that travel together in a dump (NLMSG_GOODSIZE). */
const DUMP_BYTES = 3776;

export function serveRequests(
  socket: NetlinkSocket,
  datagram: Uint8Array,
  answer: (message: NetlinkMessage) => Answer,
): void {
  for (const message of parseMessages(datagram)) {
    const isRequest = (message.flags & NLM_F_REQUEST) !== 0 && message.type >= NLMSG_MIN_TYPE;
    try {
      const given = isRequest ? answer(message) : undefined;
      if (given?.kind === "dump") {
        sendDump(socket, message, given.replies);
        continue;
      }
      for (const { type, payload } of given?.replies ?? [])
        socket.enqueue(
          encodeMessage({ type, flags: 0, sequence: message.sequence, port: socket.port }, payload),
        );
      if ((message.flags & NLM_F_ACK) !== 0) acknowledge(socket, message, undefined);
    } catch (thrown) {
      if (!(thrown instanceof SyscallError)) throw thrown;
      acknowledge(socket, message, thrown);
    }
  }
}

function sendDump(socket: NetlinkSocket, { sequence }: NetlinkMessage, replies: readonly Reply[]): void {
  const header = { flags: NLM_F_MULTI, sequence, port: socket.port };
  const done: Reply = { type: NLMSG_DONE, payload: struct([4, 0]) };
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  for (const { type, payload } of [...replies, done]) {
    const bytes = encodeMessage({ ...header, type }, payload);
    if (waitingBytes > 0 && waitingBytes + bytes.length > DUMP_BYTES) {
      socket.enqueue(concatBytes(waiting));
      [waiting, waitingBytes] = [[], 0];
    }
    waiting.push(bytes);
    waitingBytes += bytes.length;
  }
  socket.enqueue(concatBytes(waiting));
}

/** struct nlmsgerr: the error, and the request: its header alone when that is all there is to say. */
function acknowledge(socket: NetlinkSocket, message: NetlinkMessage, error: SyscallError | undefined): void {
  const isCapped = error === undefined || socket.has(NetlinkOption.CAP_ACK);
  const isExplained = error instanceof NetlinkRefusal && socket.has(NetlinkOption.EXT_ACK);
  const quoted = isCapped ? message.bytes.subarray(0, 16) : message.bytes;
  const code = struct([4, error === undefined ? 0 : -error.errno >>> 0]);
  const explanation = isExplained ? [text(NLMSGERR_ATTR_MSG, error.explanation)] : [];
  const padding = new Uint8Array(isExplained ? -quoted.length & 3 : 0);
  const flags = (isCapped ? NLM_F_CAPPED : 0) | (isExplained ? NLM_F_ACK_TLVS : 0);
  const header = { type: NLMSG_ERROR, flags, sequence: message.sequence, port: socket.port };
  socket.enqueue(encodeMessage(header, concatBytes([code, quoted, padding, ...explanation])));
}
