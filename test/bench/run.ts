/**
 * `npm run bench -- run [ROUNDS]`: `docker run --rm` of hello-wasi and of Debian's true, sh and perl, warm,
 * from the call in the page to the exit code, in Chromium and Firefox; and the same by the real docker
 * command against `slipway engine`. Beside it, in the same run, what it costs to start the program on
 * this machine itself, as the measure of how busy it is.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { browsers } from "../support/browser-page.ts";
import { hasDockerCli } from "../support/docker-cli.ts";
import { EngineProcess, hasBuiltCommand } from "../support/engine-process.ts";
import { IMAGES, SlipwayPage, hasImage, launch, serveSite } from "../support/site.ts";

const ROUNDS = 15;
/** What runs, and the host's own program to compare with. */
const CASES: readonly Case[] = [
  { image: "hello-wasi", command: [], native: ["true"] },
  { image: "busybox", command: ["true"], native: ["true"] },
  { image: "debian:bookworm-slim", command: ["true"], native: ["true"] },
  { image: "debian:bookworm-slim", command: ["bash", "-c", "echo $((6 * 7))"], native: ["bash", "-c", "echo $((6 * 7))"] },
  { image: "debian:bookworm-slim", command: ["perl", "-e", "print 42"], native: ["perl", "-e", "print 42"] },
];
/** Warm begins after the image is there, a pod is warm and the engine's code is compiled. */
const WARM_UP_ROUNDS = 4;

interface Case {
  readonly image: string;
  readonly command: readonly string[];
  readonly native: readonly [string, ...string[]];
}

interface Row {
  readonly host: string;
  readonly what: string;
  readonly runsMs: readonly number[];
  readonly spawnsMs: readonly number[];
}

export default async function main([rounds = String(ROUNDS)]: readonly string[]): Promise<number> {
  const cases = CASES.filter(({ image }) => hasImage(image.split(":")[0] ?? ""));
  if (cases.length === 0) {
    console.error("run `npm run images` first");
    return 1;
  }
  const rows: Row[] = [];
  for (const { name, missing } of browsers()) {
    if (missing === undefined) rows.push(...(await measurePage(name, cases, Number(rounds))));
    else console.log(`skipped: ${missing}`);
  }
  if (hasDockerCli && hasBuiltCommand) rows.push(...(await measureCommand(cases, Number(rounds))));
  else console.log("skipped: the docker command (needs docker 28 and npm run build)");
  console.log("docker run --rm                          where                  min ms  median ms    max ms  native ms     ratio");
  for (const { host, what, runsMs, spawnsMs } of rows) {
    const [run, spawn] = [median(runsMs), median(spawnsMs)];
    const numbers = [Math.min(...runsMs), run, Math.max(...runsMs), spawn, run / spawn];
    console.log(`${what.padEnd(40)} ${host.padEnd(20)} ${numbers.map((number) => number.toFixed(1).padStart(8)).join("  ")}`);
  }
  return 0;
}

async function measurePage(
  browserName: "chromium" | "firefox",
  cases: readonly Case[],
  rounds: number,
): Promise<readonly Row[]> {
  const site = await serveSite();
  const browser = await launch(browserName);
  try {
    const tab = await SlipwayPage.open(await browser.newContext(), site.address);
    return await measureAll(browserName, cases, rounds, async (words) => {
      // Timed inside the page: what the driver adds is not ours.
      const { exitCode, ms } = await tab.page.evaluate(async (args) => {
        const { slipway } = window as unknown as {
          slipway: { docker(args: readonly string[]): Promise<{ exitCode: number }> };
        };
        const started = performance.now();
        const result = await slipway.docker(args);
        return { exitCode: result.exitCode, ms: performance.now() - started };
      }, words);
      if (exitCode !== 0) throw new Error(`docker ${words.join(" ")} exited with ${exitCode} in ${browserName}`);
      return ms;
    });
  } finally {
    await browser.close();
    await site.stop();
  }
}

async function measureCommand(cases: readonly Case[], rounds: number): Promise<readonly Row[]> {
  const directory = mkdtempSync(join(tmpdir(), "slipway-bench-run-"));
  const options = ["-H", "tcp://127.0.0.1:0", "--data-root", directory, "--mirror", IMAGES];
  const engine = await EngineProcess.start(options);
  try {
    return await measureAll("docker, Node engine", cases, rounds, (words) => {
      const started = performance.now();
      const result = spawnSync("docker", words, { env: { ...process.env, DOCKER_HOST: engine.host } });
      if (result.status !== 0) throw new Error(`docker: ${String(result.stderr)}`);
      return Promise.resolve(performance.now() - started);
    });
  } finally {
    await engine.stop("SIGTERM");
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measureAll(
  host: string,
  cases: readonly Case[],
  rounds: number,
  docker: (words: readonly string[]) => Promise<number>,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const { image, command, native } of cases) {
    const words = ["run", "--rm", image, ...command];
    for (let round = 0; round < WARM_UP_ROUNDS; round++) await docker(words);
    const [runsMs, spawnsMs]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      const started = performance.now();
      spawnSync(native[0], native.slice(1));
      spawnsMs.push(performance.now() - started);
      runsMs.push(await docker(words));
    }
    rows.push({ host, what: words.slice(2).join(" "), runsMs, spawnsMs });
  }
  return rows;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
