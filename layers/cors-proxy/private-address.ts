/**
 * Which IP addresses lie inside somebody's network: the proxy must never fetch from those on behalf
 * of a web page. Source: IANA special-purpose address registries (IPv4 and IPv6). The hard idea is
 * that an IPv6 address can carry an IPv4 one (mapped, NAT64, 6to4), which then decides.
 */

/** Network and prefix length. */
const PRIVATE_IPV4: readonly (readonly [network: string, bits: number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];

/** Everything outside 2000::/3 is special; these are the special ones inside it. */
const PRIVATE_IPV6: readonly (readonly [network: string, bits: number])[] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["3fff::", 20],
];

/** Whether `address` (IPv4 or IPv6 text, brackets allowed) is not a public one. False for names. */
export function isPrivateAddress(address: string): boolean {
  const text = address.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  const four = parseIpv4(text);
  if (four !== undefined) return isPrivateIpv4(four);
  const six = parseIpv6(text);
  return six !== undefined && isPrivateIpv6(six);
}

/** Whether `host` of a URL (without port) is an address rather than a name. */
export function isAddress(host: string): boolean {
  const text = host.replace(/^\[|\]$/g, "");
  return parseIpv4(text) !== undefined || parseIpv6(text) !== undefined;
}

function isPrivateIpv4(address: number): boolean {
  return PRIVATE_IPV4.some(([network, bits]) => {
    const mask = bits === 0 ? 0 : (0xffff_ffff << (32 - bits)) >>> 0;
    return ((address & mask) >>> 0) === parseIpv4(network);
  });
}

function isPrivateIpv6(groups: readonly number[]): boolean {
  const carried = ipv4Within(groups);
  if (carried !== undefined) return isPrivateIpv4(carried);
  if (((groups[0] ?? 0) & 0xe000) !== 0x2000) return true;
  return PRIVATE_IPV6.some(([network, bits]) => hasPrefix(groups, parseIpv6(network) ?? [], bits));
}

/** The IPv4 address in a mapped (::ffff:0:0/96), NAT64 (64:ff9b::/96) or 6to4 (2002::/16) one. */
function ipv4Within(groups: readonly number[]): number | undefined {
  const pair = (index: number): number => (((groups[index] ?? 0) << 16) | (groups[index + 1] ?? 0)) >>> 0;
  if (hasPrefix(groups, [0, 0, 0, 0, 0, 0xffff, 0, 0], 96)) return pair(6);
  if (hasPrefix(groups, [0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96)) return pair(6);
  return groups[0] === 0x2002 ? pair(1) : undefined;
}

function hasPrefix(groups: readonly number[], network: readonly number[], bits: number): boolean {
  for (let index = 0; index * 16 < bits; index++) {
    const width = Math.min(16, bits - index * 16);
    const mask = (0xffff << (16 - width)) & 0xffff;
    if (((groups[index] ?? 0) & mask) !== ((network[index] ?? 0) & mask)) return false;
  }
  return true;
}

function parseIpv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  let address = 0;
  for (const part of match.slice(1)) {
    if (Number(part) > 255) return undefined;
    address = address * 256 + Number(part);
  }
  return address;
}

function parseIpv6(text: string): readonly number[] | undefined {
  if (!/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(":")) return undefined;
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(groupsOf);
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === 8 ? head : undefined;
  if (tail === undefined || head.length + tail.length > 7) return undefined;
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function groupsOf(text: string): readonly number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    const four = index === parts.length - 1 ? parseIpv4(part) : undefined;
    if (four !== undefined) groups.push(four >>> 16, four & 0xffff);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}
