/**
 * Containers through the API handler, in process, with JavaScript functions as programs: the life of a
 * container as a client sees it, and what is refused with which words.
 */
import { describe, expect, it } from "vitest";
import { encodeUtf8, decodeUtf8 } from "../../layers/base/bytes.ts";
import type { Duplex } from "../../layers/base/streams.ts";
import { collectBytes } from "../../layers/base/streams.ts";
import { MemoryPlace } from "../../layers/content/memory-storage.ts";
import { createApiHandler } from "../../runtime/api/create-handler.ts";
import type { Engine } from "../../runtime/engine/engine.ts";
import { ApiClient, splitFrames } from "../support/api-calls.ts";
import type { Program } from "../support/fake-backend.ts";
import type { TestEngineOptions } from "../support/engine.ts";
import { openTestEngine } from "../support/engine.ts";

async function open(options: TestEngineOptions = {}): Promise<{ engine: Engine; api: ApiClient }> {
  const engine = await openTestEngine(options);
  return { engine, api: new ApiClient(createApiHandler(engine)) };
}

async function create(
  api: ApiClient,
  command: readonly string[],
  extra: object = {},
  name = "",
): Promise<string> {
  const target = name === "" ? "/containers/create" : `/containers/create?name=${name}`;
  const { status, json, text } = await api.call("POST", target, {
    body: { Image: "busybox", Cmd: command, ...extra },
  });
  expect(text).toContain("Id");
  expect(status).toBe(201);
  return (json as { Id: string }).Id;
}

async function start(api: ApiClient, id: string): Promise<void> {
  const answer = await api.call("POST", `/containers/${id}/start`);
  expect(answer).toMatchObject({ status: 204, text: "" });
}

async function wait(api: ApiClient, id: string, condition = "not-running"): Promise<unknown> {
  return (await api.call("POST", `/containers/${id}/wait?condition=${condition}`)).json;
}

async function logs(api: ApiClient, id: string, query = ""): Promise<{ stdout: string; stderr: string }> {
  const { body } = await api.open("GET", `/containers/${id}/logs?stdout=1&stderr=1${query}`);
  return splitFrames(await collectBytes(body, 1 << 20));
}

async function inspect(api: ApiClient, id: string): Promise<Inspected> {
  return (await api.call("GET", `/containers/${id}/json`)).json as Inspected;
}

interface Inspected {
  readonly Name: string;
  readonly State: Readonly<Record<string, unknown>>;
  readonly RestartCount: number;
  readonly Config: Readonly<Record<string, unknown>>;
  readonly HostConfig: Readonly<Record<string, unknown>>;
}

const attachTarget = (id: string, query = "stdin=1&stdout=1&stderr=1&stream=1"): string =>
  `/containers/${id}/attach?${query}`;

async function send(connection: Duplex, text: string): Promise<void> {
  const writer = connection.writable.getWriter();
  await writer.write(encodeUtf8(text));
  writer.releaseLock();
}

describe("a container's life", () => {
  it("follows the docker command's order: create, attach, wait, start, exit code", async () => {
    const { api } = await open();
    const id = await create(api, ["both", "to stdout", "to stderr"]);
    const attached = await api.hijack("POST", attachTarget(id, "stdout=1&stderr=1&stream=1"));
    const ended = wait(api, id, "next-exit");
    await start(api, id);
    const output = splitFrames(await collectBytes(attached.connection.readable, 1 << 20));
    expect(attached.headers["content-type"]).toBe("application/vnd.docker.multiplexed-stream");
    expect(output).toEqual({ stdout: "to stdout\n", stderr: "to stderr\n" });
    expect(await ended).toEqual({ StatusCode: 0 });
    await attached.served;
  });

  it("keeps output in the log, which can be asked for by stream, tail and time", async () => {
    const { api } = await open();
    const id = await create(api, ["both", "one", "two", "three", "four"]);
    await start(api, id);
    await wait(api, id);
    expect(await logs(api, id)).toEqual({ stdout: "one\nthree\n", stderr: "two\nfour\n" });
    expect(await logs(api, id, "&tail=1")).toEqual({ stdout: "", stderr: "four\n" });
    expect(await logs(api, id, "&tail=0")).toEqual({ stdout: "", stderr: "" });
    expect(await logs(api, id, "&since=1h")).toEqual({ stdout: "one\nthree\n", stderr: "two\nfour\n" });
    expect(await logs(api, id, "&until=1h")).toEqual({ stdout: "", stderr: "" });
    expect((await logs(api, id, "&timestamps=1")).stdout).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z one\n/,
    );
    expect(await api.call("GET", `/containers/${id}/logs`)).toMatchObject({
      status: 400,
      json: { message: "Bad parameters: you must choose at least one stream" },
    });
  });

  it("follows a log until the container ends", async () => {
    const { api } = await open();
    const id = await create(api, ["polite"]);
    await start(api, id);
    const following = logs(api, id, "&follow=1");
    await api.call("POST", `/containers/${id}/stop`);
    expect((await following).stdout).toBe("ready\nbye\n");
    expect((await inspect(api, id)).State).toMatchObject({ Status: "exited", ExitCode: 3, Running: false });
  });

  it("hands stdin to the program and ends it when the client ends its side", async () => {
    const { api } = await open();
    const id = await create(api, ["upper"], { OpenStdin: true, StdinOnce: true, AttachStdin: true });
    const { connection, served } = await api.hijack("POST", attachTarget(id));
    await start(api, id);
    await send(connection, "hello\n");
    await connection.writable.close();
    expect(splitFrames(await collectBytes(connection.readable, 1 << 20)).stdout).toBe("HELLO\n");
    await served;
    expect(await wait(api, id)).toEqual({ StatusCode: 0 });
  });

  it("sends a terminal's output raw, leaves on the detach keys and can be attached to again", async () => {
    const { api, engine } = await open();
    const id = await create(api, ["upper"], { Tty: true, OpenStdin: true });
    const first = await api.hijack("POST", attachTarget(id));
    expect(first.headers["content-type"]).toBe("application/vnd.docker.raw-stream");
    await start(api, id);
    await send(first.connection, "abc\u0010\u0011");
    expect(decodeUtf8(await collectBytes(first.connection.readable, 1 << 20))).toBe("ABC");
    expect(engine.containers.get(id).isRunning).toBe(true);
    const second = await api.hijack(
      "POST",
      attachTarget(id, "logs=1&stdin=1&stdout=1&stderr=1&stream=1&detachKeys=a"),
    );
    await send(second.connection, "xa");
    expect(decodeUtf8(await collectBytes(second.connection.readable, 1 << 20))).toContain("X");
    await api.call("POST", `/containers/${id}/kill`);
    expect((await inspect(api, id)).State).toMatchObject({ ExitCode: 137 });
  });

  it("gives every attached client everything, and lets one that does not read go", async () => {
    const { api } = await open();
    const id = await create(api, ["both", "x".repeat(100_000), "y", "z".repeat(100_000)]);
    const reader = await api.hijack("POST", attachTarget(id, "stdout=1&stream=1"));
    const sleeper = await api.hijack("POST", attachTarget(id, "stdout=1&stream=1"));
    await start(api, id);
    const read = collectBytes(reader.connection.readable, 1 << 20);
    expect(await wait(api, id)).toEqual({ StatusCode: 0 });
    expect(splitFrames(await read).stdout.length).toBe(200_002);
    await sleeper.connection.readable.cancel();
  }, 10_000);

  it("removes itself with AutoRemove, and tells who waits for it", async () => {
    const { api, engine } = await open();
    const id = await create(api, ["exit", "7"], { HostConfig: { AutoRemove: true } });
    const removed = wait(api, id, "removed");
    await start(api, id);
    expect(await removed).toEqual({ StatusCode: 7 });
    expect(engine.containers.byId(id)).toBeUndefined();
    expect(await api.call("GET", `/containers/${id}/json`)).toMatchObject({
      status: 404,
      json: { message: `No such container: ${id}` },
    });
  });

  it("stops with the stop signal, and kills who does not listen", async () => {
    const { api, engine } = await open();
    const id = await create(api, ["stubborn"]);
    await start(api, id);
    expect(await api.call("POST", `/containers/${id}/stop?t=0`)).toMatchObject({ status: 204 });
    expect((await inspect(api, id)).State).toMatchObject({ ExitCode: 137, OOMKilled: false });
    expect(await api.call("POST", `/containers/${id}/stop`)).toMatchObject({ status: 304, text: "" });
    expect(await api.call("POST", `/containers/${id}/kill`)).toMatchObject({
      status: 409,
      json: { message: `cannot kill container: ${id}: container ${id} is not running` },
    });
    const actions = engine.events.past(0n, undefined).map((event) => event.action);
    expect(actions).toEqual(["create", "start", "kill", "kill", "die", "stop"]);
  });

  it("restarts by policy until it is stopped, with a growing pause", async () => {
    const { api, engine } = await open();
    const id = await create(api, ["exit", "1"], {
      HostConfig: { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 2 } },
    });
    await start(api, id);
    await expect
      .poll(async () => (await inspect(api, id)).State["Status"], { timeout: 5_000 })
      .toBe("exited");
    expect((await inspect(api, id)).RestartCount).toBe(2);
    const dies = engine.events.past(0n, undefined).filter((event) => event.action === "die");
    expect(dies.length).toBe(3);
  });

  it("restarts on request and keeps its name", async () => {
    const { api } = await open();
    const id = await create(api, ["polite"], {}, "again");
    await start(api, id);
    expect(await api.call("POST", "/containers/again/restart")).toMatchObject({ status: 204 });
    expect((await inspect(api, "again")).State).toMatchObject({ Running: true, ExitCode: 0 });
    await api.call("DELETE", "/containers/again?force=1");
  });

  it("says why a command cannot start, with Docker's exit code", async () => {
    const { api } = await open();
    const id = await create(api, ["no-such-thing"]);
    const { status, json } = await api.call("POST", `/containers/${id}/start`);
    expect(status).toBe(400);
    expect((json as { message: string }).message).toMatch(
      /exec: "no-such-thing": executable file not found in \$PATH: unknown$/,
    );
    expect((await inspect(api, id)).State).toMatchObject({
      ExitCode: 127,
      Running: false,
      Status: "created",
    });
  });

  it("reports an OOM kill as 137", async () => {
    const { api } = await open();
    const id = await create(api, ["oom"]);
    await start(api, id);
    expect(await wait(api, id)).toEqual({ StatusCode: 137 });
    expect((await inspect(api, id)).State).toMatchObject({ ExitCode: 137, OOMKilled: true });
  });
});

describe("what is refused", () => {
  it.each([
    [
      { Image: "busybox", Tty: "yes" },
      "invalid JSON: json: cannot unmarshal string into Go struct field CreateRequest.Tty of type bool",
    ],
    [
      { Image: "busybox", WorkingDir: "relative" },
      "the working directory 'relative' is invalid, it needs to be an absolute path",
    ],
    [{ Image: "busybox", StopSignal: "SIGNOPE" }, "invalid signal: SIGNOPE"],
    [{ Image: "busybox", HostConfig: { Memory: 1000 } }, "Minimum memory limit allowed is 6MB"],
    [
      { Image: "busybox", HostConfig: { RestartPolicy: { Name: "sometimes" } } },
      "invalid restart policy: unknown policy 'sometimes'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
    ],
    [
      { Image: "busybox", HostConfig: { AutoRemove: true, RestartPolicy: { Name: "always" } } },
      "can't create 'AutoRemove' container with restart policy",
    ],
    [{ Image: "busybox", HostConfig: { CapAdd: ["fly"] } }, 'invalid CapAdd: unknown capability: "CAP_FLY"'],
    [
      { Image: "busybox", HostConfig: { LogConfig: { Type: "syslog" } } },
      "logger: no log driver named 'syslog' is registered",
    ],
  ])("400 for %j", async (body, message) => {
    const { api } = await open();
    expect(await api.call("POST", "/containers/create", { body })).toMatchObject({
      status: 400,
      json: { message },
    });
  });

  it("names: conflicts by id, bad characters, missing image", async () => {
    const { api } = await open();
    const id = await create(api, ["true"], {}, "web");
    expect(
      await api.call("POST", "/containers/create?name=web", { body: { Image: "busybox" } }),
    ).toMatchObject({
      status: 409,
      json: {
        message:
          `Conflict. The container name "/web" is already in use by container "${id}". ` +
          "You have to remove (or rename) that container to be able to reuse that name.",
      },
    });
    expect(
      await api.call("POST", "/containers/create?name=a/b", { body: { Image: "busybox" } }),
    ).toMatchObject({
      status: 400,
      json: { message: "Invalid container name (a/b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed" },
    });
    expect(await api.call("POST", "/containers/create", { body: { Image: "nothing" } })).toMatchObject({
      status: 404,
      json: { message: "No such image: nothing:latest" },
    });
  });

  it("a running container is not removed without force", async () => {
    const { api } = await open();
    const id = await create(api, ["sleep", "100"]);
    await start(api, id);
    expect(await api.call("DELETE", `/containers/${id}`)).toMatchObject({
      status: 409,
      json: {
        message: `cannot remove container "${id}": container is running: stop the container before removing or force remove`,
      },
    });
    expect(await api.call("DELETE", `/containers/${id}?force=1`)).toMatchObject({ status: 204 });
  });

  it("no backend for a platform: the start says why", async () => {
    const { api } = await open({ backends: [] });
    const id = await create(api, ["true"]);
    expect(await api.call("POST", `/containers/${id}/start`)).toMatchObject({
      status: 503,
      json: { message: "cannot run linux/amd64 images here: no backend for this platform, there is none" },
    });
  });
});

describe("listing", () => {
  it("filters by status, exit code, name, label, ancestor and order of creation", async () => {
    const { api } = await open();
    const first = await create(api, ["exit", "3"], { Labels: { tier: "web" } }, "first");
    await create(api, ["true"], { Labels: { tier: "db" } }, "second");
    await create(api, ["sleep", "100"], {}, "third");
    await start(api, first);
    await start(api, "third");
    await wait(api, first);
    const names = async (filters: object, extra = "all=1"): Promise<string[]> => {
      const target = `/containers/json?${extra}&filters=${encodeURIComponent(JSON.stringify(filters))}`;
      const { json } = await api.call("GET", target);
      return (json as { Names: string[] }[]).map((container) => container.Names[0] ?? "");
    };
    expect(await names({})).toEqual(["/third", "/second", "/first"]);
    expect(await names({}, "")).toEqual(["/third"]);
    expect(await names({}, "limit=2")).toEqual(["/third", "/second"]);
    expect(await names({ status: ["created"] }, "")).toEqual(["/second"]);
    expect(await names({ exited: ["3"] })).toEqual(["/first"]);
    expect(await names({ label: ["tier=db"] })).toEqual(["/second"]);
    expect(await names({ label: { tier: true } })).toEqual(["/second", "/first"]);
    expect(await names({ name: ["^/?sec"] })).toEqual(["/second"]);
    expect(await names({ before: ["second"] })).toEqual(["/first"]);
    expect(await names({ since: ["second"] })).toEqual(["/third"]);
    expect(await names({ ancestor: ["busybox"] })).toHaveLength(3);
    expect(await names({ ancestor: ["other"] })).toEqual([]);
    expect(await names({ id: [first.slice(0, 12)] })).toEqual(["/first"]);
    expect(
      await api.call("GET", `/containers/json?filters=${encodeURIComponent('{"nope":["1"]}')}`),
    ).toMatchObject({
      status: 400,
      json: { message: "invalid filter 'nope'" },
    });
    await api.call("DELETE", "/containers/third?force=1");
  });
});

describe("after the engine was closed or died", () => {
  it("containers, logs and names are there again; what ran is exited with 255", async () => {
    const place = new MemoryPlace();
    const before = await open({ place });
    const id = await create(before.api, ["both", "kept"], {}, "kept");
    const running = await create(before.api, ["sleep", "100"], {}, "running");
    const automatic = await create(before.api, ["sleep", "100"], { HostConfig: { AutoRemove: true } });
    for (const one of [id, running, automatic]) await start(before.api, one);
    await wait(before.api, id);
    // No close: the tab is gone.
    const after = await open({ place });
    expect(await logs(after.api, "kept")).toEqual({ stdout: "kept\n", stderr: "" });
    expect((await inspect(after.api, "running")).State).toMatchObject({ Status: "exited", ExitCode: 255 });
    expect(after.engine.containers.byId(automatic)).toBeUndefined();
    expect(
      await after.api.call("POST", "/containers/create?name=kept", { body: { Image: "busybox" } }),
    ).toMatchObject({ status: 409 });
    await before.engine.close();
  });

  it("starts again what its policy says", async () => {
    const place = new MemoryPlace();
    const before = await open({ place });
    const policy = (name: string): object => ({ HostConfig: { RestartPolicy: { Name: name } } });
    for (const [name, word] of [
      ["always", "always"],
      ["unless", "unless-stopped"],
      ["stopped", "unless-stopped"],
    ] as const) {
      await start(before.api, await create(before.api, ["sleep", "100"], policy(word), name));
    }
    await before.api.call("POST", "/containers/stopped/stop?t=0");
    await before.engine.close();
    const after = await open({ place });
    await expect.poll(async () => (await inspect(after.api, "always")).State["Running"]).toBe(true);
    await expect.poll(async () => (await inspect(after.api, "unless")).State["Running"]).toBe(true);
    expect((await inspect(after.api, "stopped")).State["Running"]).toBe(false);
    await after.engine.close();
  });
});

describe("further processes, limits and numbers", () => {
  it("exec: runs beside the first process, with exit code, stdin and events", async () => {
    const { api, engine } = await open();
    const id = await create(api, ["sleep", "100"], { Env: ["A=1", "B=1"] });
    const refused = await api.call("POST", `/containers/${id}/exec`, { body: { Cmd: ["true"] } });
    expect(refused).toMatchObject({ status: 409, json: { message: `container ${id} is not running` } });
    await start(api, id);
    const exec = async (config: object): Promise<string> => {
      const { json } = await api.call("POST", `/containers/${id}/exec`, {
        body: { AttachStdout: true, AttachStderr: true, ...config },
      });
      return (json as { Id: string }).Id;
    };
    const upper = await exec({ Cmd: ["upper"], AttachStdin: true });
    const { connection } = await api.hijack("POST", `/exec/${upper}/start`, { body: { Detach: false } });
    await send(connection, "in\n");
    await connection.writable.close();
    expect(splitFrames(await collectBytes(connection.readable, 1 << 20)).stdout).toBe("IN\n");
    const failing = await exec({ Cmd: ["exit", "4"] });
    expect(await api.call("POST", `/exec/${failing}/start`, { body: { Detach: true } })).toMatchObject({
      status: 200,
    });
    await expect
      .poll(async () => (await api.call("GET", `/exec/${failing}/json`)).json)
      .toMatchObject({ Running: false, ExitCode: 4 });
    const missing = await exec({ Cmd: ["nope"] });
    const told = await api.hijack("POST", `/exec/${missing}/start`, { body: {} });
    expect(splitFrames(await collectBytes(told.connection.readable, 1 << 20)).stdout).toContain(
      'OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in $PATH',
    );
    expect((await api.call("GET", `/exec/${missing}/json`)).json).toMatchObject({ ExitCode: 127 });
    expect((await api.call("GET", "/exec/none/json")).json).toEqual({
      message: "No such exec instance: none",
    });
    const actions = engine.events.past(0n, undefined).map((event) => event.action);
    expect(actions).toEqual(expect.arrayContaining(["exec_create: upper", "exec_start: upper", "exec_die"]));
    await api.call("DELETE", `/containers/${id}?force=1`);
  });

  it("exec: a size that is told before the process runs is its terminal's from the first instruction", async () => {
    const size: Program = ({ size: now, out }) => out(JSON.stringify(now()));
    const { api } = await open({ programs: { size } });
    const id = await create(api, ["sleep", "100"]);
    await start(api, id);
    const body = { Cmd: ["size"], Tty: true, AttachStdout: true };
    const { json } = await api.call("POST", `/containers/${id}/exec`, { body });
    const { Id: exec } = json as { Id: string };
    expect(await api.call("POST", `/exec/${exec}/resize?h=33&w=101`)).toMatchObject({ status: 200 });
    const { connection } = await api.hijack("POST", `/exec/${exec}/start`, { body: { Tty: true } });
    const shown = decodeUtf8(await collectBytes(connection.readable, 1 << 20));
    expect(JSON.parse(shown)).toEqual({ columns: 101, rows: 33 });
    await expect.poll(async () => (await api.call("POST", `/exec/${exec}/resize?h=1&w=1`)).status).toBe(400);
    await api.call("DELETE", `/containers/${id}?force=1`);
  });

  it("pause, stats and update", async () => {
    const { api } = await open();
    const id = await create(api, ["sleep", "100"], { HostConfig: { Memory: 8 << 20 } });
    await start(api, id);
    await api.call("POST", `/containers/${id}/pause`);
    expect((await inspect(api, id)).State).toMatchObject({ Status: "paused", Paused: true, Running: true });
    expect(await api.call("POST", `/containers/${id}/pause`)).toMatchObject({ status: 409 });
    await api.call("POST", `/containers/${id}/unpause`);
    expect((await api.call("GET", `/containers/${id}/stats?stream=0&one-shot=1`)).json).toMatchObject({
      name: expect.stringMatching(/^\/\w+/) as unknown,
      memory_stats: { usage: 4096, limit: 8 << 20 },
      pids_stats: { current: 1 },
    });
    await api.call("POST", `/containers/${id}/update`, {
      body: { Memory: 16 << 20, RestartPolicy: { Name: "on-failure" } },
    });
    expect((await inspect(api, id)).HostConfig).toMatchObject({
      Memory: 16 << 20,
      RestartPolicy: { Name: "on-failure" },
    });
    expect(await api.call("POST", `/containers/${id}/update`, { body: { Memory: 1 } })).toMatchObject({
      status: 400,
    });
    await api.call("DELETE", `/containers/${id}?force=1`);
  });
});
