/** The first difference between the native run of a case and the guest's, in one line. */
import type { Outcome, ProgramCase } from "./case.ts";
import type { GuestOutcome } from "./guest-run.ts";

const TEXT_MAX = 160;

/** Undefined when they agree. */
export function difference(programCase: ProgramCase, native: Outcome, guest: GuestOutcome): string | undefined {
  const found = firstDifference(programCase, native, guest);
  if (found === undefined) return undefined;
  return guest.missing.length === 0 ? found : `${found} (missing: ${guest.missing.slice(0, 3).join(", ")})`;
}

export interface Agreement {
  readonly equal: number;
  readonly of: number;
}

/** Lines of the native output that the guest has too. */
export function agreementOf(native: Outcome, guest: GuestOutcome): Agreement {
  const [wanted, had] = [native, guest].map(({ stdout }) => stdout.split("\n").filter((line) => line !== ""));
  const lines = new Set(had);
  return { equal: (wanted ?? []).filter((line) => lines.has(line)).length, of: wanted?.length ?? 0 };
}

function firstDifference({ ignoresStderr }: ProgramCase, native: Outcome, guest: GuestOutcome): string | undefined {
  if (guest.trouble !== undefined) return short(guest.trouble);
  const stderr = ignoresStderr === undefined ? lineDifference("stderr", native.stderr, guest.stderr) : undefined;
  if (native.status !== guest.status) {
    return `exit ${guest.status}, natively ${native.status}${stderr === undefined ? "" : `; ${stderr}`}`;
  }
  return (
    lineDifference("stdout", native.stdout, guest.stdout) ??
    stderr ??
    lineDifference("files", native.changes.join("\n"), guest.changes.join("\n"))
  );
}

function lineDifference(what: string, native: string, guest: string): string | undefined {
  if (native === guest) return undefined;
  const [nativeLines, guestLines] = [native.split("\n"), guest.split("\n")];
  const at = guestLines.findIndex((line, index) => line !== nativeLines[index]);
  const index = at < 0 ? guestLines.length : at;
  const quote = (line: string | undefined): string => (line === undefined ? "nothing" : JSON.stringify(short(line)));
  return `${what}:${index + 1} ${quote(guestLines[index])}, natively ${quote(nativeLines[index])}`;
}

function short(text: string): string {
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX)}…`;
}
