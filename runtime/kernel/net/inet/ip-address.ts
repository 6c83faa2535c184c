/**
 * IP addresses as values: four or sixteen bytes, and a text key that is equal exactly when the addresses
 * are. An IPv4-mapped IPv6 address (::ffff:a.b.c.d) is kept as the IPv4 address it means; the socket
 * remembers which family it shows.
 */
export interface IpAddress {
  readonly version: 4 | 6;
  readonly bytes: Uint8Array;
  /** For maps and comparison. */
  readonly key: string;
}

const V4_BYTES = 4;

export function ipOf(bytes: Uint8Array): IpAddress {
  return {
    version: bytes.length === V4_BYTES ? 4 : 6,
    bytes,
    key: bytes.length === V4_BYTES ? bytes.join(".") : formatV6(bytes),
  };
}

export const ANY_V4 = ipOf(new Uint8Array(4));
export const ANY_V6 = ipOf(new Uint8Array(16));
export const LOOPBACK_V4 = ipOf(Uint8Array.of(127, 0, 0, 1));
export const LOOPBACK_V6 = ipOf(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1));

/** Dotted decimal or the text of RFC 4291; undefined for what is neither. */
export function parseIp(text: string): IpAddress | undefined {
  if (!text.includes(":")) return parseV4(text);
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => groupsOf(half));
  if (head === undefined) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (missing < 0 || (tail === undefined && missing !== 0)) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...(tail ?? [])];
  if (groups.some((group) => !(group >= 0 && group <= 0xffff))) return undefined;
  return ipOf(Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff])));
}

function parseV4(text: string): IpAddress | undefined {
  const parts = text.split(".").map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : -1));
  const isWhole = parts.length === V4_BYTES && parts.every((part) => part >= 0 && part <= 255);
  return isWhole ? ipOf(Uint8Array.from(parts)) : undefined;
}

function groupsOf(half: string): number[] {
  if (half === "") return [];
  return half.split(":").flatMap((group) => {
    const v4 = group.includes(".") ? parseV4(group)?.bytes : undefined;
    if (v4 !== undefined) return [((v4[0] ?? 0) << 8) | (v4[1] ?? 0), ((v4[2] ?? 0) << 8) | (v4[3] ?? 0)];
    return [/^[0-9a-f]{1,4}$/i.test(group) ? Number.parseInt(group, 16) : -1];
  });
}

/** The longest run of zero groups is "::" (RFC 5952). */
function formatV6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  );
  const runs = [...groups.join(":").matchAll(/\b0(?::0)+\b/g)].sort((a, b) => b[0].length - a[0].length);
  const run = runs[0];
  if (run === undefined) return groups.join(":");
  const text = groups.join(":");
  const [before, after] = [text.slice(0, run.index), text.slice(run.index + run[0].length)];
  return `${before.replace(/:$/, "")}::${after.replace(/^:/, "")}`;
}

export function isAny({ bytes }: IpAddress): boolean {
  return bytes.every((byte) => byte === 0);
}

export function isLoopback(address: IpAddress): boolean {
  return address.version === 4 ? address.bytes[0] === 127 : address.key === LOOPBACK_V6.key;
}

export function isMulticast({ version, bytes }: IpAddress): boolean {
  const [first = 0] = bytes;
  return version === 4 ? (first & 0xf0) === 0xe0 : first === 0xff;
}

export function isLinkLocal({ version, bytes }: IpAddress): boolean {
  return version === 6 && bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80;
}

/** Whether the first `prefixBits` bits are the same. */
export function isInPrefix(address: IpAddress, network: IpAddress, prefixBits: number): boolean {
  if (address.version !== network.version) return false;
  for (let bit = 0; bit < prefixBits; bit += 8) {
    const mask = prefixBits - bit >= 8 ? 0xff : (0xff << (8 - (prefixBits - bit))) & 0xff;
    if ((((address.bytes[bit >> 3] ?? 0) ^ (network.bytes[bit >> 3] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}

/** The first address of the network. */
export function networkOf({ bytes }: IpAddress, prefixBits: number): IpAddress {
  return ipOf(bytes.map((byte, index) => byte & maskByte(prefixBits, index)));
}

/** The last address of an IPv4 network. */
export function broadcastOf({ bytes }: IpAddress, prefixBits: number): IpAddress {
  return ipOf(bytes.map((byte, index) => (byte | ~maskByte(prefixBits, index)) & 0xff));
}

export function netmaskOf(prefixBits: number): IpAddress {
  return ipOf(Uint8Array.from({ length: V4_BYTES }, (_, index) => maskByte(prefixBits, index)));
}

function maskByte(prefixBits: number, index: number): number {
  const bits = Math.max(0, Math.min(8, prefixBits - index * 8));
  return (0xff << (8 - bits)) & 0xff;
}
