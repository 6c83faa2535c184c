/** Health checks through the API handler: the states a client sees, the log, the events, the limits. */
import { expect, it } from "vitest";
import { createApiHandler } from "../../runtime/api/create-handler.ts";
import type { Engine } from "../../runtime/engine/engine.ts";
import type { Program } from "../support/fake-backend.ts";
import { ApiClient } from "../support/api-calls.ts";
import { openTestEngine } from "../support/engine.ts";

const MS = 1_000_000;
const sleeper: Program = ({ sleep }) => sleep(60_000);

interface Health {
  readonly Status: string;
  readonly FailingStreak: number;
  readonly Log: readonly { readonly ExitCode: number; readonly Output: string; readonly Start: string }[] | null;
}

interface World {
  readonly engine: Engine;
  readonly api: ApiClient;
  readonly id: string;
  health(): Promise<Health | undefined>;
  /** Waits until the health check has come to `status`. */
  until(status: string): Promise<Health>;
  status(): Promise<string>;
}

async function run(
  probe: Program,
  healthcheck: object,
  programs: Readonly<Record<string, Program>> = {},
): Promise<World> {
  const engine = await openTestEngine({ programs: { sleeper, probe, ...programs } });
  const api = new ApiClient(createApiHandler(engine));
  const body = { Image: "busybox", Cmd: ["sleeper"], Healthcheck: { Interval: 10 * MS, ...healthcheck } };
  const { json } = await api.call("POST", "/containers/create?name=it", { body });
  const { Id: id } = json as { Id: string };
  expect(await api.call("POST", `/containers/${id}/start`)).toMatchObject({ status: 204 });
  const health = async (): Promise<Health | undefined> => {
    const inspected = (await api.call("GET", `/containers/${id}/json`)).json as { State: { Health?: Health } };
    return inspected.State.Health;
  };
  return {
    engine,
    api,
    id,
    health,
    async until(status) {
      let now: Health | undefined;
      await expect.poll(async () => (now = await health())?.Status, { timeout: 5000 }).toBe(status);
      return now as Health;
    },
    async status() {
      const [listed] = (await api.call("GET", "/containers/json?all=1")).json as { Status: string }[];
      return listed?.Status ?? "";
    },
  };
}

it("starts as starting, becomes healthy, unhealthy after three failures, healthy again", async () => {
  let exitCode = 0;
  let release: () => void = () => undefined;
  const first = new Promise<void>((resolve) => (release = resolve));
  const world = await run(
    async ({ out }) => {
      await first;
      await out(`code ${exitCode}`);
      return exitCode;
    },
    { Test: ["CMD", "probe"] },
  );
  const { engine } = world;
  expect(await world.health()).toEqual({ Status: "starting", FailingStreak: 0, Log: null });
  expect(await world.status()).toMatch(/^Up .* \(health: starting\)$/);
  release();
  const healthy = await world.until("healthy");
  expect(healthy.Log?.[0]).toMatchObject({ ExitCode: 0, Output: "code 0" });
  expect(await world.status()).toMatch(/\(healthy\)$/);
  exitCode = 3;
  const unhealthy = await world.until("unhealthy");
  expect(unhealthy.FailingStreak).toBeGreaterThanOrEqual(3);
  expect(await world.status()).toMatch(/\(unhealthy\)$/);
  exitCode = 0;
  const again = await world.until("healthy");
  expect(again.FailingStreak).toBe(0);
  await expect.poll(async () => (await world.health())?.Log?.length).toBe(5);
  const filters = encodeURIComponent(JSON.stringify({ health: ["healthy"] }));
  expect((await world.api.call("GET", `/containers/json?filters=${filters}`)).json).toHaveLength(1);
  expect((await world.api.call("GET", `/events?since=0&until=${Date.now() / 1000}`)).text).toMatch(
    /"health_status: healthy"[^]*"health_status: unhealthy"[^]*"health_status: healthy"/,
  );
  await engine.close();
});

it("does not count failures within the start period", async () => {
  let probes = 0;
  const world = await run(
    () => {
      probes += 1;
      return 1;
    },
    { Test: ["CMD", "probe"], Retries: 1, StartPeriod: 60_000 * MS, StartInterval: 5 * MS },
  );
  await expect.poll(() => probes).toBeGreaterThan(3);
  expect(await world.health()).toMatchObject({ Status: "starting", FailingStreak: 0 });
  await world.engine.close();
});

it("ends a probe that takes too long, and says so with what it printed", async () => {
  const world = await run(
    async ({ out, sleep }) => {
      await out("partly");
      await sleep(60_000);
    },
    { Test: ["CMD", "probe"], Retries: 1, Timeout: 30 * MS },
  );
  const { Log } = await world.until("unhealthy");
  expect(Log?.[0]).toMatchObject({ ExitCode: -1, Output: "Health check exceeded timeout (30ms): partly" });
  await world.engine.close();
});

it("CMD-SHELL runs in the shell; a probe that cannot start counts as failed and says why", async () => {
  const seen: (readonly string[])[] = [];
  const shell: Program = ({ args }) => void seen.push(args);
  const world = await run(sleeper, { Test: ["CMD-SHELL", "test -e /x"] }, { "/bin/sh": shell });
  await world.until("healthy");
  expect(seen[0]).toEqual(["-c", "test -e /x"]);
  await world.engine.close();

  const other = await run(sleeper, { Test: ["CMD", "nothing"], Retries: 1 });
  const { Log } = await other.until("unhealthy");
  expect(Log?.[0]).toMatchObject({
    ExitCode: -1,
    Output:
      'OCI runtime exec failed: exec failed: unable to start container process: exec: "nothing": executable file not found in $PATH: unknown',
  });
  await other.engine.close();
});

it("stands still while the container is paused, and is unhealthy once it has ended", async () => {
  let probes = 0;
  const world = await run(() => void (probes += 1), { Test: ["CMD", "probe"] });
  const { api, id } = world;
  await world.until("healthy");
  await api.call("POST", `/containers/${id}/pause`);
  expect(await world.health()).toMatchObject({ Status: "unhealthy" });
  const before = probes;
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(probes).toBeLessThanOrEqual(before + 1); // One may have been on its way.
  await api.call("POST", `/containers/${id}/unpause`);
  await world.until("healthy");
  await api.call("POST", `/containers/${id}/kill`);
  await api.call("POST", `/containers/${id}/wait`);
  expect(await world.health()).toMatchObject({ Status: "unhealthy" });
  await api.call("POST", `/containers/${id}/start`);
  await world.until("healthy");
  const { text } = await api.call("GET", `/containers/${id}/json`);
  expect(JSON.parse(text)).toMatchObject({ ExecIDs: null });
  await world.engine.close();
});

it("NONE switches an image's check off", async () => {
  const world = await run(sleeper, { Test: ["NONE"] });
  expect(await world.health()).toBeUndefined();
  await world.engine.close();
});
