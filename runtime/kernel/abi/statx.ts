/** struct statx of linux/stat.h, and struct statfs of asm-generic/statfs.h (x86-64). */
import { FileTypeBits, secondsOf } from "./stat.ts";
import type { StatSource } from "./stat.ts";

export const STATX_BYTES = 256;
/** STATX_BASIC_STATS: everything stat(2) has. */
export const STATX_BASIC_STATS = 0x7ff;
export const STATX_MNT_ID = 0x1000;
export const STATX_MNT_ID_UNIQUE = 0x4000;
export const STATX_RESERVED = 0x8000_0000;
export const AT_STATX_SYNC_TYPE = 0x6000;
const STATX_ATTR_MOUNT_ROOT = 0x2000n;
const BLOCK_BYTES = 4096;
const SECTOR_BYTES = 512;
const NS_PER_S = 1_000_000_000n;

export interface StatxExtra {
  readonly device: number;
  /** Undefined for what is in no mount. */
  readonly mountId: number | undefined;
  readonly isMountRoot: boolean;
  /** What was asked for. */
  readonly mask: number;
}

export function encodeStatx(
  target: Uint8Array, source: StatSource, { device, mountId, isMountRoot, mask }: StatxExtra,
): void {
  target.fill(0, 0, STATX_BYTES);
  const view = new DataView(target.buffer, target.byteOffset, STATX_BYTES);
  const mountBit = (mask & STATX_MNT_ID_UNIQUE) !== 0 ? STATX_MNT_ID_UNIQUE : STATX_MNT_ID;
  view.setUint32(0, STATX_BASIC_STATS | (mountId === undefined ? 0 : mountBit), true);
  view.setUint32(4, BLOCK_BYTES, true);
  view.setBigUint64(8, isMountRoot ? STATX_ATTR_MOUNT_ROOT : 0n, true);
  view.setUint32(16, source.nlink, true);
  view.setUint32(20, source.uid, true);
  view.setUint32(24, source.gid, true);
  view.setUint16(28, source.mode | FileTypeBits[source.type], true);
  view.setBigUint64(32, BigInt(source.ino), true);
  view.setBigUint64(40, BigInt(source.sizeBytes), true);
  view.setBigUint64(48, BigInt(Math.ceil(source.allocatedBytes / SECTOR_BYTES)), true);
  view.setBigUint64(56, STATX_ATTR_MOUNT_ROOT, true);
  for (const [at, time] of [[64, source.atimeNs], [96, source.ctimeNs], [112, source.mtimeNs]] as const) {
    const seconds = secondsOf(time);
    view.setBigInt64(at, seconds, true);
    view.setUint32(at + 8, Number(time - seconds * NS_PER_S), true);
  }
  view.setUint32(128, source.rdev.major, true);
  view.setUint32(132, source.rdev.minor, true);
  view.setUint32(140, device, true);
  view.setBigUint64(144, BigInt(mountId ?? 0), true);
}

export const STATFS_BYTES = 120;
const NAME_BYTES_MAX = 255;

/** f_type by name: linux/magic.h. */
const MAGIC: Readonly<Record<string, number>> = {
  overlay: 0x794c_7630, tmpfs: 0x0102_1994, proc: 0x9fa0, sysfs: 0x6265_6572, devpts: 0x1cd1, cgroup2: 0x6367_7270,
  pipefs: 0x5049_5045, sockfs: 0x534f_434b, mqueue: 0x1980_0202, anon_inodefs: 0x0904_1934, nsfs: 0x6e73_6673,
};

export interface StatfsSource {
  readonly type: string;
  readonly sizeBytes: number;
  readonly freeBytes: number;
  readonly nodes: number;
  readonly nodesFree: number;
  readonly device: number;
  /** ST_ bits. */
  readonly flags: number;
}

export function encodeStatfs(target: Uint8Array, source: StatfsSource): void {
  target.fill(0, 0, STATFS_BYTES);
  const view = new DataView(target.buffer, target.byteOffset, STATFS_BYTES);
  const blocks = (sizeBytes: number): bigint => BigInt(Math.floor(sizeBytes / BLOCK_BYTES));
  const words = [
    BigInt(MAGIC[source.type] ?? 0), BigInt(BLOCK_BYTES),
    blocks(source.sizeBytes), blocks(source.freeBytes), blocks(source.freeBytes),
    BigInt(source.nodes), BigInt(source.nodesFree), BigInt(source.device),
    BigInt(NAME_BYTES_MAX), BigInt(BLOCK_BYTES), BigInt(source.flags),
  ];
  words.forEach((word, index) => view.setBigUint64(index * 8, word, true));
}
