import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../../layers/base/bytes.ts";
import { systemClock } from "../../../layers/base/clock.ts";
import { MemoryStorage } from "../../../layers/content/memory-storage.ts";
import type { LogOptions } from "./json-log.ts";
import { JsonLog } from "./json-log.ts";
import type { LogQuery } from "./log-reader.ts";
import { readLog } from "./log-reader.ts";

const FOREVER: LogOptions = { sizeBytesMax: undefined, filesMax: 1 };

function open(options: LogOptions = FOREVER): {
  log: JsonLog;
  read: (query?: Partial<LogQuery>) => Promise<string[]>;
  storage: MemoryStorage;
} {
  const storage = new MemoryStorage();
  const log = new JsonLog(storage.files, "logs/a-json.log", systemClock, options);
  const read = async (query: Partial<LogQuery> = {}): Promise<string[]> => {
    const texts: string[] = [];
    const whole = {
      tail: undefined,
      sinceNs: undefined,
      untilNs: undefined,
      ended: undefined,
      signal: new AbortController().signal,
    };
    for await (const entry of readLog(log, storage.files, { ...whole, ...query }))
      texts.push(`${entry.stream[3] ?? ""}:${entry.text}`);
    return texts;
  };
  return { log, read, storage };
}

const fail = (error: Error): never => {
  throw error;
};

describe("a container's log", () => {
  it("is lines, whatever pieces they come in, and no file before the first", async () => {
    const { log, read, storage } = open();
    const writer = log.writer(fail);
    expect(await read()).toEqual([]);
    expect(await storage.files.list("")).toEqual([]);
    for (const piece of ["one\ntw", "o\n", "unfinished"]) await writer.write("stdout", encodeUtf8(piece));
    await writer.write("stderr", encodeUtf8("oops\n"));
    expect(await read()).toEqual(["o:one\n", "o:two\n", "e:oops\n"]);
    await writer.finish();
    expect(await read()).toEqual(["o:one\n", "o:two\n", "e:oops\n", "o:unfinished"]);
    expect(await read({ tail: 2 })).toEqual(["e:oops\n", "o:unfinished"]);
    expect(await read({ tail: 0 })).toEqual([]);
    expect(await read({ tail: 99 })).toHaveLength(4);
  });

  it("cuts very long lines into parts that give the line again", async () => {
    const { log, read } = open();
    const writer = log.writer(fail);
    const line = `${"x".repeat(40_000)}\n`;
    await writer.write("stdout", encodeUtf8(line));
    await writer.finish();
    const parts = await read();
    expect(parts).toHaveLength(3);
    expect(parts.map((part) => part.slice(2)).join("")).toBe(line);
  });

  it("finds the tail across blocks", async () => {
    const { log, read } = open();
    const writer = log.writer(fail);
    for (let number = 0; number < 3000; number++)
      await writer.write("stdout", encodeUtf8(`line ${number}\n`));
    expect(await read({ tail: 2500 })).toHaveLength(2500);
    expect(await read({ tail: 1 })).toEqual(["o:line 2999\n"]);
    await writer.finish();
  });

  it("is followed until it ends", async () => {
    const { log, read } = open();
    const writer = log.writer(fail);
    await writer.write("stdout", encodeUtf8("before\n"));
    let end = (): void => undefined;
    const following = read({ ended: new Promise<void>((resolve) => (end = resolve)) });
    await writer.write("stdout", encodeUtf8("after\n"));
    await writer.finish();
    end();
    expect(await following).toEqual(["o:before\n", "o:after\n"]);
  });

  it("rotates by size, keeps as many files as asked for and reads them as one", async () => {
    const { log, read, storage } = open({ sizeBytesMax: 400, filesMax: 3 });
    const writer = log.writer(fail);
    for (let number = 0; number < 40; number++) await writer.write("stdout", encodeUtf8(`${number}\n`));
    await writer.finish();
    const names = (await storage.files.list("")).map((file) => file.name);
    expect(names).toEqual(["logs/a-json.log", "logs/a-json.log.1", "logs/a-json.log.2"]);
    const lines = await read();
    expect(lines.at(-1)).toBe("o:39\n");
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.length).toBeLessThan(40);
    expect(await read({ tail: 12 })).toEqual(lines.slice(-12));
    await log.remove();
    expect(await storage.files.list("")).toEqual([]);
  });

  it("loses nothing but the line a crash cut short", async () => {
    const { log, read, storage } = open();
    const writer = log.writer(fail);
    await writer.write("stdout", encodeUtf8("whole\n"));
    await writer.finish();
    const file = await storage.files.openWritable(log.name);
    file.writeAt(file.sizeBytes, encodeUtf8('{"log":"cut'));
    file.close();
    expect(await read()).toEqual(["o:whole\n"]);
  });
});
