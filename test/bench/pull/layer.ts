/**
 * The layer the pull bench works on: Debian's minbase, 170 MB of tar and about 60 MB gzipped, made
 * once into .cache/bench (outside git). Without mmdebstrap or a mirror, a synthetic tar of the same
 * shape: as many files, the same sizes, contents that compress about as well.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { createGzip, createGunzip } from "node:zlib";
import { writeSyntheticRootfs } from "./synthetic-rootfs.ts";

export interface BenchLayer {
  /** The gzipped tar. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Of the gzipped tar. */
  readonly digest: string;
  /** Of the tar. */
  readonly diffID: string;
  readonly tarBytes: number;
  readonly origin: "mmdebstrap minbase" | "synthetic";
}

const CACHE = fileURLToPath(new URL("../../../.cache/bench", import.meta.url));

export async function benchLayer(): Promise<BenchLayer> {
  mkdirSync(CACHE, { recursive: true });
  const debian = join(CACHE, "minbase.tar");
  const synthetic = join(CACHE, "synthetic.tar");
  const isDebian = existsSync(debian) || makeDebian(debian);
  if (!isDebian && !existsSync(synthetic)) await writeSyntheticRootfs(synthetic);
  const tar = isDebian ? debian : synthetic;
  const path = `${tar}.gz`;
  if (!existsSync(path)) await compress(tar, path);
  return {
    path,
    sizeBytes: statSync(path).size,
    digest: await digestOf(createReadStream(path)),
    diffID: await digestOf(createReadStream(path).pipe(createGunzip())),
    tarBytes: statSync(tar).size,
    origin: isDebian ? "mmdebstrap minbase" : "synthetic",
  };
}

function makeDebian(path: string): boolean {
  console.log("making Debian's minbase with mmdebstrap, once …");
  const draft = `${path}.draft.tar`;
  const parameters = ["--variant=minbase", "--quiet", "bookworm", draft];
  const made = spawnSync("mmdebstrap", parameters, { encoding: "utf8" });
  if (made.status === 0) {
    renameSync(draft, path);
    return true;
  }
  rmSync(draft, { force: true });
  console.log(`no mmdebstrap or no mirror (${made.error?.message ?? made.stderr.trim().split("\n").at(-1)})`);
  return false;
}

async function compress(tar: string, path: string): Promise<void> {
  await pipeline(createReadStream(tar), createGzip({ level: 6 }), createWriteStream(`${path}.draft`));
  renameSync(`${path}.draft`, path);
}

async function digestOf(stream: NodeJS.ReadableStream): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(stream, hash);
  return `sha256:${hash.digest("hex")}`;
}
