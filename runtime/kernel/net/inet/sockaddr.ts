/**
 * struct sockaddr_in and sockaddr_in6. An IPv6 socket sees IPv4 peers as ::ffff:a.b.c.d: mapped addresses
 * become IPv4 on the way in and mapped on the way out, and nothing in between knows of them.
 */
import { Errno } from "../../abi/errno.ts";
import { SOCKADDR_IN6_BYTES, SOCKADDR_IN6_BYTES_MIN, SOCKADDR_IN_BYTES } from "../../abi/inet.ts";
import { AF_INET, AF_INET6, familyOf } from "../../abi/socket.ts";
import { SyscallError } from "../../task/syscall-error.ts";
import type { IpAddress } from "./ip-address.ts";
import { ipOf } from "./ip-address.ts";
import type { Endpoint } from "./port-table.ts";

const MAPPED_PREFIX = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff);

export interface ParsedAddress extends Endpoint {
  /** Written as ::ffff:a.b.c.d. */
  readonly isMapped: boolean;
  readonly scope: number;
}

export function encodeSockaddr(family: number, { address, port }: Endpoint, scope = 0): Uint8Array {
  const bytes = new Uint8Array(family === AF_INET6 ? SOCKADDR_IN6_BYTES : SOCKADDR_IN_BYTES);
  bytes.set([family, 0, port >> 8, port & 0xff]);
  if (family === AF_INET6) {
    bytes.set(v6Bytes(address), 8);
    new DataView(bytes.buffer).setUint32(24, scope, true);
  } else bytes.set(address.bytes, 4);
  return bytes;
}

/** Sixteen bytes: mapped when it is IPv4 (the unspecified address stays unspecified). */
export function v6Bytes({ version, bytes }: IpAddress): Uint8Array {
  if (version === 6) return bytes;
  const mapped = new Uint8Array(16);
  mapped.set(MAPPED_PREFIX);
  mapped.set(bytes, 12);
  return mapped;
}

/** Reads an address for a socket of `family`; throws EINVAL, EAFNOSUPPORT. */
export function parseSockaddr(family: number, bytes: Uint8Array): ParsedAddress {
  const given = familyOf(bytes);
  if (family === AF_INET) {
    if (bytes.length < SOCKADDR_IN_BYTES) throw new SyscallError(Errno.EINVAL);
    if (given !== AF_INET) throw new SyscallError(Errno.EAFNOSUPPORT);
    return { address: ipOf(bytes.slice(4, 8)), port: portOf(bytes), isMapped: false, scope: 0 };
  }
  if (bytes.length < SOCKADDR_IN6_BYTES_MIN) throw new SyscallError(Errno.EINVAL);
  if (given !== AF_INET6) throw new SyscallError(Errno.EAFNOSUPPORT);
  const raw = bytes.slice(8, 24);
  const isMapped = MAPPED_PREFIX.every((byte, index) => raw[index] === byte);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const scope = bytes.length >= SOCKADDR_IN6_BYTES ? view.getUint32(24, true) : 0;
  return { address: ipOf(isMapped ? raw.slice(12) : raw), port: portOf(bytes), isMapped, scope };
}

function portOf(bytes: Uint8Array): number {
  return ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
}
