/**
 * CRC-32 (ISO 3309, as gzip and zlib), to tell a record that was written whole from a torn one. Eight
 * bytes a step through eight tables ("slicing by 8"): some 1 GB/s, against 300 MB/s byte by byte.
 */
const SLICES = 8;
const TABLES = makeTables();

function makeTables(): Uint32Array {
  const tables = new Uint32Array(256 * SLICES);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) !== 0 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    tables[byte] = value;
  }
  for (let index = 256; index < tables.length; index++) {
    const before = tables[index - 256] ?? 0;
    tables[index] = (before >>> 8) ^ (tables[before & 0xff] ?? 0);
  }
  return tables;
}

/** The CRC of `bytes`, or of all bytes so far when `before` is the CRC of those that came before. */
export function crc32(bytes: Uint8Array, before = 0): number {
  const table = TABLES;
  let crc = ~before;
  let at = 0;
  const whole = bytes.length - (bytes.length % SLICES);
  for (; at < whole; at += SLICES) {
    const low = crc ^ word(bytes, at);
    const high = word(bytes, at + 4);
    crc =
      (table[1792 + (low & 0xff)] ?? 0) ^
      (table[1536 + ((low >>> 8) & 0xff)] ?? 0) ^
      (table[1280 + ((low >>> 16) & 0xff)] ?? 0) ^
      (table[1024 + (low >>> 24)] ?? 0) ^
      (table[768 + (high & 0xff)] ?? 0) ^
      (table[512 + ((high >>> 8) & 0xff)] ?? 0) ^
      (table[256 + ((high >>> 16) & 0xff)] ?? 0) ^
      (table[high >>> 24] ?? 0);
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ (table[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  return ~crc >>> 0;
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
  );
}
