/**
 * Compiled modules, kept by digest for as long as the pod lives, so that a second run of an image
 * starts at once (ruby: 0.9 s to compile, 0.2 s to run). The limit on a module's memory is part of the
 * key because it is part of the module.
 */
import { toHex } from "../../../../layers/base/bytes.ts";
import { limitMemory } from "./module-bytes.ts";
import type { Compiled, Sdk } from "./sdk.ts";

/** Module bytes kept; compiled code takes several times as much. */
const KEPT_BYTES_MAX = 48 * 1024 * 1024;

interface Kept {
  readonly compiled: Promise<Compiled>;
  readonly sizeBytes: number;
}

export class CompiledModules {
  /** In order of use, the latest last. */
  readonly #kept = new Map<string, Kept>();

  /** `pagesMax` 0 is no limit. */
  async compile(bytes: Uint8Array<ArrayBuffer>, pagesMax: number, sdk: Sdk): Promise<Compiled> {
    const digest = toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
    const key = `${digest} ${pagesMax}`;
    const known = this.#kept.get(key);
    this.#kept.delete(key);
    const entry = known ?? {
      compiled: sdk.compile(pagesMax === 0 ? bytes : limitMemory(bytes, pagesMax)),
      sizeBytes: bytes.length,
    };
    this.#kept.set(key, entry);
    this.#trim();
    try {
      return await entry.compiled;
    } catch (thrown) {
      this.#kept.delete(key);
      throw thrown;
    }
  }

  #trim(): void {
    let sizeBytes = [...this.#kept.values()].reduce((sum, kept) => sum + kept.sizeBytes, 0);
    for (const [key, kept] of this.#kept) {
      // The module about to run stays, however large.
      if (sizeBytes <= KEPT_BYTES_MAX || this.#kept.size === 1) return;
      this.#kept.delete(key);
      sizeBytes -= kept.sizeBytes;
    }
  }
}
