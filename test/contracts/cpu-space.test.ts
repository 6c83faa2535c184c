/**
 * The contract of a space (runtime/cpu/machine.ts), beyond what an instruction does: stops, code that
 * changes, access, copies, memory that is used again, and translations that do not fit.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { assert } from "../../layers/base/assert.ts";
import { InterpreterMachine } from "../../runtime/cpu/interpreter/machine.ts";
import { BIAS, PAGE_BYTES, SPACE_END, Stop, Vector } from "../../runtime/cpu/machine.ts";
import { ROWS } from "../../runtime/cpu/spec/rows.ts";
import { interpreterModule } from "../support/cpu-module.ts";
import { code, CODE, DATA, Guest, le32, STACK_TOP } from "./cpu-guest.ts";

let machine: InterpreterMachine;
beforeAll(async () => {
  machine = new InterpreterMachine({ module: await interpreterModule(), counterNs: () => 0 });
});
afterAll(() => machine.dispose());

const create = (program: string, reserve?: (sizeBytes: number) => number): Guest =>
  Guest.create(machine, program, reserve);

describe("a window", () => {
  const FAR = 0x7000_0000_0000;
  const open = (program: string): Guest => {
    const guest = create(program);
    guest.space.setWindows([{ start: FAR, end: FAR + PAGE_BYTES, low: DATA }]);
    guest.poke(DATA, [1, 2, 3, 4, 5, 6, 7, 8]);
    return guest;
  };

  test("shows pages below to every way of reading and writing", () => {
    // mov eax, [rbx]; inc word [rbx + 4]; push qword [rbx]; pop qword [rbx + 8]; rep movsb; syscall
    const guest = open("8b 03 66 ff 43 04 ff 33 8f 43 08 f3 a4 0f 05");
    guest.start({ rbx: BigInt(FAR), rsi: BigInt(FAR), rdi: BigInt(FAR + 32), rcx: 6n });
    expect(guest.run()).toBe(Stop.syscall);
    expect(guest.get("rax")).toBe(0x0403_0201n);
    expect(guest.peek(DATA, 16)).toEqual([1, 2, 3, 4, 6, 6, 7, 8, 1, 2, 3, 4, 6, 6, 7, 8]);
    expect(guest.peek(DATA + 32, 7)).toEqual([1, 2, 3, 4, 6, 6, 0]);
  });

  test("ends where it ends, and its pages keep their access", () => {
    const guest = open("8b 03 0f 05"); // mov eax, [rbx]; syscall
    guest.start({ rbx: BigInt(FAR + PAGE_BYTES - 2) });
    expect(guest.run()).toBe(Stop.fault);
    expect(guest.fault).toMatchObject({ vector: Vector.pageFault, address: FAR + PAGE_BYTES, isBeyond: true });
    guest.space.setAccess(DATA, DATA + PAGE_BYTES, 0);
    guest.start({ rbx: BigInt(FAR + 16) });
    expect(guest.run()).toBe(Stop.fault);
    expect(guest.fault).toMatchObject({ vector: Vector.pageFault, address: DATA + 16, isBeyond: false });
  });

  test("is in a copy of the space, and none is in a new one", () => {
    const guest = open("8b 03 0f 05");
    const ranges = [[CODE, CODE + PAGE_BYTES], [DATA, DATA + PAGE_BYTES]] as const;
    const copy = guest.space.clone(ranges, { reserve: () => 0 });
    const context = guest.start({ rbx: BigInt(FAR) }).context.clone(copy);
    expect(copy.run(context, 100)).toBe(Stop.syscall);
    expect(context.register(0)).toBe(0x0403_0201n);
    context.dispose();
    copy.dispose();
    guest.space.dispose();
    expect(create("8b 03 0f 05").start({ rbx: BigInt(FAR) }).run()).toBe(Stop.fault);
  });
});

describe("a run", () => {
  test("stops behind syscall with rcx and r11 as the manual says", () => {
    const guest = create("f9 0f 05"); // stc; syscall
    expect(guest.run()).toBe(Stop.syscall);
    expect(guest.context.rip).toBe(CODE + 3);
    expect(guest.get("rcx")).toBe(BigInt(CODE + 3));
    expect(guest.get("r11")).toBe(0x203n);
  });

  test("stops at about its fuel and goes on as if nothing had been", () => {
    // mov ecx, 1000; 1: inc rax; dec ecx; jnz 1b; syscall
    const guest = create(`b9 ${le32(1000)} 48 ff c0 ff c9 75 f9 0f 05`);
    let slices = 0;
    let stop: Stop = Stop.fuel;
    while (stop === Stop.fuel && slices < 10_000) {
      stop = guest.run(7);
      slices++;
    }
    expect(stop).toBe(Stop.syscall);
    expect(guest.get("rax")).toBe(1000n);
    expect(slices).toBeGreaterThan(200);
    expect(guest.space.executed).toBeGreaterThan(2900);
  });

  test("is one instruction at a time with its own flags when it is to step singly", () => {
    // inc rax; xor ecx, ecx; sub ecx, 1; inc rax; test ecx, ecx; inc rax; syscall
    const guest = create("48 ff c0 31 c9 83 e9 01 48 ff c0 85 c9 48 ff c0 0f 05");
    guest.space.noteFlags(true);
    guest.space.stepSingly(true);
    const steps: string[] = [];
    for (let stop: Stop = Stop.fuel; stop === Stop.fuel && steps.length < 20; ) {
      stop = guest.run(1);
      steps.push(`${(guest.context.rip - CODE).toString()}:${(guest.context.rflags & 0x8d5).toString(16)}`);
    }
    expect(steps).toEqual(["3:0", "5:44", "8:95", "11:1", "13:84", "16:4", "18:4"]);
  });

  test("adds a segment base to an address relative to rip and beyond 2 GiB", () => {
    const guest = create(`65 8b 05 ${le32(0x7fff_fff0)} 0f 05`); // mov eax, gs:[rip + 0x7ffffff0]; syscall
    guest.context.gsBase = BigInt.asUintN(64, BigInt(DATA) - BigInt(CODE + 7 + 0x7fff_fff0));
    guest.poke(DATA, [1, 2, 3, 4]);
    expect(guest.run()).toBe(Stop.syscall);
    expect(guest.get("rax")).toBe(0x0403_0201n);
  });

  test("adds an index to the lowest displacement there is", () => {
    const guest = create(`8b 04 dd ${le32(0x8000_00e0)} 0f 05`); // mov eax, [rbx * 8 - 0x7fffff20]; syscall
    guest.poke(DATA, [1, 2, 3, 4]);
    guest.start({ rbx: BigInt(DATA + 0x7fff_ff20) / 8n });
    expect(guest.run()).toBe(Stop.syscall);
    expect(guest.get("rax")).toBe(0x0403_0201n);
  });

  test("lets the scheduler in while a string instruction repeats, and goes on where it was", () => {
    const bytes = 0x20_0000;
    const start = 0x100_0000;
    // repe cmpsb; syscall: over two ranges that differ in their last byte
    const guest = create("f3 a6 0f 05");
    guest.space.grow(start + 2 * bytes);
    guest.space.setAccess(start, start + 2 * bytes, 3);
    guest.poke(start + 2 * bytes - 1, [1]);
    guest.start({ rsi: BigInt(start), rdi: BigInt(start + bytes), rcx: BigInt(bytes) });
    expect(guest.run()).toBe(Stop.fuel);
    expect(guest.context.rip).toBe(CODE);
    let stops = 1;
    while (guest.run() === Stop.fuel) stops++;
    expect(stops).toBeGreaterThan(50);
    expect([guest.get("rsi"), guest.get("r11") & 0x41n]).toEqual([BigInt(start + bytes), 1n]);
  });

  test("keeps two contexts of one space apart", () => {
    const guest = create("48 ff c0 0f 05"); // inc rax; syscall
    const other = new Guest(guest.space, guest.context.clone(guest.space));
    other.set({ rax: 100n });
    guest.run();
    other.run();
    expect([guest.get("rax"), other.get("rax")]).toEqual([1n, 101n]);
    other.context.dispose();
    expect(guest.get("rax")).toBe(1n);
  });
});

describe("a profile", () => {
  test("names the blocks that ran most, with their instructions", () => {
    // mov ecx, 500; 1: inc rax; add rdx, rax; dec ecx; jnz 1b; syscall
    const guest = create(`b9 ${le32(500)} 48 ff c0 48 01 c2 ff c9 75 f6 0f 05`);
    guest.run();
    const [hottest, ...others] = guest.space.hotBlocks(3);
    expect(hottest).toMatchObject({ address: CODE + 5, sizeBytes: 10, uops: 4, executions: 499 });
    expect(hottest?.rows.map((row) => ROWS[row]?.mnemonics[0])).toEqual(["inc", "add", "dec", "jne"]);
    expect(others.map(({ executions }) => executions)).toEqual([1, 1]);
    expect(guest.space.hotBlocks(1)).toEqual([hottest]);
  });
});

describe("code that changes", () => {
  const WRITABLE = 7;
  /** mov eax, `value`; ret */
  const answer = (value: number): number[] => code(`b8 ${le32(value)} c3`);

  test("written by the guest on another page is what runs next", () => {
    // call rbx; mov esi, eax; mov byte [rbx+1], 2; call rbx; syscall
    const guest = create("ff d3 89 c6 c6 43 01 02 ff d3 0f 05");
    guest.space.setAccess(DATA, DATA + PAGE_BYTES, WRITABLE);
    guest.poke(DATA, answer(1));
    expect(guest.start({ rbx: BigInt(DATA) }).run()).toBe(Stop.syscall);
    expect([guest.get("rsi"), guest.get("rax")]).toEqual([1n, 2n]);
  });

  test("written by the guest in the running block is what runs next", () => {
    // mov byte [rip+1], 9 (the immediate below); mov eax, 1; syscall
    const guest = create(`c6 05 01 00 00 00 09 b8 ${le32(1)} 0f 05`);
    guest.space.setAccess(CODE, CODE + PAGE_BYTES, WRITABLE);
    expect(guest.run()).toBe(Stop.syscall);
    expect(guest.get("rax")).toBe(9n);
  });

  test("written across two pages by one store is what runs next", () => {
    const at = DATA + PAGE_BYTES - 2;
    // call rbx; mov esi, eax; mov [rbx], rdx; call rbx; syscall
    const guest = create("ff d3 89 c6 48 89 13 ff d3 0f 05");
    guest.space.setAccess(DATA, DATA + 2 * PAGE_BYTES, WRITABLE);
    guest.poke(at, answer(1));
    const next = new DataView(Uint8Array.from([...answer(7), 0x90, 0x90]).buffer).getBigUint64(0, true);
    expect(guest.start({ rbx: BigInt(at), rdx: next }).run()).toBe(Stop.syscall);
    expect([guest.get("rsi"), guest.get("rax")]).toEqual([1n, 7n]);
  });

  test("that changed leaves nothing behind where a jump to address 1 would look", () => {
    const guest = create(`90 48 ff c0 0f 05`); // nop; inc rax; syscall
    guest.poke(CODE + 0x10, [0xff, 0xe3]); // jmp rbx
    const jump = (target: number): Stop => guest.start({ rbx: BigInt(target) }, CODE + 0x10).run();
    expect(jump(CODE + 1)).toBe(Stop.syscall);
    guest.space.codeChanged(CODE, CODE + 1);
    expect(jump(1)).toBe(Stop.fault);
    expect(guest.context.rip).toBe(1);
    expect(guest.space.fault).toMatchObject({ vector: Vector.pageFault, isFetch: true, address: 1 });
  });

  test("written by the kernel counts from codeChanged on", () => {
    const guest = create("ff d3 0f 05"); // call rbx; syscall
    guest.space.setAccess(DATA, DATA + PAGE_BYTES, 5);
    for (const value of [3, 4]) {
      guest.poke(DATA, answer(value));
      guest.space.codeChanged(DATA, DATA + 6);
      guest.start({ rbx: BigInt(DATA) }).run();
      expect(guest.get("rax")).toBe(BigInt(value));
    }
  });

  test("by rep movs, as a string store is noticed as well", () => {
    // call rbx; rep movsb; call rbx; syscall
    const guest = create("ff d3 89 c5 f3 a4 ff d3 0f 05");
    guest.space.setAccess(DATA, DATA + PAGE_BYTES, WRITABLE);
    guest.poke(DATA, answer(1));
    guest.poke(DATA + 64, answer(5));
    guest.start({ rbx: BigInt(DATA), rdi: BigInt(DATA), rsi: BigInt(DATA + 64), rcx: 6n }).run();
    expect([guest.get("rbp"), guest.get("rax")]).toEqual([1n, 5n]);
  });
});

describe("access", () => {
  test("taken away from code stops it there, given back it runs", () => {
    const guest = create("0f 05");
    guest.run();
    guest.space.setAccess(CODE, CODE + PAGE_BYTES, 1);
    expect(guest.start({}).run()).toBe(Stop.fault);
    expect(guest.fault).toEqual({
      vector: Vector.pageFault, address: CODE, isWrite: false, isFetch: true, isPresent: true, isBeyond: false,
    });
    guest.space.setAccess(CODE, CODE + PAGE_BYTES, 5);
    expect(guest.run()).toBe(Stop.syscall);
  });

  test("taken from the second page of an instruction faults there, with rip at the instruction", () => {
    const at = DATA + PAGE_BYTES - 2;
    const guest = create("");
    guest.space.setAccess(DATA, DATA + 2 * PAGE_BYTES, 5);
    guest.poke(at, code(`b8 ${le32(1)} 0f 05`));
    expect(guest.start({}, at).run()).toBe(Stop.syscall);
    guest.space.setAccess(DATA + PAGE_BYTES, DATA + 2 * PAGE_BYTES, 0);
    expect(guest.start({}, at).run()).toBe(Stop.fault);
    expect([guest.fault.address, guest.fault.isFetch, guest.fault.isPresent]).toEqual([DATA + PAGE_BYTES, true, false]);
    expect(guest.context.rip).toBe(at);
  });

  test("to write without read is given with read, as x86 has no other", () => {
    const guest = create("");
    guest.space.setAccess(DATA, DATA + PAGE_BYTES, 2);
    expect(guest.space.access(DATA)).toBe(3);
  });
});

describe("a copy", () => {
  const RANGES = [[CODE, CODE + PAGE_BYTES], [DATA, DATA + PAGE_BYTES], [STACK_TOP - PAGE_BYTES, STACK_TOP]] as const;

  test("has the bytes of its ranges and goes on where the original was", () => {
    const guest = create("0f 05 ff 03 8b 03 0f 05"); // syscall; inc [rbx]; mov eax, [rbx]; syscall
    guest.start({ rbx: BigInt(DATA) }).run();
    const space = guest.space.clone(RANGES, { reserve: () => 0 });
    const child = new Guest(space, guest.context.clone(space));
    guest.poke(DATA, [10]);
    child.poke(DATA, [20]);
    expect([child.run(), guest.run()]).toEqual([Stop.syscall, Stop.syscall]);
    expect([guest.get("rax"), child.get("rax")]).toEqual([11n, 21n]);
    space.dispose();
    expect(guest.start({}).run()).toBe(Stop.syscall);
  });

  test("and its original change their code apart", () => {
    const guest = create("ff d3 0f 05"); // call rbx; syscall
    guest.space.setAccess(DATA, DATA + PAGE_BYTES, 7);
    guest.poke(DATA, code(`b8 ${le32(1)} c3`));
    const registers = { rbx: BigInt(DATA) };
    guest.start(registers).run();
    const space = guest.space.clone(RANGES, { reserve: () => 0 });
    const child = new Guest(space, guest.context.clone(space));
    child.poke(DATA + 1, [2]);
    space.codeChanged(DATA, DATA + 8);
    guest.start(registers).run();
    child.start(registers).run();
    expect([guest.get("rax"), child.get("rax")]).toEqual([1n, 2n]);
    guest.poke(DATA + 1, [3]);
    guest.space.codeChanged(DATA, DATA + 8);
    guest.start(registers).run();
    child.start(registers).run();
    expect([guest.get("rax"), child.get("rax")]).toEqual([3n, 2n]);
  });

  test("of a context has every register, the floating point ones too", () => {
    const guest = create("0f 05");
    const image = new Uint8Array(512);
    guest.context.saveFpu(image);
    image.set([0x7f, 0x0c], 0);
    for (let index = 160; index < 416; index++) image[index] = index & 255;
    expect(guest.context.restoreFpu(image)).toBe(true);
    guest.context.fsBase = 0x1234n;
    guest.context.rflags = 0x8d5;
    guest.set({ r8: 8n });
    const copy = new Guest(guest.space, guest.context.clone(guest.space));
    const other = new Uint8Array(512);
    copy.context.saveFpu(other);
    expect(other.subarray(0, 416)).toEqual(image.subarray(0, 416));
    expect([copy.context.fsBase, copy.context.rflags, copy.get("r8"), copy.context.rip]).toEqual([0x1234n, 0xad7, 8n, CODE]);
  });

  test("of the floating point state refuses reserved MXCSR bits and changes nothing", () => {
    const guest = create("");
    const before = new Uint8Array(512);
    guest.context.saveFpu(before);
    const image = before.slice();
    image[27] = 1;
    image[160] = 1;
    expect(guest.context.restoreFpu(image)).toBe(false);
    const after = new Uint8Array(512);
    guest.context.saveFpu(after);
    expect(after).toEqual(before);
  });
});

describe("memory", () => {
  test("of a space that ended is clean in the next", () => {
    for (let round = 0; round < 20; round++) {
      const guest = create("0f 05");
      expect(guest.peek(DATA, PAGE_BYTES).every((byte) => byte === 0)).toBe(true);
      expect(guest.space.access(DATA + PAGE_BYTES)).toBe(0);
      expect(guest.space.executed).toBe(0);
      guest.space.setAccess(DATA + PAGE_BYTES, DATA + 2 * PAGE_BYTES, 3);
      guest.space.bytes.fill(0xee, DATA - BIAS, DATA + 2 * PAGE_BYTES - BIAS);
      guest.space.setAccess(DATA, DATA + 2 * PAGE_BYTES, 0);
      guest.run();
      guest.space.dispose();
    }
  });

  test("grows without losing anything, up to its end and not beyond", () => {
    const guest = create("0f 05");
    guest.poke(DATA, [1, 2, 3]);
    const far = 0x2000_0000;
    expect(guest.space.grow(far)).toBe(true);
    expect(guest.space.end).toBeGreaterThanOrEqual(far);
    expect(guest.peek(DATA, 3)).toEqual([1, 2, 3]);
    expect(guest.run()).toBe(Stop.syscall);
    expect(() => guest.space.grow(SPACE_END + 1)).toThrow();
    guest.space.dispose();
  });
});

describe("translations that do not fit", () => {
  /** As many one-instruction blocks as fill every arena of the low range several times. */
  const JUMPS = 150_000;
  const START = 0x100_0000;

  function fill(guest: Guest): void {
    const bytes = 2 * JUMPS + 2;
    guest.space.grow(START + bytes + PAGE_BYTES);
    guest.space.setAccess(START, START + Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES, 5);
    for (let index = 0; index < JUMPS; index++) guest.poke(START + 2 * index, [0xeb, 0]);
    guest.poke(START + 2 * JUMPS, [0x0f, 5]);
  }

  function runTwice(guest: Guest): void {
    for (const fuel of [10_000_000, 1000]) {
      guest.start({}, START);
      const before = guest.space.executed;
      while (guest.run(fuel) === Stop.fuel);
      expect(guest.context.rip).toBe(START + 2 * JUMPS + 2);
      expect(guest.space.executed - before).toBe(JUMPS + 1);
    }
  }

  test("are forgotten and made anew when the kernel gives no pages", () => {
    const guest = create("");
    fill(guest);
    runTwice(guest);
  });

  test("go to the pages the kernel gives, which a copy has as well", () => {
    const given: number[] = [];
    const guest = create("", (sizeBytes) => {
      if (given.length === 2) return 0;
      const start = 0x400_0000 + given.length * sizeBytes;
      guest.space.grow(start + sizeBytes);
      given.push(start);
      return start;
    });
    fill(guest);
    runTwice(guest);
    expect(given.length).toBe(2);
    const pages = Math.ceil((2 * JUMPS + 2) / PAGE_BYTES) * PAGE_BYTES;
    const ranges = [[CODE, CODE + PAGE_BYTES], [DATA, DATA + PAGE_BYTES], [START, START + pages]] as const;
    guest.space.setAccess(STACK_TOP - PAGE_BYTES, STACK_TOP, 0);
    const space = guest.space.clone(ranges, { reserve: () => 0 });
    runTwice(new Guest(space, guest.context.clone(space)));
    runTwice(guest);
  });
});

describe("more spaces than memories", () => {
  const COUNT = 120;
  const MEMORIES_MAX = 60;

  test("every space keeps its bytes, registers, float state, windows and translations", () => {
    // again: add rax, [rbx]; inc qword [rbx]; fld1; faddp; addss xmm0, xmm0; syscall; jmp again
    const program = "48 03 03 48 ff 03 d9 e8 de c1 f3 0f 58 c0 0f 05 eb ee";
    const far = 0x7000_0000_0000;
    const guests = Array.from({ length: COUNT }, (_, index) => {
      const guest = create(`d9 ee ${program}`);
      guest.poke(DATA, [index, 0, 0, 0, 0, 0, 0, 0]);
      guest.space.setWindows([{ start: far, end: far + PAGE_BYTES, low: DATA }]);
      return guest.start({ rax: 0n, rbx: BigInt(index % 2 === 0 ? DATA : far) });
    });
    const rounds = 4;
    for (let round = 0; round < rounds; round++) for (const guest of guests) expect(guest.run()).toBe(Stop.syscall);
    guests.forEach((guest, index) => {
      // index + (index + 1) + ... of so many rounds
      expect(guest.get("rax")).toBe(BigInt(rounds * index + (rounds * (rounds - 1)) / 2));
      expect(guest.peek(DATA, 2)).toEqual([(index + rounds) & 255, (index + rounds) >> 8]);
      const image = new Uint8Array(512);
      guest.context.saveFpu(image);
      expect([...image.subarray(32, 42)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0x80, 1, 0x40]); // 4.0
    });
    const [first] = guests;
    assert(first !== undefined, "there are guests");
    const pages = [CODE, DATA, STACK_TOP - PAGE_BYTES].map((at) => [at, at + PAGE_BYTES] as const);
    const space = first.space.clone(pages, { reserve: () => 0 });
    const copy = new Guest(space, first.context.clone(space));
    for (const guest of guests) guest.space.dispose();
    expect(copy.run()).toBe(Stop.syscall);
    expect(copy.get("rax")).toBe(BigInt((rounds * (rounds - 1)) / 2 + rounds));
    space.dispose();
  });

  test("a host that refuses further memories is met by parking, and by a RangeError when nothing is left to park", async () => {
    const { Memory } = WebAssembly;
    let count = 0;
    const refusing = function (descriptor: WebAssembly.MemoryDescriptor): WebAssembly.Memory {
      count += 1;
      if (count > limit) throw new RangeError("could not allocate memory");
      return new Memory(descriptor);
    };
    let limit = MEMORIES_MAX / 3;
    WebAssembly.Memory = refusing as unknown as typeof WebAssembly.Memory;
    const small = new InterpreterMachine({ module: await interpreterModule(), counterNs: () => 0 });
    try {
      const guests = Array.from({ length: MEMORIES_MAX }, () => Guest.create(small, "48 ff c0 0f 05"));
      for (const guest of guests) expect(guest.run()).toBe(Stop.syscall);
      for (const guest of guests) expect(guest.get("rax")).toBe(1n);
      for (const guest of guests) guest.space.dispose();
      small.dispose();
      limit = 0;
      expect(() => Guest.create(small, "0f 05")).toThrow(RangeError);
    } finally {
      WebAssembly.Memory = Memory;
      small.dispose();
    }
  });
});
