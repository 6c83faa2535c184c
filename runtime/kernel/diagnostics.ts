/**
 * What the programs of a control group asked for and did not get because this kernel or its processor does not
 * have it: for whoever looks why a program fails. Counted in every group above too, the root's being the
 * whole kernel's.
 */

/** An instruction the processor does not have. */
export interface IllegalInstruction {
  readonly comm: string;
  readonly pid: number;
  readonly rip: number;
  /** Hexadecimal, as many as could be read. */
  readonly bytes: string;
}

/** A program may stumble for ever; the first ones say it all. */
const KEPT_MAX = 16;

export class Diagnostics {
  readonly #parent: Diagnostics | undefined;
  readonly #missing = new Map<string, number>();
  readonly #illegal: IllegalInstruction[] = [];

  constructor(parent: Diagnostics | undefined) {
    this.#parent = parent;
  }

  /** Calls answered ENOSYS, and ioctls, options and commands nobody knows ("ioctl 0x5401"): how often each. */
  get missing(): ReadonlyMap<string, number> {
    return this.#missing;
  }

  get illegal(): readonly IllegalInstruction[] {
    return this.#illegal;
  }

  countMissing(name: string): void {
    this.#missing.set(name, (this.#missing.get(name) ?? 0) + 1);
    this.#parent?.countMissing(name);
  }

  noteIllegal(instruction: IllegalInstruction): void {
    if (this.#illegal.length < KEPT_MAX) this.#illegal.push(instruction);
    this.#parent?.noteIllegal(instruction);
  }
}
