/** Seeded random numbers and operands for the processor's tests: what is dull is rare, edges are common. */

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 1;
  }

  /** 32 bits (xorshift with a Weyl-like scramble: Marsaglia, then a multiply). */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return Math.imul(x, 0x9e37_79b1) >>> 0;
  }

  below(limit: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * limit);
  }
  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }
  pick<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)];
    if (value === undefined) throw new Error("nothing to pick from");
    return value;
  }
  next64(): bigint {
    return (BigInt(this.next()) << 32n) | BigInt(this.next());
  }
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.next() & 0xff);
  }

  /** 64 bits: random, few ones, few zeros, around powers of two, all zero, all ones. */
  significand(): bigint {
    switch (this.below(6)) {
      case 0:
        return 0n;
      case 1:
        return 1n << BigInt(this.below(64));
      case 2:
        return BigInt.asUintN(64, (1n << BigInt(this.below(65))) - 1n);
      case 3:
        return BigInt.asUintN(
          64,
          ~((1n << BigInt(this.below(65))) - 1n) + BigInt(this.below(3) - 1),
        );
      default:
        return this.next64();
    }
  }
}

const EDGES_80 = [0, 1, 2, 0x3fbe, 0x3fff, 0x403e, 0x403f, 0x7ffd, 0x7ffe, 0x7fff];
const NEAR_80 = [0x3ff0, 0x3ffd, 0x3ffe, 0x3fff, 0x4000, 0x4001, 0x4004, 0x401e, 0x403d, 0x403e];

/** Writes ten bytes: numbers near one another mostly, every class of special now and then. */
export function randomF80(random: Random, view: DataView, at: number): void {
  let significand = random.significand();
  let exponent = random.pick(NEAR_80);
  switch (random.below(8)) {
    case 0:
      exponent = random.pick(EDGES_80);
      break;
    case 1:
      exponent = random.below(0x8000);
      break;
    case 2:
      exponent = 0x3fff + random.below(140) - 70;
      break;
    default:
  }
  const isStrange = random.chance(16);
  if (exponent !== 0 && !isStrange) significand |= 1n << 63n;
  if (exponent === 0 && !isStrange) significand &= ~(1n << 63n);
  view.setBigUint64(at, significand, true);
  view.setUint16(at + 8, exponent | (random.chance(2) ? 0x8000 : 0), true);
}

/** Bits of an f32 or f64 (`fraction` bits of fraction, `exponent` bits of exponent). */
export function randomFloat(random: Random, fraction: number, exponent: number): bigint {
  const top = (1 << exponent) - 1;
  const bias = top >> 1;
  let field = bias + random.below(9) - 4;
  switch (random.below(6)) {
    case 0:
      field = random.pick([0, 0, 1, 2, top - 2, top - 1, top, top]);
      break;
    case 1:
      field = random.below(top + 1);
      break;
    case 2:
      field = bias + random.below(fraction * 2 + 8) - fraction;
      break;
    default:
  }
  const wide = random.significand() >> BigInt(64 - fraction);
  return (
    ((random.chance(2) ? 1n : 0n) << BigInt(fraction + exponent)) |
    (BigInt(Math.max(0, Math.min(top, field))) << BigInt(fraction)) |
    wide
  );
}
