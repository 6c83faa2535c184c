/**
 * A case: one program run from the tree's root, as process 1 of a container, and what of it counts. One
 * hard idea: whatever differs between two native runs of the same case (times, process numbers) must be
 * kept out by the case itself, with its reason; nothing is filtered behind its back.
 */

export interface ProgramCase {
  /** Unique; begins with `program`. */
  readonly name: string;
  /** Under which it is counted. */
  readonly program: string;
  /** A command and its arguments, or the text of a shell script. */
  readonly run: readonly string[] | string;
  /** Of a script: "sh" unless given. */
  readonly shell?: string;
  readonly stdin?: string;
  /** "full" when the minimal tree has not got the program, "wild" for another large one, "npm" for what npm packs. */
  readonly tree: "base" | "full" | "wild" | "npm";
  readonly timeoutMs?: number;
  /** Each line of its output is the outcome of one of its own tests, to be counted. */
  readonly isSuite?: boolean;
  /** Paths (or beginnings of paths) whose contents nobody can foresee, with the reason. */
  readonly ignored?: { readonly paths: readonly string[]; readonly reason: string };
  /** Only what the program answers counts, not how it was said: with the reason. */
  readonly ignoresStderr?: string;
}

export interface Outcome {
  /** Exit code, or 128 + signal. */
  readonly status: number;
  /** Bytes as latin1. */
  readonly stdout: string;
  readonly stderr: string;
  readonly changes: readonly string[];
}

export const TIMEOUT_MS = 60_000;

export const ENVIRONMENT: readonly string[] = [
  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  "HOME=/root",
  "LC_ALL=C",
  "TZ=UTC",
  "TERM=xterm",
];

/** Mount points: what happens on them is not in the overlay. */
const MOUNTED = ["/proc/", "/dev/", "/sys/"];

export function argumentsOf({ run, shell = "sh" }: ProgramCase): readonly string[] {
  return typeof run === "string" ? [`/bin/${shell}`, "-c", run] : run;
}

export function isIgnoredIn({ ignored }: ProgramCase): (path: string) => boolean {
  const prefixes = [...MOUNTED, ...(ignored?.paths ?? [])];
  return (path) => prefixes.some((prefix) => path.startsWith(prefix));
}

/** Scripts of one program by name, with what they have in common. */
export function casesOf(
  common: Omit<ProgramCase, "name" | "run">,
  scripts: Readonly<Record<string, ProgramCase["run"] | Partial<ProgramCase>>>,
): ProgramCase[] {
  return Object.entries(scripts).map(([name, script]) => {
    const more =
      typeof script === "string" || Array.isArray(script)
        ? { run: script as ProgramCase["run"] }
        : (script as Partial<ProgramCase>);
    return { run: [], ...common, ...more, name: `${common.program}: ${name}` };
  });
}
