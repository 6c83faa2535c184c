/**
 * Runs a container's health checks while it runs and is not paused: one probe after the other, never two
 * at a time, each as an exec with a time limit (moby daemon/health.go).
 */
import { messageOf } from "../../../layers/base/errors.ts";
import { concatBytes, decodeUtf8 } from "../../../layers/base/bytes.ts";
import type { EngineContext } from "../context.ts";
import { formatTime } from "../time.ts";
import type { Container } from "./container.ts";
import { containerEvent } from "./container-events.ts";
import { createExec, findExec, startExec } from "./exec.ts";
import type { HealthState, Probe, ProbeResult } from "./health.ts";
import { healthAfter, probeDelayNs, probeOf, startingHealth, unwatchedHealth } from "./health.ts";
import { SIGKILL } from "../signals.ts";

const NS_PER_MS = 1_000_000;
/** moby: maxOutputLen. */
const OUTPUT_BYTES_MAX = 4096;

/** At each start of the container: what its health is until the first probe has run. */
export function initialHealth(container: Container): HealthState | undefined {
  const { config, state } = container.record;
  return probeOf(config.Healthcheck, config.Shell) === undefined ? undefined : startingHealth(state.health);
}

/** Probes from now on; called when the container starts to run or is unpaused. */
export function watchHealth(context: EngineContext, container: Container): void {
  const { config } = container.record;
  const probe = probeOf(config.Healthcheck, config.Shell);
  if (probe === undefined || container.healthWatch !== undefined) return;
  const watch = new AbortController();
  container.healthWatch = watch;
  context.background.run(probeAgainAndAgain(context, container, probe, watch.signal));
}

/** No further probe: the container has ended or is paused. Answers the state to record. */
export function unwatchHealth(container: Container): HealthState | undefined {
  container.healthWatch?.abort();
  container.healthWatch = undefined;
  const { health } = container.record.state;
  return health === undefined ? undefined : unwatchedHealth(health);
}

async function probeAgainAndAgain(
  context: EngineContext,
  container: Container,
  probe: Probe,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const { health, startedAt } = container.record.state;
    if (health === undefined) return;
    const delayNs = probeDelayNs(health, probe, startedAt, context.clock.nowNs());
    if (!(await pause(context, delayNs, signal))) return;
    const start = formatTime(context.clock.nowNs());
    const ended = await run(context, container, probe, signal);
    if (ended === undefined) return;
    const result = { ...ended, start, end: formatTime(context.clock.nowNs()) };
    await note(context, container, probe, result);
  }
}

async function note(
  context: EngineContext,
  container: Container,
  probe: Probe,
  result: ProbeResult,
): Promise<void> {
  const { health, startedAt } = container.record.state;
  if (health === undefined) return;
  const next = healthAfter(health, probe, result, startedAt);
  await context.containers.updateState(container, { health: next });
  if (next.status !== health.status) containerEvent(context, container, `health_status: ${next.status}`);
}

type Ended = Pick<ProbeResult, "exitCode" | "output">;

/** One probe; undefined when `signal` aborted meanwhile. Never fails: what went wrong is the result. */
async function run(
  context: EngineContext,
  container: Container,
  probe: Probe,
  signal: AbortSignal,
): Promise<Ended | undefined> {
  const failed = (thrown: unknown): Ended => ({ exitCode: -1, output: messageOf(thrown) });
  const ended = await runExec(context, container, probe, signal).catch(failed);
  return signal.aborted ? undefined : ended;
}

async function runExec(
  context: EngineContext,
  container: Container,
  probe: Probe,
  signal: AbortSignal,
): Promise<Ended> {
  const id = await createExec(context, container.id, {
    command: probe.command,
    env: [],
    user: "",
    workingDir: "",
    hasTerminal: false,
    isPrivileged: false,
    stdin: false,
    stdout: true,
    stderr: true,
    detachKeys: "",
  });
  const { exec } = findExec(context, id);
  const output = new Output();
  const listening = exec.streams.listen({
    write: (_name, piece) => output.add(piece),
    end: () => output.end(),
  });
  const late = new AbortController();
  const end = (): void => void exec.process?.kill(SIGKILL).catch(() => undefined);
  late.signal.addEventListener("abort", end);
  const limit = context.clock.after(probe.timeoutNs / NS_PER_MS, () => late.abort());
  signal.addEventListener("abort", end);
  try {
    await (await startExec(context, id, { consoleSize: undefined })).detached();
    await output.ended;
    if (!late.signal.aborted) return { exitCode: exec.exitCode ?? -1, output: output.text };
    const words = `Health check exceeded timeout (${goDuration(probe.timeoutNs)})`;
    return { exitCode: -1, output: output.text === "" ? words : `${words}: ${output.text}` };
  } finally {
    signal.removeEventListener("abort", end);
    limit.dispose();
    listening.dispose();
    container.execs.delete(id);
  }
}

/** What a probe prints, up to a limit. */
class Output {
  readonly ended: Promise<void>;
  end: () => void = () => undefined;
  readonly #pieces: Uint8Array[] = [];
  #sizeBytes = 0;
  #isCut = false;

  constructor() {
    this.ended = new Promise((resolve) => (this.end = resolve));
  }

  add(piece: Uint8Array): void {
    const room = OUTPUT_BYTES_MAX - this.#sizeBytes;
    if (piece.length > room) this.#isCut = true;
    if (room === 0) return;
    this.#pieces.push(piece.slice(0, room));
    this.#sizeBytes += Math.min(piece.length, room);
  }

  get text(): string {
    return decodeUtf8(concatBytes(this.#pieces)) + (this.#isCut ? "..." : "");
  }
}

/** True when the time is over, false when `signal` came first. */
function pause(context: EngineContext, delayNs: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = context.clock.after(delayNs / NS_PER_MS, () => {
      signal.removeEventListener("abort", stop);
      resolve(true);
    });
    const stop = (): void => {
      timer.dispose();
      resolve(false);
    };
    signal.addEventListener("abort", stop, { once: true });
  });
}

/** As Go prints a duration: "30s", "1m30s", "1.5s", "500ms". */
function goDuration(ns: number): string {
  const seconds = ns / 1e9;
  if (seconds < 1) return ns < 1e3 ? `${ns}ns` : ns < 1e6 ? `${ns / 1e3}µs` : `${ns / 1e6}ms`;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = `${Number((seconds % 60).toFixed(9))}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}
