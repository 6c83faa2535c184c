/** struct stat of x86-64 (asm/stat.h) and file types (linux/stat.h). */

export const STAT_BYTES = 144;
const BLOCK_BYTES = 4096;
const SECTOR_BYTES = 512;
const NS_PER_S = 1_000_000_000n;

/** S_IF bits by type. */
export const FileTypeBits = {
  fifo: 0o010000,
  character: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  file: 0o100000,
  symlink: 0o120000,
  socket: 0o140000,
} as const;

/** d_type of getdents64: the same bits, shifted. */
export function directoryType(type: keyof typeof FileTypeBits): number {
  return FileTypeBits[type] >> 12;
}

/** As much of stat(2) as this file needs to know. */
export interface StatSource {
  readonly ino: number;
  readonly type: keyof typeof FileTypeBits;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: { readonly major: number; readonly minor: number };
  readonly sizeBytes: number;
  readonly allocatedBytes: number;
  readonly atimeNs: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/** new_encode_dev of linux/kdev_t.h, as struct stat has it. */
export function encodeDevice(major: number, minor: number): number {
  return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

/** Whole seconds below `timeNs`, before 1970 as well. */
export function secondsOf(timeNs: bigint): bigint {
  const seconds = timeNs / NS_PER_S;
  return seconds * NS_PER_S > timeNs ? seconds - 1n : seconds;
}

/** Writes struct stat; `device` is the minor number of an unnamed device. */
export function encodeStat(target: Uint8Array, device: number, source: StatSource): void {
  target.fill(0, 0, STAT_BYTES);
  const view = new DataView(target.buffer, target.byteOffset, STAT_BYTES);
  view.setBigUint64(0, BigInt(encodeDevice(0, device)), true);
  view.setBigUint64(8, BigInt(source.ino), true);
  view.setBigUint64(16, BigInt(source.nlink), true);
  view.setUint32(24, source.mode | FileTypeBits[source.type], true);
  view.setUint32(28, source.uid, true);
  view.setUint32(32, source.gid, true);
  view.setBigUint64(40, BigInt(encodeDevice(source.rdev.major, source.rdev.minor)), true);
  view.setBigInt64(48, BigInt(source.sizeBytes), true);
  view.setBigInt64(56, BigInt(BLOCK_BYTES), true);
  view.setBigInt64(64, BigInt(Math.ceil(source.allocatedBytes / SECTOR_BYTES)), true);
  for (const [at, time] of [[72, source.atimeNs], [88, source.mtimeNs], [104, source.ctimeNs]] as const) {
    const seconds = secondsOf(time);
    view.setBigInt64(at, seconds, true);
    view.setBigInt64(at + 8, time - seconds * NS_PER_S, true);
  }
}

/** The other way round: what mknod(2) is given. */
export function decodeDevice(word: number): { readonly major: number; readonly minor: number } {
  return { major: (word >>> 8) & 0xfff, minor: (word & 0xff) | ((word >>> 12) & 0xfff00) };
}
