/**
 * Cases for the line discipline: fixed ones that name a rule each, and seeded ones. A case is a list of steps
 * done on both ends of one pty; the keys are the usual ones unless a step sets others.
 */
import { Input, Local, Output } from "../../../runtime/kernel/abi/termios.ts";

/** "set" [iflag, oflag, lflag, c_cc], "type" and "write" hexadecimal, "read" a size, the others a number. */
export type Step =
  | readonly ["set", readonly [number, number, number, readonly number[]]]
  | readonly ["type" | "write", string]
  | readonly ["read" | "flush" | "flow" | "packet", number]
  | readonly ["take" | "count" | "poll", 0];

const KEYS = [3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0];
const COOKED_INPUT = Input.ICRNL | Input.IXON;
const COOKED_OUTPUT = Output.OPOST | Output.ONLCR;
const COOKED_LOCAL =
  Local.ISIG |
  Local.ICANON |
  Local.ECHO |
  Local.ECHOE |
  Local.ECHOK |
  Local.ECHOCTL |
  Local.ECHOKE |
  Local.IEXTEN;

const hex = (text: string): string => Buffer.from(text, "latin1").toString("hex");
const set = (input: number, output: number, local: number, keys: readonly number[] = KEYS): Step => [
  "set",
  [input, output, local, keys],
];
const type = (text: string): Step => ["type", hex(text)];
const take: Step = ["take", 0];
const read: Step = ["read", 100];

export const FIXED_CASES: readonly (readonly Step[])[] = [
  [type("hello\r"), ["count", 0], ["poll", 0], take, read, read],
  [type("ab\x7fc\x17x\x15line\x04"), take, read, type("\x04"), read],
  [type("tab\there\x7f\x7f\x7f\x7f\x7f\x7f"), take],
  [
    set(COOKED_INPUT | Input.IUTF8, COOKED_OUTPUT, COOKED_LOCAL),
    type("\xc3\xa4\xe2\x82\xac\x7f\x7f\x7f"),
    take,
  ],
  [set(COOKED_INPUT, COOKED_OUTPUT, COOKED_LOCAL | Local.ECHOPRT), type("abc\x7f\x7fd\r"), take, read],
  [set(COOKED_INPUT, COOKED_OUTPUT, COOKED_LOCAL & ~Local.ECHOKE), type("abc\x15d\r"), take, read],
  [set(COOKED_INPUT, COOKED_OUTPUT, COOKED_LOCAL & ~Local.ECHOE), type("abc\x7f\x7fd\r"), take, read],
  [set(COOKED_INPUT, COOKED_OUTPUT, COOKED_LOCAL & ~Local.ECHO), type("secret\r"), take, read],
  [
    set(COOKED_INPUT, COOKED_OUTPUT, (COOKED_LOCAL & ~Local.ECHO) | Local.ECHONL),
    type("secret\r"),
    take,
    read,
  ],
  [type("\x16\x03\x16\x04\r"), take, read],
  [type("typed\x12"), take, type("\r"), take, read],
  [type("typed\x03more\r"), take, read],
  [set(COOKED_INPUT, COOKED_OUTPUT, COOKED_LOCAL | Local.NOFLSH), type("typed\x03more\r"), take, read],
  [type("\x13"), ["write", hex("held")], take, ["poll", 0], type("x\x11"), ["write", hex("free")], take],
  [
    set(COOKED_INPUT | Input.IXANY, COOKED_OUTPUT, COOKED_LOCAL),
    type("\x13"),
    type("x"),
    ["write", "41"],
    take,
  ],
  [["write", hex("a\nb\tc\rd\x08")], take],
  [set(COOKED_INPUT, COOKED_OUTPUT | Output.XTABS, COOKED_LOCAL), ["write", hex("\ta\tbcdefgh\ti\n")], take],
  [
    set(0, Output.OPOST | Output.OCRNL | Output.ONOCR | Output.ONLRET, 0),
    ["write", hex("\ra\rb\n\rc")],
    take,
  ],
  [set(0, 0, 0), type("raw\r\n\x03\x04"), ["count", 0], read, take],
  [
    type("half"),
    set(0, 0, 0),
    read,
    type("x"),
    set(COOKED_INPUT, COOKED_OUTPUT, COOKED_LOCAL),
    read,
    type("y\r"),
    read,
  ],
  [
    type("x".repeat(3000)),
    type("y".repeat(2000)),
    ["count", 0],
    type("\r"),
    ["count", 0],
    ["read", 5000],
    ["read", 5000],
  ],
  [type("one\rtwo\rthree"), ["read", 2], ["read", 100], ["read", 100], ["read", 100]],
  [type("one\r"), ["flush", 0], read, type("two\r"), read],
  [["write", hex("out")], ["flush", 1], take],
  [["flow", 0], ["write", hex("held")], type("a"), take, ["flow", 1], ["write", hex("b")], take],
  [["flow", 2], ["flow", 3], take, ["flow", 9]],
  [["packet", 1], ["write", hex("data")], take, type("\x13"), take, type("\x11"), take, ["flush", 2], take],
  [["packet", 1], set(0, 0, 0), take, set(COOKED_INPUT, COOKED_OUTPUT, COOKED_LOCAL), take],
  [set(COOKED_INPUT | Input.INLCR | Input.IGNCR, COOKED_OUTPUT, COOKED_LOCAL), type("a\rb\nc"), take, read],
  [set(COOKED_INPUT | Input.ISTRIP | Input.IUCLC, COOKED_OUTPUT, COOKED_LOCAL), type("A\xc1b\r"), take, read],
  [set(COOKED_INPUT | Input.PARMRK, COOKED_OUTPUT, COOKED_LOCAL), type("a\xffb\r"), take, read],
  [
    set(COOKED_INPUT, COOKED_OUTPUT, COOKED_LOCAL, KEYS.with(11, 0x3b)),
    type("a;b;c\r"),
    take,
    read,
    read,
    read,
  ],
  [set(COOKED_INPUT, COOKED_OUTPUT, COOKED_LOCAL & ~Local.ECHOCTL), type("a\x01\x7f\x02b\r"), take, read],
];

const INPUT_BITS = [
  Input.ISTRIP,
  Input.INLCR,
  Input.IGNCR,
  Input.ICRNL,
  Input.IUCLC,
  Input.IXON,
  Input.IXANY,
  Input.IUTF8,
  Input.PARMRK,
];
const OUTPUT_BITS = [
  Output.OPOST,
  Output.OLCUC,
  Output.ONLCR,
  Output.OCRNL,
  Output.ONOCR,
  Output.ONLRET,
  Output.XTABS,
];
const LOCAL_BITS = [
  Local.ISIG,
  Local.ICANON,
  Local.ECHO,
  Local.ECHOE,
  Local.ECHOK,
  Local.ECHONL,
  Local.NOFLSH,
  Local.ECHOCTL,
  Local.ECHOPRT,
  Local.ECHOKE,
  Local.IEXTEN,
];
/** What is typed most: letters, the keys of KEYS, tabs, line ends, pieces of UTF-8. */
const TYPED = [
  ...Array.from("abc de_9"),
  ...Array.from("\x01\x03\x04\x7f\x7f\x15\x17\x12\x16\x0f\x11\x13\r\n\t\x1a\x1c\x1bA"),
  "\xc3\xa4",
  "\xff",
];
const WRITTEN = [...Array.from("abcXY "), "\n", "\r", "\t", "\b", "\x1b", "\xe2\x82\xac"];

/** mulberry32: small, and the same everywhere. */
function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

export function makeCase(seed: number): readonly Step[] {
  const random = randomOf(seed);
  const pick = <Item>(items: readonly Item[], fallback: Item): Item =>
    items[random(items.length)] ?? fallback;
  const some = (bits: readonly number[]): number =>
    bits.reduce((sum, bit) => (random(2) === 0 ? sum : sum | bit), 0);
  const text = (from: readonly string[]): string =>
    hex(Array.from({ length: 1 + random(12) }, () => pick(from, "a")).join(""));
  const settings = (): Step => {
    if (random(3) > 0) return set(COOKED_INPUT, COOKED_OUTPUT, COOKED_LOCAL ^ pick(LOCAL_BITS, 0));
    const keys = random(3) === 0 ? KEYS.with(6, random(4)).with(11, 0x61) : KEYS;
    return set(some(INPUT_BITS), some(OUTPUT_BITS), some(LOCAL_BITS), keys);
  };
  const steps: Step[] = [settings()];
  for (let count = 6 + random(14); count > 0; count--) {
    const kind = random(16);
    if (kind < 6) steps.push(["type", text(TYPED)], take);
    else if (kind < 9) steps.push(["write", text(WRITTEN)], take);
    else if (kind < 12) steps.push(["read", 1 + random(20)]);
    else if (kind === 12) steps.push(settings());
    else if (kind === 13) steps.push(["count", 0], ["poll", 0]);
    else if (kind === 14) steps.push(["flush", random(3)]);
    else steps.push(["flow", random(4)], take);
  }
  return steps;
}
