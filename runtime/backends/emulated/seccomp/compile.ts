/**
 * A profile's rules as classic BPF (what libseccomp makes of them for runc). One hard idea: a call's number is
 * compared with one number after the other; a call with conditions gets a block that always returns, so that
 * nothing behind it needs the number again. Arguments are 64-bit: high words are compared first.
 */
import * as bpf from "../../../kernel/abi/bpf.ts";
import type { BpfInstruction } from "../../../kernel/abi/bpf.ts";
import { Errno } from "../../../kernel/abi/errno.ts";
import * as abi from "../../../kernel/abi/seccomp.ts";
import { SYSCALL_NUMBERS } from "../../../kernel/abi/syscall-names.ts";
import { SeccompFilter } from "../../../kernel/task/seccomp.ts";
import { invalid, isIncluded, namesOf, parseProfile } from "./profile.ts";
import type { ProfileArgument, ProfileRule } from "./profile.ts";

const ACTIONS = new Map<string, number>([
  ["SCMP_ACT_KILL", abi.SECCOMP_RET_KILL_THREAD],
  ["SCMP_ACT_KILL_THREAD", abi.SECCOMP_RET_KILL_THREAD],
  ["SCMP_ACT_KILL_PROCESS", abi.SECCOMP_RET_KILL_PROCESS],
  ["SCMP_ACT_TRAP", abi.SECCOMP_RET_TRAP],
  ["SCMP_ACT_ERRNO", abi.SECCOMP_RET_ERRNO],
  ["SCMP_ACT_TRACE", abi.SECCOMP_RET_TRACE],
  ["SCMP_ACT_LOG", abi.SECCOMP_RET_LOG],
  ["SCMP_ACT_ALLOW", abi.SECCOMP_RET_ALLOW],
]);
const ARGUMENTS_MAX = 6;
const WORD_BITS = 32n;

/** The filter of a container with these capabilities ("CAP_CHOWN"). @throws SlipwayError invalidParameter. */
export function compileSeccompProfile(profile: unknown, capabilities: readonly string[]): SeccompFilter {
  return new SeccompFilter(compileToBpf(profile, capabilities), undefined);
}

export function compileToBpf(profile: unknown, capabilities: readonly string[]): readonly BpfInstruction[] {
  const { defaultAction, defaultErrnoRet, syscalls } = parseProfile(profile);
  const verdict = verdictOf(defaultAction, defaultErrnoRet);
  const rules = (syscalls ?? []).filter((rule) => isIncluded(rule, capabilities));
  const program: BpfInstruction[] = [load(abi.SECCOMP_DATA_ARCH)];
  program.push(
    jump(bpf.BPF_JEQ, abi.AUDIT_ARCH_X86_64, 1, 0),
    returns(abi.SECCOMP_RET_KILL_PROCESS),
    load(0),
  );
  const byNumber = rulesByNumber(rules, verdict);
  const isPermissive = verdict === abi.SECCOMP_RET_ALLOW || verdict === abi.SECCOMP_RET_LOG;
  if (!isPermissive && rules.length > 0) {
    const known = (syscalls ?? [])
      .flatMap((rule) => namesOf(rule))
      .map((name) => SYSCALL_NUMBERS.get(name) ?? 0);
    program.push(jump(bpf.BPF_JGT, Math.max(...known), 0, 1), returns(abi.SECCOMP_RET_ERRNO | Errno.ENOSYS));
  }
  for (const [number, chosen] of byNumber) {
    const block = blockOf(chosen, verdict);
    if (block.length === 1) program.push(jump(bpf.BPF_JEQ, number, 0, 1), ...block);
    else
      program.push(
        jump(bpf.BPF_JEQ, number, 1, 0),
        statement(bpf.BPF_JMP | bpf.BPF_JA, block.length),
        ...block,
      );
  }
  program.push(returns(verdict));
  if (program.length > bpf.BPF_MAXINSNS) throw invalid("the seccomp profile makes a filter that is too long");
  return program;
}

function verdictOf(action: string, errnoRet: number | null | undefined): number {
  const known = ACTIONS.get(action);
  if (known === undefined) throw invalid(`string ${action} is not a valid action for seccomp`);
  const hasData = known === abi.SECCOMP_RET_ERRNO || known === abi.SECCOMP_RET_TRACE;
  return hasData ? known | ((errnoRet ?? Errno.EPERM) & abi.SECCOMP_RET_DATA) : known;
}

interface Choice {
  /** All of them hold; none: always. */
  readonly args: readonly ProfileArgument[];
  readonly verdict: number;
}

/** Rules that say what is so anyway are left out, as runc does; unknown names count for nothing. */
function rulesByNumber(
  rules: readonly ProfileRule[],
  byDefault: number,
): ReadonlyMap<number, readonly Choice[]> {
  const found = new Map<number, Choice[]>();
  for (const rule of rules) {
    const verdict = verdictOf(rule.action, rule.errnoRet);
    if (verdict === byDefault) continue;
    const alternatives = alternativesOf(rule.args ?? []);
    for (const name of namesOf(rule)) {
      const number = SYSCALL_NUMBERS.get(name);
      if (number === undefined) continue;
      const choices = found.get(number) ?? [];
      choices.push(...alternatives.map((args) => ({ args, verdict })));
      found.set(number, choices);
    }
  }
  return found;
}

/** Conditions on different arguments must all hold; with two on one argument each is a rule of its own. */
function alternativesOf(args: readonly ProfileArgument[]): readonly (readonly ProfileArgument[])[] {
  const isOneEach = new Set(args.map(({ index }) => index)).size === args.length;
  return isOneEach ? [args] : args.map((argument) => [argument]);
}

/** A rule without conditions stands above those with; of several that hold, the first counts. */
function blockOf(choices: readonly Choice[], byDefault: number): readonly BpfInstruction[] {
  const always = choices.find(({ args }) => args.length === 0);
  if (always !== undefined) return [returns(always.verdict)];
  const block: BpfInstruction[] = [];
  for (const { args, verdict } of choices) {
    const steps = args.map(conditionOf);
    const length = steps.reduce((sum, part) => sum + part.length, 0);
    let at = 0;
    for (const part of steps) {
      const end = at + part.length;
      for (const [index, step] of part.entries()) {
        const targets = { next: at + index + 1, pass: end, fail: length + 1 };
        const offset = (target: keyof typeof targets): number => targets[target] - (at + index) - 1;
        block.push({
          code: step.code,
          k: step.k,
          jt: offset(step.onTrue ?? "next"),
          jf: offset(step.onFalse ?? "next"),
        });
      }
      at = end;
    }
    block.push(returns(verdict));
  }
  return [...block, returns(byDefault)];
}

/** An instruction of one condition: where its jump goes. */
interface Step {
  readonly code: number;
  readonly k: number;
  readonly onTrue?: "next" | "pass" | "fail";
  readonly onFalse?: "next" | "pass" | "fail";
}

function conditionOf({ index, value, valueTwo = 0, op }: ProfileArgument): readonly Step[] {
  if (index < 0 || index >= ARGUMENTS_MAX) throw invalid(`seccomp: argument index ${index} is out of range`);
  const [high, low] = wordsOf(value);
  const loadHigh: Step = { code: bpf.BPF_LD | bpf.BPF_ABS, k: abi.SECCOMP_DATA_ARGS + index * 8 + 4 };
  const loadLow: Step = { code: bpf.BPF_LD | bpf.BPF_ABS, k: abi.SECCOMP_DATA_ARGS + index * 8 };
  const when = (test: number, k: number, onTrue: Step["onTrue"], onFalse: Step["onFalse"]): Step => ({
    code: bpf.BPF_JMP | test,
    k,
    ...(onTrue ? { onTrue } : {}),
    ...(onFalse ? { onFalse } : {}),
  });
  const same = when(bpf.BPF_JEQ, high, "next", "fail");
  const { BPF_JEQ: equal, BPF_JGT: above, BPF_JGE: atLeast } = bpf;
  switch (op) {
    case "SCMP_CMP_EQ":
      return [loadHigh, same, loadLow, when(equal, low, "pass", "fail")];
    case "SCMP_CMP_NE":
      return [loadHigh, when(equal, high, "next", "pass"), loadLow, when(equal, low, "fail", "pass")];
    case "SCMP_CMP_GT":
      return [loadHigh, when(above, high, "pass", "next"), same, loadLow, when(above, low, "pass", "fail")];
    case "SCMP_CMP_GE":
      return [loadHigh, when(above, high, "pass", "next"), same, loadLow, when(atLeast, low, "pass", "fail")];
    case "SCMP_CMP_LT":
    case "SCMP_CMP_LE": {
      const last = when(op === "SCMP_CMP_LT" ? atLeast : above, low, "fail", "pass");
      return [loadHigh, when(above, high, "fail", "next"), when(equal, high, "next", "pass"), loadLow, last];
    }
    case "SCMP_CMP_MASKED_EQ": {
      const [wantedHigh, wantedLow] = wordsOf(valueTwo);
      const and = (k: number): Step => ({ code: bpf.BPF_ALU | bpf.BPF_AND, k });
      return [
        loadHigh,
        and(high),
        when(equal, wantedHigh, "next", "fail"),
        loadLow,
        and(low),
        when(equal, wantedLow, "pass", "fail"),
      ];
    }
    default:
      throw invalid(`string ${op} is not a valid operator for seccomp`);
  }
}

function wordsOf(value: number): readonly [number, number] {
  const bits = BigInt.asUintN(64, BigInt(Math.trunc(value)));
  return [Number(bits >> WORD_BITS), Number(bits & 0xffff_ffffn)];
}

function statement(code: number, k: number): BpfInstruction {
  return { code, jt: 0, jf: 0, k };
}

function load(offset: number): BpfInstruction {
  return statement(bpf.BPF_LD | bpf.BPF_W | bpf.BPF_ABS, offset);
}

function returns(verdict: number): BpfInstruction {
  return statement(bpf.BPF_RET | bpf.BPF_K, verdict >>> 0);
}

function jump(test: number, k: number, jt: number, jf: number): BpfInstruction {
  return { code: bpf.BPF_JMP | test, jt, jf, k };
}
