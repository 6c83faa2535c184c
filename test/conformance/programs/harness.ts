/** Both runs of a case, and the verdict. Trees and processors are made once and shared by all cases. */
import { existsSync } from "node:fs";
import { ensureNpmTree } from "../../fixtures/images/debian-programs/npm-programs.mjs";
import { ensureTree, treePath } from "../../fixtures/images/debian-programs/mmdebstrap.mjs";
import type { Outcome, ProgramCase } from "./case.ts";
import type { Agreement } from "./compare.ts";
import { agreementOf, difference } from "./compare.ts";
import type { GuestOutcome } from "./guest-run.ts";
import { GuestRunner } from "./guest-run.ts";
import { HostTree } from "./host-tree.ts";
import { runNatively } from "./native-run.ts";

export const CACHE = new URL("../../../.cache/trees", import.meta.url).pathname;
const SCRATCH = new URL("../../../.cache/programs", import.meta.url).pathname;

export interface Verdict {
  readonly native: Outcome;
  readonly guest: GuestOutcome | undefined;
  /** Undefined when both agree. */
  readonly reason: string | undefined;
  /** Of a suite: how many of its outcomes are the same. */
  readonly agreement: Agreement | undefined;
}

/** The trees a case runs on, uppermost first: the big one serves all when it is there. */
export function treesFor({ tree }: ProgramCase): readonly string[] {
  if (tree === "wild") return [ensureTree("wild", CACHE)];
  if (tree === "npm") return [ensureNpmTree(CACHE), ensureTree("full", CACHE)];
  const full = treePath("full", CACHE);
  return [tree === "full" || existsSync(full) ? ensureTree("full", CACHE) : ensureTree("base", CACHE)];
}

export class ProgramHarness {
  readonly #trees = new Map<string, HostTree>();
  readonly #runners = new Map<string, Promise<GuestRunner>>();

  async run(programCase: ProgramCase, isTracing = false): Promise<Verdict> {
    const trees = treesFor(programCase);
    const native = await runNatively(trees, SCRATCH, programCase);
    try {
      const guest = await (await this.#runner(trees)).run(programCase, isTracing);
      const agreement = programCase.isSuite === true ? agreementOf(native, guest) : undefined;
      return { native, guest, reason: difference(programCase, native, guest), agreement };
    } catch (thrown) {
      // A mistake of ours ends the kernel; the next case has another.
      const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      return {
        native,
        guest: undefined,
        agreement: undefined,
        reason: `the kernel failed: ${text.split("\n").slice(0, 4).join(" ")}`,
      };
    }
  }

  #runner(trees: readonly string[]): Promise<GuestRunner> {
    const name = trees.join(":");
    const known = this.#runners.get(name);
    if (known !== undefined) return known;
    const made = GuestRunner.start(trees.map((tree) => this.#tree(tree)));
    this.#runners.set(name, made);
    return made;
  }

  #tree(path: string): HostTree {
    const tree = this.#trees.get(path) ?? new HostTree(path);
    this.#trees.set(path, tree);
    return tree;
  }
}
