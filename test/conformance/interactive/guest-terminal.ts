/** A session in our kernel: a container's mounts over the tree, its console, keys typed when it is quiet. */
import { concatBytes } from "../../../layers/base/bytes.ts";
import { systemClock, systemRng } from "../../../layers/base/clock.ts";
import type { Filesystem } from "../../../layers/fs/filesystem.ts";
import { MemoryFilesystem } from "../../../layers/fs/memory.ts";
import { OverlayFilesystem } from "../../../layers/overlay/overlay.ts";
import { InterpreterMachine } from "../../../runtime/cpu/interpreter/machine.ts";
import { Cgroup } from "../../../runtime/kernel/cgroup.ts";
import { createProcess } from "../../../runtime/kernel/container.ts";
import { Kernel } from "../../../runtime/kernel/kernel.ts";
import { NetworkNamespace } from "../../../runtime/kernel/net/network-namespace.ts";
import { mountContainer } from "../../../runtime/kernel/ns/mount-container.ts";
import { UtsNamespace } from "../../../runtime/kernel/ns/namespaces.ts";
import { SYSCALLS } from "../../../runtime/kernel/syscalls/table.ts";
import { nextNamespaceInode, PidNamespace } from "../../../runtime/kernel/task/pid-namespace.ts";
import type { Task } from "../../../runtime/kernel/task/task.ts";
import type { Console } from "../../../runtime/kernel/tty/console.ts";
import { createConsole } from "../../../runtime/kernel/tty/console.ts";
import { interpreterModule } from "../../support/cpu-module.ts";
import { ROOT_CREDENTIALS } from "../../support/kernel-host.ts";
import type { Shown } from "./native-terminal.ts";
import type { Session } from "./scripts.ts";
import { ENVIRONMENT } from "./scripts.ts";

const SLICE_MS = 20;
const QUIET_MS = 300;
/** A program that computes and shows nothing is not waited for any longer: a loop that waits for ^C. */
const BUSY_MS = 2500;
const LIMIT_MS = 40_000;
const PIECE_BYTES = 65_536;
const MEMORY_BYTES = 4 * 1024 ** 3;
const SHM_BYTES = 64 * 1024 * 1024;

export class GuestTerminal {
  readonly kernel: Kernel;
  readonly console: Console;
  readonly task: Task;

  private constructor(machine: InterpreterMachine, lower: Filesystem, session: Session) {
    this.kernel = new Kernel({
      machine,
      clock: systemClock,
      rng: systemRng,
      syscalls: SYSCALLS,
      memoryBytes: MEMORY_BYTES,
      onWork: () => undefined,
    });
    const { kernel } = this;
    const upper = new MemoryFilesystem({ clock: systemClock });
    const cgroup = new Cgroup("container", kernel.rootCgroup);
    const pidForChildren = new PidNamespace(kernel.rootPids);
    const network = NetworkNamespace.withLoopback();
    const mount = mountContainer(kernel, {
      root: kernel.superblock(new OverlayFilesystem(upper, [lower]), "overlay"),
      pids: pidForChildren,
      network,
      cgroup,
      shmBytes: SHM_BYTES,
      mounts: [],
    });
    const root = { mount: mount.root, dentry: mount.root.root };
    const plain = (): { inode: number } => ({ inode: nextNamespaceInode() });
    const { rows = 24, columns = 80 } = session;
    this.console = createConsole(kernel, { root, size: { rows, columns }, onChange: () => undefined });
    const { description } = this.console;
    this.task = createProcess(kernel, {
      namespaces: {
        pidForChildren,
        mount,
        network,
        uts: new UtsNamespace("test", "(none)"),
        ipc: plain(),
        user: plain(),
        cgroup: { inode: nextNamespaceInode(), root: cgroup },
      },
      cgroup,
      root,
      workingDirectory: root,
      credentials: ROOT_CREDENTIALS,
      hasNoNewPrivileges: false,
      path: session.args[0] ?? "",
      args: session.args,
      env: ENVIRONMENT,
      streams: [description, description, description],
    });
    this.console.attach(this.task);
    kernel.makeReady(this.task);
  }

  static async start(lower: Filesystem, session: Session): Promise<GuestTerminal> {
    const module = await interpreterModule();
    const machine = new InterpreterMachine({ module, counterNs: () => performance.now() * 1e6 });
    return new GuestTerminal(machine, lower, session);
  }

  /** What comes until `expected` was seen and nothing more follows, or the program has ended ("end" waits for that). */
  async listen(expected: string | null, isEnd = false): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let [last, seen] = [performance.now(), ""];
    const end = performance.now() + LIMIT_MS;
    const pattern = new RegExp(expected ?? "");
    while (performance.now() < end) {
      const idleness = this.kernel.run(SLICE_MS);
      const target = new Uint8Array(PIECE_BYTES);
      const count = this.console.read(target);
      if (count > 0) {
        pieces.push(target.subarray(0, count));
        seen += Buffer.from(target.subarray(0, count)).toString("latin1");
        last = performance.now();
        continue;
      }
      if (this.task.process.isZombie) break;
      if (idleness.kind === "busy") {
        if (expected === null && !isEnd && performance.now() - last > BUSY_MS) break;
        await new Promise((resolve) => setImmediate(resolve));
        continue;
      }
      if (!isEnd && pattern.test(seen) && performance.now() - last > QUIET_MS) break;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return concatBytes(pieces);
  }

  describe(): string {
    const tasks = this.kernel.rootPids.tasks();
    return tasks
      .map(
        (task) =>
          `${task.comm} ${task.state} call ${task.syscallNumber} ${task.parking?.blocked.options.reason ?? ""}`,
      )
      .join("; ");
  }
}

export async function runInKernel(
  lower: Filesystem,
  session: Session,
): Promise<Shown & { missing: string[] }> {
  const guest = await GuestTerminal.start(lower, session);
  const pieces: Uint8Array[] = [];
  for (const [expected, keys] of session.steps) {
    pieces.push(await guest.listen(expected));
    if (typeof keys === "string") guest.console.write(Buffer.from(keys, "latin1"));
    else guest.console.setSize({ rows: keys[0], columns: keys[1] });
  }
  pieces.push(await guest.listen(null, true));
  if (!guest.task.process.isZombie) throw new Error(`it never ended: ${guest.describe()}`);
  const { exitStatus } = guest.task.process;
  const signal = (exitStatus ?? 0) & 0x7f;
  const status = exitStatus === undefined ? Number.NaN : signal === 0 ? exitStatus >> 8 : -signal;
  return {
    pieces,
    status,
    missing: [...guest.kernel.rootCgroup.diagnostics.missing].map(([name, count]) => `${name} x${count}`),
  };
}
