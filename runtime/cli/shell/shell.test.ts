import { expect, test } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../../../layers/base/bytes.ts";
import { systemClock } from "../../../layers/base/clock.ts";
import { disposable } from "../../../layers/base/disposable.ts";
import { streamOf } from "../../../layers/base/streams.ts";
import { MemoryKeyValue } from "../../client/docker-config.ts";
import type { Transport } from "../../client/engine-client.ts";
import { EngineClient } from "../../client/engine-client.ts";
import { runShell } from "./shell.ts";
import { TestTerminal } from "./test-terminal.ts";

const CONTAINERS = [
  {
    Id: "a".repeat(64),
    Names: ["/web"],
    Image: "nginx",
    Command: "x",
    Created: 1,
    Ports: [],
    Labels: {},
    State: "running",
    Status: "Up",
    Mounts: [],
  },
  {
    Id: "b".repeat(64),
    Names: ["/worker"],
    Image: "job",
    Command: "y",
    Created: 1,
    Ports: [],
    Labels: {},
    State: "running",
    Status: "Up",
    Mounts: [],
  },
];
const IMAGES = [
  {
    Id: `sha256:${"c".repeat(64)}`,
    RepoTags: ["alpine:latest"],
    RepoDigests: [],
    Created: 1,
    Size: 1,
    SharedSize: 0,
    Containers: 0,
    Labels: {},
    ParentId: "",
  },
];

/** An engine of two containers, whose attach echoes what it is sent. */
class FakeEngine implements Transport {
  readonly asked: string[] = [];
  onExit: ((code: number) => void) | undefined;
  readonly exited = new Promise<number>((resolve) => (this.onExit = resolve));

  async request(request: Parameters<Transport["request"]>[0]): ReturnType<Transport["request"]> {
    this.asked.push(`${request.method} ${request.target}`);
    const json = (body: unknown, status = 200): Awaited<ReturnType<Transport["request"]>> => ({
      status,
      headers: {},
      body: streamOf(encodeUtf8(JSON.stringify(body))),
    });
    if (request.target.startsWith("/containers/json")) return json(CONTAINERS);
    if (request.target.startsWith("/images/json")) return json(IMAGES);
    if (request.target.startsWith("/containers/create"))
      return json({ Id: "d".repeat(64), Warnings: [] }, 201);
    if (request.target.includes("/wait")) {
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          void this.exited.then((code) => {
            controller.enqueue(encodeUtf8(JSON.stringify({ StatusCode: code })));
            controller.close();
          });
        },
      });
      return { status: 200, headers: {}, body };
    }
    if (request.method === "DELETE") return json({}, 200);
    return json({});
  }

  async hijack(request: Parameters<Transport["hijack"]>[0]): ReturnType<Transport["hijack"]> {
    this.asked.push(`HIJACK ${request.target}`);
    let out: ReadableStreamDefaultController<Uint8Array> | undefined;
    const readable = new ReadableStream<Uint8Array>({ start: (controller) => void (out = controller) });
    const writable = new WritableStream<Uint8Array>({
      write: (bytes) => {
        const text = decodeUtf8(bytes);
        out?.enqueue(encodeUtf8(`<${text.replace("\x03", "^C")}>`));
        if (text.includes("q")) {
          out?.close();
          this.onExit?.(7);
        }
      },
    });
    return { headers: {}, connection: { readable, writable } };
  }
}

class Terminal {
  readonly screen = new TestTerminal(80);
  readonly engine = new FakeEngine();
  readonly values: MemoryKeyValue;
  readonly exitCode: Promise<number>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #resized: (() => void) | undefined;

  constructor(values = new MemoryKeyValue()) {
    this.values = values;
    this.exitCode = runShell({
      input: new ReadableStream({ start: (controller) => void (this.#controller = controller) }),
      output: { write: async (bytes) => this.screen.write(decodeUtf8(bytes)) },
      size: () => ({ columns: this.screen.columns, rows: 24 }),
      onResize: (listener) => {
        this.#resized = listener;
        return disposable(() => undefined);
      },
      client: new EngineClient(this.engine),
      values,
      clock: systemClock,
    });
  }

  type(text: string): void {
    this.#controller?.enqueue(encodeUtf8(text));
  }

  close(): void {
    this.#controller?.close();
  }

  resize(columns: number): void {
    this.screen.columns = columns;
    this.#resized?.();
  }

  /** Runs one line and returns what it printed. */
  async line(text: string): Promise<string> {
    await this.prompted();
    const start = this.screen.lines.length;
    this.type(`${text}\r`);
    await expect
      .poll(() => this.screen.lines.length > start && this.screen.beforeCursor === PROMPT)
      .toBe(true);
    return this.screen.lines
      .slice(start, -1)
      .map((line) => `${line}\n`)
      .join("");
  }

  async prompted(): Promise<void> {
    await this.shows(PROMPT);
  }

  /** Waits until the cursor's row, up to the cursor, is `text`. */
  async shows(text: string): Promise<void> {
    await expect.poll(() => this.screen.beforeCursor).toBe(text);
  }

  async sees(text: string): Promise<void> {
    await expect.poll(() => this.screen.text).toContain(text);
  }
}

const PROMPT = "slipway:~$ ";

test.each([
  ["echo hello   world", "hello world\n"],
  ["echo 'a  b' \"c  d\" e\\ f", "a  b c  d e f\n"],
  ["X=1; echo $X ${X}y ${Z:-none} '$X' \"$X\"", "1 1y none $X 1\n"],
  ["false; echo $?; true; echo $?", "1\n0\n"],
  ["false && echo no || echo yes", "yes\n"],
  ["true && echo yes || echo no", "yes\n"],
  ["! false && echo inverted", "inverted\n"],
  ["echo a > f; echo b >> f; cat f; cat < f | wc -l", "a\nb\n2\n"],
  ["docker ps -q | wc -l", "2\n"],
  ["echo $(docker ps -q) | wc -w", "2\n"],
  ['echo "[$(echo a; echo b)]"', "[a\nb]\n"],
  ["echo one # two", "one\n"],
  ["docker ps --format '{{.Names}}' | grep web", "web\n"],
  ["echo a | cat | cat | grep -c a", "1\n"],
  ["export A=b; env | grep ^A=", "A=b\n"],
  ["nosuch; echo $?", "sh: nosuch: command not found\n127\n"],
  ["cat nosuch; echo $?", "sh: nosuch: No such file or directory\n1\n"],
  ["cat nosuch 2>/dev/null; echo $?", "1\n"],
  ["nosuch > out 2>&1; cat out", "sh: nosuch: command not found\n"],
  ["echo ~ ~/x '~'", "/root /root/x ~\n"],
  ["sleep 0 && echo slept", "slept\n"],
  ["echo -e 'b\\na\\nb' | sort -u | head -n 1", "a\n"],
  ["echo ) x; echo after", "sh: syntax error near unexpected token `)'\n"],
  ["printf", "sh: printf: command not found\n"],
])("%s", async (text, expected) => {
  const terminal = new Terminal();
  expect(await terminal.line(text)).toBe(expected);
  terminal.close();
  await terminal.exitCode;
});

test("a pipe without an end asks for more, and ^D gives up", async () => {
  const terminal = new Terminal();
  await terminal.prompted();
  terminal.type("echo |\r");
  await terminal.shows("> ");
  terminal.type("\x04");
  await terminal.sees("unexpected end of file");
  await terminal.prompted();
  terminal.close();
});

test("^D on an empty line ends the session with the last exit code", async () => {
  const terminal = new Terminal();
  await terminal.line("false");
  terminal.type("\x04");
  expect(await terminal.exitCode).toBe(1);
  expect(terminal.screen.lines.at(-2)).toBe("slipway:~$ exit");
});

test("exit ends the session with its code", async () => {
  const terminal = new Terminal();
  await terminal.prompted();
  terminal.type("exit 5\r");
  expect(await terminal.exitCode).toBe(5);
});

test("^C cancels the line, and a running command", async () => {
  const terminal = new Terminal();
  await terminal.prompted();
  terminal.type("echo not this\x03");
  await terminal.sees("not this^C");
  await terminal.prompted();
  terminal.type("sleep 1000\r");
  await terminal.sees("sleep 1000");
  await terminal.shows("");
  terminal.type("\x03");
  await terminal.prompted();
  expect(await terminal.line("echo $?")).toBe("130\n");
  expect(terminal.screen.lines).not.toContain("not this");
  terminal.close();
});

test("the line is edited with readline's keys", async () => {
  const terminal = new Terminal();
  // Home, delete, ^K and ^Y, word moves, ^W, ^U, a wide character erased.
  expect(await terminal.line("xecho one\x01\x1b[3~\x05")).toBe("one\n");
  expect(await terminal.line("one echo \x01\x1bd\x0b\x05echo \x19\x15echo two")).toBe("two\n");
  expect(await terminal.line("echo three four\x17five")).toBe("three five\n");
  expect(await terminal.line("echo 日本\x7fx")).toBe("日x\n");
  expect(await terminal.line("echo a c\x1b[Db ")).toBe("a b c\n");
  terminal.close();
});

test("history is browsed, searched and survives the session", async () => {
  const terminal = new Terminal();
  await terminal.line("echo first");
  await terminal.line("echo second");
  expect(await terminal.line("\x1b[A\x1b[A\x1b[A\x1b[B")).toBe("second\n");
  terminal.type("\x04");
  await terminal.exitCode;
  const next = new Terminal(terminal.values);
  expect(await next.line("\x12fir")).toBe("first\n");
  next.close();
});

test("a paste of several lines waits for Enter", async () => {
  const terminal = new Terminal();
  await terminal.prompted();
  terminal.type("\x1b[200~echo p1\necho p2\n\x1b[201~");
  await terminal.shows("echo p2");
  expect(terminal.screen.lines).toEqual(["slipway:~$ echo p1", "echo p2"]);
  terminal.type("\r");
  await terminal.sees("\np1\np2\n");
  terminal.close();
});

test("an unclosed quote asks for more", async () => {
  const terminal = new Terminal();
  await terminal.prompted();
  terminal.type("echo 'a\r");
  await terminal.shows("> ");
  terminal.type("b'\r");
  await terminal.sees("\na\nb\n");
  terminal.close();
});

test.each([
  ["dock\t", "docker "],
  ["docker ima\t", "docker image"],
  ["docker image l\t", "docker image ls "],
  ["docker run --entryp\t", "docker run --entrypoint "],
  ["docker stop we\t", "docker stop web "],
  ["docker run al\t", "docker run alpine:latest "],
  ["docker ps | gr\t", "docker ps | grep "],
])("Tab completes %j", async (typed, expected) => {
  const terminal = new Terminal();
  await terminal.prompted();
  terminal.type(typed);
  await terminal.shows(PROMPT + expected);
  terminal.close();
});

test("a second Tab lists what there is and leaves the line as it was", async () => {
  const terminal = new Terminal();
  await terminal.prompted();
  terminal.type("docker stop w\t\t");
  await terminal.sees("web     worker");
  await terminal.shows(`${PROMPT}docker stop w`);
  terminal.close();
});

test.each([28, 29, 30, 31, 40])(
  "a long line is shown whole in %i columns, after a resize too",
  async (columns) => {
    const terminal = new Terminal();
    await terminal.prompted();
    terminal.resize(columns);
    const text = `echo ${"0123456789".repeat(5)}日本`;
    for (const character of text) terminal.type(character);
    await expect.poll(() => terminal.screen.lines.join("")).toBe(PROMPT + text);
    terminal.type("\x01\x1b[1;5C\x05\r");
    await expect
      .poll(() => terminal.screen.lines.join(""))
      .toBe(`${PROMPT}${text}${text.slice(5)}${PROMPT.trimEnd()}`);
    terminal.close();
  },
);

test("docker run -it gets raw bytes, and the terminal is the shell's again afterwards", async () => {
  const terminal = new Terminal();
  await terminal.prompted();
  terminal.type("docker run -it alpine\r");
  await expect
    .poll(() => terminal.engine.asked.some((line) => line.includes("/resize?h=24&w=80")))
    .toBe(true);
  terminal.type("a\x03");
  await terminal.sees("<a^C>");
  terminal.type("q");
  await expect.poll(() => terminal.screen.beforeCursor.endsWith(PROMPT)).toBe(true);
  terminal.type("\recho $?\r");
  await terminal.sees("\n7\n");
  terminal.close();
});

test("the detach keys leave the container running", async () => {
  const terminal = new Terminal();
  await terminal.prompted();
  terminal.type("docker run -it alpine\r");
  await expect.poll(() => terminal.engine.asked.some((line) => line.includes("/resize"))).toBe(true);
  terminal.type("\x10x\x10\x11");
  await expect.poll(() => terminal.screen.beforeCursor.endsWith(PROMPT)).toBe(true);
  terminal.type("\recho $?\r");
  await terminal.sees("\n0\n");
  terminal.close();
});

test("what is typed while a command runs is the next line", async () => {
  const terminal = new Terminal();
  await terminal.prompted();
  terminal.type("sleep 0.1\recho ahead\r");
  await terminal.sees("\nahead\n");
  terminal.close();
});

test("a command reads lines from the terminal until ^D", async () => {
  const terminal = new Terminal();
  await terminal.prompted();
  terminal.type("wc -l\r");
  await terminal.shows("");
  terminal.type("onx\x7fe\rtwo\r\x04");
  await terminal.sees("\none\ntwo\n2\n");
  terminal.close();
});
