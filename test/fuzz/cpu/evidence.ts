/**
 * The run of ten million instructions that issue and README quote. One hard idea: a batch is a seed, so
 * where the run is says everything about it; that is kept in a file, for this interpreter only.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROWS } from "../../../runtime/cpu/spec/rows.ts";
import { interpreterFile } from "../../support/cpu-module.ts";
import { describeMismatch, fuzzBatch, makeContent, Subject } from "./fuzz.ts";
import { ACCESS, CODE, DATA, fuzzable } from "./instructions.ts";
import { missingForNative, NativeRunner } from "./native/native-runner.ts";
import { allTranslations, describeProgramMismatch, runPrograms } from "./program-subject.ts";
import { RowMenu } from "./programs.ts";
import { Random } from "./random.ts";

export interface EvidenceOptions {
  /** Generated instructions. */
  readonly count: number;
  readonly seed: number;
  /** Programs of about forty instructions, or single ones. */
  readonly kind: "programs" | "single";
}

const CACHE = new URL("../../../.cache/cpu-evidence/", import.meta.url).pathname;
const BATCH = { programs: 300, length: 40, single: 4000 } as const;
/** Seeds of batches of one run; the next run's begin behind. */
const BATCHES_MAX = 1 << 16;
const REPORT_EVERY = 20;

interface Progress {
  interpreter: string;
  batches: number;
  instructions: number;
  runs: number;
  faults: number;
  endless: number;
  mismatches: string[];
}

function load(file: string, interpreter: string): Progress {
  const fresh = { interpreter, batches: 0, instructions: 0, runs: 0, faults: 0, endless: 0, mismatches: [] };
  if (!existsSync(file)) return fresh;
  // Written by `save`.
  const kept = JSON.parse(readFileSync(file, "utf8")) as Progress;
  return kept.interpreter === interpreter ? kept : fresh;
}

function save(file: string, progress: Progress): void {
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(progress));
  renameSync(`${file}.new`, file);
}

function describe({ kind, seed }: EvidenceOptions, progress: Progress): string {
  const { interpreter, batches, instructions, runs, faults, endless, mismatches } = progress;
  return `${kind} seed ${seed}: ${instructions} instructions in ${batches} batches, ${runs} runs of which ${faults} end in a ` +
    `fault and ${endless} not at all, ${mismatches.length} mismatches; interpreter ${interpreter}`;
}

export default async function main(options: EvidenceOptions): Promise<number> {
  const missing = missingForNative();
  if (missing !== undefined) throw new Error(missing);
  const path = await interpreterFile();
  const bytes = readFileSync(path);
  const module = new WebAssembly.Module(bytes);
  const file = join(CACHE, `${options.kind}-${options.seed}.json`);
  const progress = load(file, createHash("sha256").update(bytes).digest("hex").slice(0, 16));
  const content = makeContent(new Random(options.seed));
  const runner = await NativeRunner.start();
  runner.setPages({ base: DATA, access: ACCESS, content, code: CODE });
  const batchOf = options.kind === "single" ? singles(runner, module, content) : programs(runner, module, content);
  while (progress.instructions < options.count) {
    const found = progress.mismatches.length;
    await batchOf(options.seed * BATCHES_MAX + progress.batches, progress);
    progress.batches++;
    for (const text of progress.mismatches.slice(found)) console.log(text);
    if (progress.batches % REPORT_EVERY !== 0 && progress.mismatches.length === found) continue;
    save(file, progress);
  }
  save(file, progress);
  await runner.stop();
  console.log(describe(options, progress));
  return progress.mismatches.length === 0 ? 0 : 1;
}

type RunBatch = (seed: number, progress: Progress) => Promise<void>;

function singles(runner: NativeRunner, module: WebAssembly.Module, content: Uint8Array): RunBatch {
  const subjects = [new Subject(module, content, false), new Subject(module, content, true)];
  const rows = fuzzable(ROWS);
  return async (seed, progress) => {
    const mismatches = await fuzzBatch(runner, subjects, rows, seed, BATCH.single);
    progress.instructions += BATCH.single;
    progress.runs += BATCH.single;
    progress.mismatches.push(...mismatches.map(describeMismatch));
  };
}

function programs(runner: NativeRunner, module: WebAssembly.Module, content: Uint8Array): RunBatch {
  const subjects = allTranslations(module, content);
  const menu = new RowMenu(ROWS);
  return async (seed, progress) => {
    const result = await runPrograms(runner, subjects, menu, { seed, programs: BATCH.programs, length: BATCH.length });
    for (const name of ["instructions", "runs", "faults", "endless"] as const) progress[name] += result[name];
    progress.mismatches.push(...result.mismatches.map(describeProgramMismatch));
  };
}
