/**
 * Whole static programs on the processor alone: same output and exit code as on the host. Sources lie in
 * cpu-programs/, each compiled several ways; busybox runs its applets.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { InterpreterMachine } from "../../runtime/cpu/interpreter/machine.ts";
import { interpreterModule } from "../support/cpu-module.ts";
import type { Outcome } from "./cpu-toy-kernel.ts";
import { runOnToy } from "./cpu-toy-kernel.ts";

const SOURCES = new URL("cpu-programs/", import.meta.url).pathname;
const BUSYBOX = "/bin/busybox";
const ENVIRONMENT = ["GREETING=hello", "LC_ALL=C"];
const isHost = process.platform === "linux" && process.arch === "x64";
const has = (command: string): boolean => isHost && spawnSync(command, ["--version"]).status === 0;

let machine: InterpreterMachine;
let folder = "";
let nanoseconds = 0;
beforeAll(async () => {
  // A counter that goes on by itself: programs that measure time see it pass.
  machine = new InterpreterMachine({
    module: await interpreterModule(),
    counterNs: () => (nanoseconds += 1000),
  });
  folder = mkdtempSync(join(tmpdir(), "slipway-programs-"));
});
afterAll(() => {
  machine.dispose();
  rmSync(folder, { recursive: true });
});

interface Result {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function runNative(path: string, argv: readonly string[], stdin?: Uint8Array): Result {
  const env = Object.fromEntries(ENVIRONMENT.map((line) => line.split("=", 2)));
  const [argv0, ...rest] = argv;
  const options = { env, maxBuffer: 1 << 28, ...(argv0 === undefined ? {} : { argv0 }) };
  const child = spawnSync(path, rest, { ...options, input: stdin ?? new Uint8Array(0) });
  return {
    exitCode: child.status,
    stdout: child.stdout.toString("latin1"),
    stderr: child.stderr.toString("latin1"),
  };
}

function compare(path: string, argv: readonly string[], stdin?: Uint8Array): Outcome {
  const ours = runOnToy(machine, { file: readFileSync(path), argv, environment: ENVIRONMENT, stdin });
  const native = runNative(path, argv, stdin);
  const [stdout, stderr] = [ours.stdout, ours.stderr].map((bytes) => Buffer.from(bytes).toString("latin1"));
  expect({ exitCode: ours.exitCode, stdout, stderr }).toEqual(native);
  return ours;
}

const C = ["floats.c", "rounding.c", "library.c", "atomics.c"];
const BUILDS: readonly (readonly [compiler: string, flags: readonly string[], sources: readonly string[]])[] =
  [
    ["gcc", ["-O0"], C],
    ["gcc", ["-O2"], C],
    ["gcc", ["-O3", "-march=x86-64-v2"], C],
    ["gcc", ["-O2", "-mfpmath=387"], C],
    ["musl-gcc", ["-O2"], C],
    ["musl-gcc", ["-Os", "-march=x86-64-v2"], C],
    ["g++", ["-O2"], ["exceptions.cc"]],
  ];

describe.each(BUILDS)("static programs by %s %j", (compiler, flags, sources) => {
  test.skipIf(!has(compiler)).each(sources)(
    "%s",
    (source) => {
      const path = join(folder, `${source}-${compiler}${flags.join("")}`);
      execFileSync(compiler, [
        ...flags,
        "-w",
        "-frounding-math",
        "-static",
        "-o",
        path,
        join(SOURCES, source),
        "-lm",
      ]);
      compare(path, ["program", "an argument"]);
    },
    120_000,
  );
});

/** Bytes with some order in them. */
function text(lines: number): Uint8Array {
  let state = 12345;
  const next = (limit: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const words = ["alpha", "beta", "gamma", "delta", "42", "3.25", "-7", "Omega", "x=y", ""];
  const line = (): string => Array.from({ length: next(8) }, () => words[next(words.length)]).join(" ");
  return Buffer.from(Array.from({ length: lines }, line).join("\n") + "\n");
}

const APPLETS: readonly (readonly string[])[] = [
  ["echo", "-e", "a\\tb\\n", "c"],
  ["printf", "%5d|%-5s|%x|%08.3f|%e\\n", "42", "ab", "255", "3.14159", "12345.678"],
  ["expr", "6", "*", "7"],
  ["factor", "1000000007", "1152921504606846976"],
  ["seq", "0.5", "0.25", "10"],
  ["cal", "11", "2026"],
  ["md5sum"],
  ["sha1sum"],
  ["sha256sum"],
  ["sha512sum"],
  ["sha3sum"],
  ["crc32"],
  ["sort"],
  ["sort", "-n", "-k2"],
  ["uniq", "-c"],
  ["wc"],
  ["tr", "a-z", "A-Z"],
  ["cut", "-d", " ", "-f2,3"],
  ["rev"],
  ["tac"],
  ["nl"],
  ["fold", "-w", "20"],
  ["od", "-t", "x1"],
  ["xxd"],
  ["base64"],
  ["hexdump", "-C"],
  ["grep", "-n", "-E", "(alpha|beta) [0-9]+"],
  ["sed", "-E", "s/([a-z]+) ([a-z]+)/\\2 \\1/g;/Omega/d"],
  [
    "awk",
    "{ s += length($0) * 1.5; n[$1]++; m = m > $2 ? m : $2 } END { print s, m, s / 7; for (k in n) t += n[k]; print t }",
  ],
  [
    "awk",
    'BEGIN { for (i = 0; i < 20000; i++) { x = x * 1.0001 + i % 7; y = int(x / 3) } printf "%.10f %d %s\\n", x, y, substr("processor", 3, 4) }',
  ],
  ["bc", "-l"],
  ["gzip", "-c"],
  ["bzip2", "-c"],
  [
    "ash",
    "-c",
    "i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); case $i in *7) s=${s}x;; esac; done; echo $i ${#s} $((0x7f * 3 % 10)) ${GREETING%lo}",
  ],
];

const CALCULATION = Buffer.from("scale=40\n4*a(1)\ne(1)\nsqrt(2)\n2^200\nl(10)\nfor (i=0;i<5;++i) i^3\n");

describe.skipIf(!isHost || !existsSync(BUSYBOX))("busybox", () => {
  test.each(APPLETS.map((words) => ({ name: words.slice(0, 3).join(" "), words })))(
    "$name",
    ({ words }) => {
      const path = words[0] === "bc" ? CALCULATION : text(words[0] === "bzip2" ? 300 : 1500);
      compare(BUSYBOX, ["busybox", ...words], path);
    },
    120_000,
  );
});
