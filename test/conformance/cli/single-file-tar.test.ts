/** The tar of one file that `docker cp` makes and reads, beside the system's tar. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { streamOf } from "../../../layers/base/streams.ts";
import { readSingleFile, writeSingleFile } from "../../../runtime/cli/single-file-tar.ts";

const directory = mkdtempSync(join(tmpdir(), "slipway-cp-"));
afterAll(() => rmSync(directory, { recursive: true }));

function tar(args: readonly string[], input?: Uint8Array): Buffer {
  const { status, stdout, stderr } = spawnSync("tar", args, { cwd: directory, ...(input && { input }) });
  expect(stderr.toString()).toBe("");
  expect(status).toBe(0);
  return stdout;
}

test.each([0, 1, 511, 512, 513, 100_000])("a file of %i bytes, both ways", async (sizeBytes) => {
  const contents = Uint8Array.from({ length: sizeBytes }, (_, index) => index * 7);
  const archive = writeSingleFile("a name", contents, 1_700_000_000);
  expect(tar(["tvf", "-", "--utc", "--numeric-owner"], archive).toString()).toMatch(
    new RegExp(`^-rw-r--r-- 0/0 +${sizeBytes} 2023-11-14 22:13 a name\n$`),
  );
  tar(["xf", "-"], archive);
  expect(new Uint8Array(readFileSync(join(directory, "a name")))).toEqual(contents);
  expect(await readSingleFile(streamOf(tar(["cf", "-", "--format=gnu", "a name"])))).toEqual(contents);
});

test("long names and times before the file are passed over; directories and torn ends are refused", async () => {
  const long = "n".repeat(150);
  writeFileSync(join(directory, long), "text");
  for (const format of ["gnu", "pax"]) {
    const archive = tar(["cf", "-", `--format=${format}`, long]);
    expect(new TextDecoder().decode(await readSingleFile(streamOf(archive)))).toBe("text");
  }
  await expect(readSingleFile(streamOf(tar(["cf", "-", "."])))).rejects.toMatchObject({ kind: "invalidParameter" });
  const torn = writeSingleFile("x", new Uint8Array(1000), 0).subarray(0, 900);
  await expect(readSingleFile(streamOf(torn))).rejects.toMatchObject({ kind: "dataLoss" });
  expect(() => writeSingleFile(long, new Uint8Array(0), 0)).toThrow("file name too long");
});
