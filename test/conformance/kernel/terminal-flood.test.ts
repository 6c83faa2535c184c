/** A flood of output to a terminal: ^C ends it within a few slices, and what was on its way is thrown away. */
import { expect, test } from "vitest";
import { Signal } from "../../../runtime/kernel/abi/signal.ts";
import { createProcess } from "../../../runtime/kernel/container.ts";
import { createConsole } from "../../../runtime/kernel/tty/console.ts";
import { compile, hasCompiler } from "../../support/differential.ts";
import { copyIn, KernelHost, ROOT_CREDENTIALS } from "../../support/kernel-host.ts";

/** As the backend's pump. */
const SLICE_MS = 8;
/** 100 ms. */
const SLICES_MAX = 12;
/** What had arrived when ^C came, and the rest of one write. */
const REST_BYTES_MAX = 16_384;
const FLOOD_BYTES = 1_000_000;

test.skipIf(!hasCompiler)("^C ends a program that writes without end, in less than 100 ms of its time", async () => {
  const host = await KernelHost.start();
  copyIn(host.files, compile("flood"), "/program");
  const namespaces = host.containerNamespaces();
  const root = { mount: namespaces.mount.root, dentry: namespaces.mount.root.root };
  const terminal = createConsole(host.kernel, { root, onChange: () => undefined });
  const { description } = terminal;
  const task = createProcess(host.kernel, {
    namespaces, cgroup: host.cgroup, root, workingDirectory: root, credentials: ROOT_CREDENTIALS,
    hasNoNewPrivileges: false, path: "/program", args: ["/program"], env: [],
    streams: [description, description, description],
  });
  terminal.attach(task);
  host.kernel.makeReady(task);
  const target = new Uint8Array(65_536);
  let taken = 0;
  while (taken < FLOOD_BYTES) {
    const idleness = host.kernel.run(SLICE_MS);
    const count = terminal.read(target);
    expect(count > 0 || idleness.kind === "busy", "a full terminal only waits for its reader").toBe(true);
    taken += count;
  }
  host.kernel.run(SLICE_MS);
  expect(terminal.write(Uint8Array.of(3))).toBe(1);
  let slices = 0;
  for (; slices < SLICES_MAX && !task.process.isZombie; slices++) host.kernel.run(SLICE_MS);
  expect(task.process.isZombie).toBe(true);
  expect(task.process.exitStatus).toBe(Signal.SIGINT << 8);
  const rest = terminal.read(target);
  expect(rest).toBeLessThan(REST_BYTES_MAX);
  expect(Buffer.from(target.subarray(0, rest)).toString()).toContain("^C");
});
