/**
 * Netlink messages as bytes: a header, a fixed struct, attributes that say their own length and are
 * padded to four bytes. Numbers are in the machine's order, addresses in the network's.
 */
import { concatBytes, encodeUtf8 } from "../../../../layers/base/bytes.ts";
import { NLA_F_NESTED, NLA_TYPE_MASK, nlmsgAlign, NLMSGHDR_BYTES } from "../../abi/netlink.ts";

export interface NetlinkHeader {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly port: number;
}

export interface NetlinkMessage extends NetlinkHeader {
  /** All behind the header. */
  readonly payload: Uint8Array;
  /** The message with its header. */
  readonly bytes: Uint8Array;
}

const ATTRIBUTE_HEADER_BYTES = 4;

/** The messages of one datagram; what is cut short is left out, as netlink_rcv_skb does. */
export function parseMessages(datagram: Uint8Array): readonly NetlinkMessage[] {
  const found: NetlinkMessage[] = [];
  for (let at = 0; datagram.length - at >= NLMSGHDR_BYTES;) {
    const view = viewOf(datagram.subarray(at));
    const sizeBytes = view.getUint32(0, true);
    if (sizeBytes < NLMSGHDR_BYTES || sizeBytes > datagram.length - at) break;
    const bytes = datagram.slice(at, at + sizeBytes);
    found.push({
      type: view.getUint16(4, true),
      flags: view.getUint16(6, true),
      sequence: view.getUint32(8, true),
      port: view.getUint32(12, true),
      payload: bytes.subarray(NLMSGHDR_BYTES),
      bytes,
    });
    at += nlmsgAlign(sizeBytes);
  }
  return found;
}

/** Padded, so that messages can follow each other. */
export function encodeMessage(
  { type, flags, sequence, port }: NetlinkHeader,
  payload: Uint8Array,
): Uint8Array {
  const header = struct(
    [4, NLMSGHDR_BYTES + payload.length],
    [2, type],
    [2, flags],
    [4, sequence],
    [4, port],
  );
  return concatBytes([header, padded(payload)]);
}

/** Fields of a C struct, little-endian: [bytes, value]. */
export function struct(...fields: readonly (readonly [1 | 2 | 4 | 8, number])[]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((sum, [size]) => sum + size, 0));
  const view = viewOf(bytes);
  let at = 0;
  for (const [size, value] of fields) {
    if (size === 1) view.setUint8(at, value);
    else if (size === 2) view.setUint16(at, value, true);
    else if (size === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += size;
  }
  return bytes;
}

export function attribute(type: number, value: Uint8Array): Uint8Array {
  const header = struct([2, ATTRIBUTE_HEADER_BYTES + value.length], [2, type]);
  return padded(concatBytes([header, value]));
}

export const u8 = (type: number, value: number): Uint8Array => attribute(type, struct([1, value]));
export const u16 = (type: number, value: number): Uint8Array => attribute(type, struct([2, value]));
export const u32 = (type: number, value: number): Uint8Array => attribute(type, struct([4, value]));
export const text = (type: number, value: string): Uint8Array => attribute(type, encodeUtf8(`${value}\0`));

export function nested(type: number, parts: readonly Uint8Array[]): Uint8Array {
  return attribute(type, concatBytes(parts));
}

/** Attributes behind `skip` bytes of struct, by number; the last of a kind counts. */
export function attributesOf(payload: Uint8Array, skip: number): ReadonlyMap<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  for (let at = nlmsgAlign(skip); payload.length - at >= ATTRIBUTE_HEADER_BYTES;) {
    const view = viewOf(payload.subarray(at));
    const sizeBytes = view.getUint16(0, true);
    if (sizeBytes < ATTRIBUTE_HEADER_BYTES || sizeBytes > payload.length - at) break;
    const type = view.getUint16(2, true) & NLA_TYPE_MASK & ~NLA_F_NESTED;
    found.set(type, payload.subarray(at + ATTRIBUTE_HEADER_BYTES, at + sizeBytes));
    at += nlmsgAlign(sizeBytes);
  }
  return found;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** A number of an attribute; undefined when it is missing or too short. */
export function u32Of(value: Uint8Array | undefined): number | undefined {
  return value === undefined || value.length < 4 ? undefined : viewOf(value).getUint32(0, true);
}

function padded(bytes: Uint8Array): Uint8Array {
  const rest = nlmsgAlign(bytes.length) - bytes.length;
  return rest === 0 ? bytes : concatBytes([bytes, new Uint8Array(rest)]);
}
