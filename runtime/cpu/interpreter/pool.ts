/**
 * Memories of spaces that ended, with the interpreter instantiated on them, kept for the next. The hard
 * idea: what a fork costs is the host's page faults (a microsecond or more for each 4 KiB never touched),
 * so a memory whose pages are resident is worth ten times its size in copying. It is made clean only when
 * it is taken, because then it is known what will be overwritten anyway.
 *
 * When the host gives no more memories, the space that was used longest ago is parked: it gives its memory to the
 * taker and takes another when it is used again. So processes are not bounded by what a browser allows.
 */
import { GROUPS } from "./contents.ts";
import { createCore } from "./core.ts";
import type { Core, CoreImports } from "./core.ts";

/** The low range: everything below guest SPACE_START. */
const LOW_PAGES = 63;
const MAXIMUM_PAGES = 65_535;
/** Enough for a shell's pipeline. */
const POOLED_MAX = 8;
/** In use at once. Chromium allows about 125 in a tab, and other pods want some too. */
const LIVE_MAX = 48;
/** With fewer nobody is parked: whoever looks at some spaces one after the other may keep views of all of them. */
const LIVE_MIN = 8;
/** Resident bytes of one, and of all together: an idle container should not hold what it once used. */
const RESIDENT_BYTES_MAX = 16 * 1024 * 1024;
const RESIDENT_TOTAL_BYTES_MAX = 32 * 1024 * 1024;

/** A memory and the interpreter on it. */
export interface Body {
  readonly memory: WebAssembly.Memory;
  readonly core: Core;
  /** The hooks of the space that owns it now. */
  readonly imports: CoreImports;
  /** By group of pages: 1 where a page may have had access (contents.ts). */
  readonly touched: Uint8Array;
  /** How much of it the host holds, about, since it was given back. */
  residentBytes: number;
  isFresh: boolean;
}

/** A space, as far as the pool knows it. */
export interface Tenant {
  /** By the pool's `tick`. */
  readonly lastUse: number;
  /** Hands its memory over; it comes back for another when it needs one. */
  vacate(): Body;
}

export class BodyPool {
  readonly #module: WebAssembly.Module;
  readonly #counter: () => number;
  readonly #tenants = new Set<Tenant>();
  #free: Body[] = [];
  #residentBytes = 0;
  /** Counts uses: who was used longest ago has the lowest number. */
  tick = 0;

  constructor(module: WebAssembly.Module, counter: () => number) {
    this.#module = module;
    this.#counter = counter;
  }

  /** One that holds at least the low range; if not fresh, the taker cleans it. @throws RangeError: the host has none. */
  take(tenant: Tenant): Body {
    const body = this.#pooled() ?? (this.#tenants.size < LIVE_MAX ? this.#made() : this.#vacated());
    if (body === undefined) throw new RangeError("the browser has no room for another process: stop a container");
    this.#tenants.add(tenant);
    return body;
  }

  #pooled(): Body | undefined {
    const pooled = this.#free.pop();
    if (pooled !== undefined) this.#residentBytes -= pooled.residentBytes;
    return pooled;
  }

  #made(): Body | undefined {
    try {
      return this.#create();
    } catch (thrown) {
      if (!(thrown instanceof RangeError)) throw thrown;
      return this.#vacated();
    }
  }

  #vacated(): Body | undefined {
    if (this.#tenants.size < LIVE_MIN) return undefined;
    let oldest: Tenant | undefined;
    for (const tenant of this.#tenants) if (oldest === undefined || tenant.lastUse < oldest.lastUse) oldest = tenant;
    if (oldest === undefined) return undefined;
    this.#tenants.delete(oldest);
    const body = oldest.vacate();
    body.isFresh = false;
    return body;
  }

  #create(): Body {
    const memory = new WebAssembly.Memory({ initial: LOW_PAGES, maximum: MAXIMUM_PAGES });
    const imports: CoreImports = { reserve: () => 0, counter: this.#counter };
    const core = createCore(this.#module, memory, imports);
    return { memory, imports, core, touched: new Uint8Array(GROUPS), residentBytes: 0, isFresh: true };
  }

  give(tenant: Tenant, body: Body, residentBytes: number): void {
    this.#tenants.delete(tenant);
    body.isFresh = false;
    body.residentBytes = residentBytes;
    body.imports.reserve = () => 0;
    if (residentBytes > RESIDENT_BYTES_MAX) return;
    this.#free.push(body);
    this.#residentBytes += residentBytes;
    while (this.#free.length > POOLED_MAX || this.#residentBytes > RESIDENT_TOTAL_BYTES_MAX) {
      this.#residentBytes -= this.#free.shift()?.residentBytes ?? 0;
    }
  }

  clear(): void {
    this.#free = [];
    this.#residentBytes = 0;
  }
}
