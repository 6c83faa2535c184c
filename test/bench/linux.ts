/**
 * `npm run bench -- linux [NAME…]`: what calls, processes and threads cost under our kernel in Node, beside
 * the same static program natively and under qemu-x86_64 (user mode), in one run; and how long Debian's
 * programs take from exec to exit. One hard idea: everything is processor time, because the machines this
 * runs on are busy: natively the program asks getrusage, here it is this process's own, less a run of one turn.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../layers/base/clock.ts";
import { MemoryFilesystem } from "../../layers/fs/memory.ts";
import { OverlayFilesystem } from "../../layers/overlay/overlay.ts";
import { HostTree } from "../conformance/programs/host-tree.ts";
import { treePath } from "../fixtures/images/debian-programs/mmdebstrap.mjs";
import { copyIn, KernelHost } from "../support/kernel-host.ts";

const SOURCE = new URL("linux/calls.c", import.meta.url).pathname;
const BUILD = new URL("../../.build/bench", import.meta.url).pathname;
const CACHE = new URL("../../.cache/trees", import.meta.url).pathname;
const EMULATOR = "qemu-x86_64";
const NS_PER_MS = 1_000_000;
/** The program runs a fifth of its turns before it measures. */
const WARM_UP_PART = 5;
/** Starts of one program: /usr/bin/time counts in hundredths of a second. */
const NATIVE_STARTS = 20;
/** Name and turns: enough for some tenths of a second. */
const CALLS: readonly (readonly [string, number])[] = [
  ["getpid", 1_000_000],
  ["write", 200_000],
  ["read", 100_000],
  ["stat", 50_000],
  ["open", 10_000],
  ["mmap", 1000],
  ["pipe", 5000],
  ["signal", 10_000],
  ["thread", 1000],
  ["fork", 200],
  ["spawn", 100],
  ["vspawn", 100],
];
const PROGRAMS: readonly (readonly string[])[] = [
  ["/bin/true"],
  ["/bin/bash", "-c", "true"],
  ["/usr/bin/perl", "-e", "print 1"],
  ["/usr/bin/python3", "-c", "print(1)"],
];

export default async function main(names: readonly string[]): Promise<number> {
  const tree = [treePath("full", CACHE), treePath("base", CACHE)].find((path) => existsSync(path));
  if (tree === undefined) {
    console.error("not measured: the trees of the program harness are not there");
    return 1;
  }
  const program = build();
  const isWanted = (name: string): boolean => names.length === 0 || names.includes(name);
  console.log("ns a turn           native        here       ratio   qemu-x86_64");
  for (const [name, turns] of CALLS.filter(([call]) => isWanted(call))) {
    const native = outside([program], name, turns);
    const emulated = outside([EMULATOR, program], name, turns);
    const guest = await KernelHost.start(rootOf(tree));
    copyIn(guest.files, program, "/calls");
    const once = await started(guest, ["/calls", name, "1"]);
    const all = await started(guest, ["/calls", name, String(turns)]);
    line(name, native, ((all - once) * NS_PER_MS) / (turns + turns / WARM_UP_PART), emulated);
  }
  console.log("\nms of processor     native        here       ratio   qemu-x86_64");
  for (const args of PROGRAMS.filter(([path = ""]) => isWanted("programs") && existsSync(join(tree, path)))) {
    const native = startedNatively(tree, args);
    const host = await KernelHost.start(rootOf(tree));
    const cold = await started(host, args);
    line(args.join(" ").slice(0, 16), native, cold, Number.NaN);
    line("  again", native, await started(host, args), Number.NaN);
  }
  return 0;
}

function build(): string {
  mkdirSync(BUILD, { recursive: true });
  const target = join(BUILD, "calls");
  const result = spawnSync("gcc", ["-static", "-O1", "-w", "-o", target, SOURCE]);
  if (result.status !== 0) throw new Error(`gcc: ${result.stderr.toString()}`);
  chmodSync(target, 0o755);
  return target;
}

function rootOf(tree: string): OverlayFilesystem {
  return new OverlayFilesystem(new MemoryFilesystem({ clock: systemClock }), [new HostTree(tree)]);
}

function outside([command = "", ...rest]: readonly string[], name: string, turns: number): number {
  const result = spawnSync(command, [...rest, name, String(turns)]);
  return result.status === 0 ? Number(result.stdout.toString()) : Number.NaN;
}

function startedNatively(tree: string, args: readonly string[]): number {
  const loop = `i=0; while [ $i -lt ${NATIVE_STARTS} ]; do "$@" >/dev/null; i=$((i+1)); done`;
  const result = spawnSync("/usr/bin/time", ["-f", "%U %S", "chroot", tree, "/bin/sh", "-c", loop, "sh", ...args]);
  if (result.status !== 0) return Number.NaN;
  const [user = 0, system = 0] = result.stderr.toString().trim().split(" ").map(Number);
  return ((user + system) * 1000) / NATIVE_STARTS;
}

async function started(host: KernelHost, args: readonly string[]): Promise<number> {
  const before = process.cpuUsage();
  const { status, stderr } = await host.run({ args, isContainer: true });
  if (status !== 0) throw new Error(`${args.join(" ")}: ${status} ${stderr}`);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function line(name: string, native: number, here: number, emulated: number): void {
  const cells = [native, here, here / native, emulated].map((value) => (Number.isNaN(value) ? "-" : value.toFixed(1)));
  console.log(name.padEnd(16) + cells.map((cell) => cell.padStart(12)).join(""));
}
