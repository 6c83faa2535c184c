/**
 * `npm run bench -- run [ROUNDS]`: `docker run --rm hello-wasi`, warm, from the call in the page to the
 * exit code, in Chromium and Firefox; and the same by the real docker command against `slipway engine`.
 * Beside it, in the same run, what it costs to start any program on this machine, as the measure of
 * how busy it is.
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
const COMMAND = ["run", "--rm", "hello-wasi"];
/** Warm begins after the image is there, a pod is warm and the engine's code is compiled. */
const WARM_UP_ROUNDS = 4;

interface Row {
  readonly host: string;
  readonly runsMs: readonly number[];
  readonly spawnsMs: readonly number[];
}

export default async function main([rounds = String(ROUNDS)]: readonly string[]): Promise<number> {
  if (!hasImage("hello-wasi")) {
    console.error("run `npm run images -- hello-wasi` first");
    return 1;
  }
  const rows: Row[] = [];
  for (const { name, missing } of browsers()) {
    if (missing === undefined) rows.push(await measurePage(name, Number(rounds)));
    else console.log(`skipped: ${missing}`);
  }
  if (hasDockerCli && hasBuiltCommand) rows.push(await measureCommand(Number(rounds)));
  else console.log("skipped: the docker command (needs docker 28 and npm run build)");
  console.log("host                 min ms  median ms  max ms   spawn true (median ms)  ratio");
  for (const { host, runsMs, spawnsMs } of rows) {
    const [run, spawn] = [median(runsMs), median(spawnsMs)];
    const numbers = [Math.min(...runsMs), run, Math.max(...runsMs), spawn, run / spawn];
    console.log(`${host.padEnd(20)} ${numbers.map((number) => number.toFixed(1).padStart(8)).join("  ")}`);
  }
  return 0;
}

async function measurePage(browserName: "chromium" | "firefox", rounds: number): Promise<Row> {
  const site = await serveSite();
  const browser = await launch(browserName);
  try {
    const tab = await SlipwayPage.open(await browser.newContext(), site.address);
    return await measure(browserName, rounds, async () => {
      // Timed inside the page: what the driver adds is not ours.
      const { exitCode, ms } = await tab.page.evaluate(async (words) => {
        const { slipway } = window as unknown as { slipway: { docker(args: readonly string[]): Promise<{ exitCode: number }> } };
        const started = performance.now();
        const result = await slipway.docker(words);
        return { exitCode: result.exitCode, ms: performance.now() - started };
      }, COMMAND);
      if (exitCode !== 0) throw new Error(`docker ${COMMAND.join(" ")} exited with ${exitCode} in ${browserName}`);
      return ms;
    });
  } finally {
    await browser.close();
    await site.stop();
  }
}

async function measureCommand(rounds: number): Promise<Row> {
  const directory = mkdtempSync(join(tmpdir(), "slipway-bench-run-"));
  const engine = await EngineProcess.start(["-H", "tcp://127.0.0.1:0", "--data-root", directory, "--mirror", IMAGES]);
  try {
    return await measure("docker, Node engine", rounds, async () => {
      const started = performance.now();
      const result = spawnSync("docker", COMMAND, { env: { ...process.env, DOCKER_HOST: engine.host } });
      if (result.status !== 0) throw new Error(`docker: ${String(result.stderr)}`);
      return performance.now() - started;
    });
  } finally {
    await engine.stop("SIGTERM");
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measure(host: string, rounds: number, run: () => Promise<number>): Promise<Row> {
  for (let round = 0; round < WARM_UP_ROUNDS; round++) await run();
  const [runsMs, spawnsMs]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    spawnSync("true");
    spawnsMs.push(performance.now() - started);
    runsMs.push(await run());
  }
  return { host, runsMs, spawnsMs };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
