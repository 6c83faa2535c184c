/**
 * A tar of the shape of Debian's minbase, for machines that cannot make the real one: 7,000 files of
 * which a few hold most bytes, and contents that gzip to about a third (60 of 170 MB).
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FILES = 7000;
const TAR_BYTES = 170 * 1000 * 1000;

/** Of sizes as in /usr: the file at rank r holds a share of 1 / (r + 20). */
const RANK_OFFSET = 20;

/** xorshift32: the same bytes in every run. */
function* randomNumbers(): Generator<number, never> {
  for (let state = 0x9e3779b9; ; ) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    yield state >>> 0;
  }
}

export async function writeSyntheticRootfs(path: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "slipway-bench-"));
  try {
    let shares = 0;
    for (let rank = 0; rank < FILES; rank++) shares += 1 / (rank + RANK_OFFSET);
    const random = randomNumbers();
    for (let rank = 0; rank < FILES; rank++) {
      const directory = join(folder, `usr/share/part-${rank % 300}`);
      mkdirSync(directory, { recursive: true });
      const sizeBytes = Math.floor(TAR_BYTES / shares / (rank + RANK_OFFSET));
      writeFileSync(join(directory, `file-${rank}`), contents(sizeBytes, random));
    }
    const made = spawnSync("tar", ["--sort=name", "--mtime=@0", "-cf", path, "-C", folder, "."]);
    if (made.status !== 0) throw new Error(`tar: ${made.stderr.toString()}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** One word in nine is noise, the rest repeats one of the last 64: as machine code and text do on average. */
function contents(sizeBytes: number, random: Generator<number, never>): Uint8Array {
  const words = new Uint32Array(Math.ceil(sizeBytes / 4));
  for (let index = 0; index < words.length; index++) {
    const number = random.next().value;
    words[index] = index < 64 || number % 9 === 0 ? number : (words[index - 1 - (number % 64)] ?? 0);
  }
  return new Uint8Array(words.buffer, 0, sizeBytes);
}
