/** Profiles in Docker's JSON, compiled and installed on Linux and under our kernel: the same program, the same answers. */
import { expect, test } from "vitest";
import { compileToBpf } from "../../../runtime/backends/emulated/seccomp/compile.ts";
import { defaultProfile } from "../../../runtime/backends/emulated/seccomp/default-profile.ts";
import { compile, hasCompiler, isRoot, runInKernel, runNatively } from "../../support/differential.ts";

const OPERATORS = ["EQ", "NE", "LT", "LE", "GT", "GE"];

function hex(profile: unknown, capabilities: readonly string[]): string {
  const program = compileToBpf(profile, capabilities);
  const view = new DataView(new ArrayBuffer(program.length * 8));
  program.forEach(({ code, jt, jf, k }, index) => {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, jt);
    view.setUint8(index * 8 + 3, jf);
    view.setUint32(index * 8 + 4, k, true);
  });
  return Buffer.from(view.buffer).toString("hex");
}

async function answers(profile: unknown, capabilities: readonly string[] = []): Promise<string> {
  const program = compile("seccomp-profile");
  const filter = hex(profile, capabilities);
  const guest = await runInKernel(program, [filter]);
  expect(guest.stdout).toBe(runNatively(program, [filter]).stdout);
  return guest.stdout;
}

/** The answer of one call. */
const answerOf = (text: string, call: string): string | undefined =>
  text
    .split("\n")
    .find((line) => line.includes(call))
    ?.replace(/^.*: /, "");

test.skipIf(!hasCompiler || !isRoot)("the default profile refuses what Docker documents", async () => {
  const text = await answers(defaultProfile());
  expect(
    ["keyctl", "mount", "unshare", "clone3", "CLONE_NEWUTS", "socket, 40", "0x0040000", "child(0)"].map(
      (call) => answerOf(text, call),
    ),
  ).toEqual(["EPERM", "EPERM", "EPERM", "ENOSYS", "EPERM", "EPERM", "EPERM", "through"]);
});

test.skipIf(!hasCompiler || !isRoot)("CAP_SYS_ADMIN lifts what it guards", async () => {
  const text = await answers(defaultProfile(), ["CAP_SYS_ADMIN"]);
  expect(answerOf(text, "unshare")).toBe("through");
  expect(answerOf(text, "keyctl")).toBe("EPERM");
});

test.skipIf(!hasCompiler || !isRoot).each(OPERATORS)("SCMP_CMP_%s compares 64 bits", async (op) => {
  const rule = {
    names: ["umask"],
    action: "SCMP_ACT_ERRNO",
    errnoRet: 90,
    args: [{ index: 0, value: 4, op: `SCMP_CMP_${op}` }],
  };
  const text = await answers({ defaultAction: "SCMP_ACT_ALLOW", syscalls: [rule] });
  const refused = text.match(/umask, \w+\): EMSGSIZE/g)?.length;
  expect(refused).toBe({ EQ: 1, NE: 4, LT: 1, LE: 2, GT: 3, GE: 4 }[op]);
});
