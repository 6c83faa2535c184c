/**
 * What a guest module is linked with. The SDK instantiates modules in its own workers by
 * `new WebAssembly.Instance(module, imports)`; this file stands in that constructor's way, and for a
 * WASI preview 1 module replaces arguments, environment and everything about files by our own
 * functions on the container's tree, and leaves clocks, randomness, polling, sockets, exit and the
 * standard streams to the SDK. WASIX and older modules keep the SDK's functions and see the tree
 * through its host mounts.
 *
 * The hard idea is why: the SDK's host mounts know no symbolic links, times, link counts or "/"
 * itself, and its instances take arguments only as well-formed strings under a command's name.
 */
import { FsError } from "../../../../layers/fs/errors.ts";
import { encodeName } from "../../../../layers/fs/names.ts";
import { ERRNO } from "./abi.ts";
import type { GuestBridge } from "./bridge.ts";
import { descriptorCalls } from "./descriptor-calls.ts";
import { Descriptors } from "./descriptors.ts";
import type { Greeting } from "./file-calls.ts";
import { GaugeWriter, createGauges } from "./gauges.ts";
import { GuestMemory } from "./guest-memory.ts";
import { pathCalls } from "./path-calls.ts";
import { pollCall } from "./poll-call.ts";
import { statusCalls } from "./status-calls.ts";
import type { SdkFunction, SdkFunctions } from "./transfer-calls.ts";
import { transferCalls } from "./transfer-calls.ts";

const PREVIEW1 = "wasi_snapshot_preview1";
const NAMESPACES = [PREVIEW1, "wasi_unstable", "wasix_32v1", "wasix_64v1"];

type Imports = Record<string, Record<string, unknown> | undefined>;

/** Replaces the constructor the SDK instantiates guests with. Once per worker. */
export function interceptInstances(bridge: GuestBridge): void {
  const original = WebAssembly.Instance;
  const intercepted = new Proxy(original, {
    construct(target, [module, imports]: [WebAssembly.Module, Imports?]): WebAssembly.Instance {
      if (imports === undefined || !NAMESPACES.some((name) => name in imports)) {
        return new target(module, imports as WebAssembly.Imports | undefined); // The SDK's own modules.
      }
      return new GuestLink(bridge, imports).instantiate(target, module);
    },
  });
  Object.defineProperty(WebAssembly, "Instance", { value: intercepted, configurable: true, writable: true });
}

/** One guest being linked: its memory is known only after its instance exists. */
class GuestLink {
  readonly #bridge: GuestBridge;
  readonly #imports: Imports;
  readonly #gauges: GaugeWriter;
  /** Sleeps until the pod has said which process this is. */
  readonly #greeting: () => Greeting;
  #memory: GuestMemory | undefined;

  constructor(bridge: GuestBridge, imports: Imports) {
    const gauges = createGauges();
    this.#bridge = bridge;
    this.#imports = imports;
    this.#gauges = new GaugeWriter(gauges);
    // The SDK may hold locks while it instantiates, and the pod may want them: no sleeping here.
    const answer = bridge.begin("hello", gauges);
    let greeting: Greeting | undefined;
    this.#greeting = () => (greeting ??= answer());
  }

  instantiate(constructor: typeof WebAssembly.Instance, module: WebAssembly.Module): WebAssembly.Instance {
    const isPlain = PREVIEW1 in this.#imports && !("wasix_32v1" in this.#imports) && !("wasix_64v1" in this.#imports);
    const linked: Record<string, Record<string, unknown>> = {};
    for (const [namespace, members] of Object.entries(this.#imports)) {
      const own = isPlain && namespace === PREVIEW1 ? this.#ownCalls(members as SdkFunctions) : {};
      linked[namespace] = this.#gauged({ ...members, ...own });
    }
    const instance = new constructor(module, linked as WebAssembly.Imports);
    const memory = memoryOf(instance, this.#imports);
    if (memory !== undefined) this.#memory = new GuestMemory(memory);
    this.#gauges.leaveGuest(this.#memory?.sizeBytes ?? 0);
    this.#gauges.enterGuest();
    return instance;
  }

  #requireMemory = (): GuestMemory => {
    if (this.#memory === undefined) throw new FsError("EINVAL", "the module exports no memory");
    return this.#memory;
  };

  #ownCalls(sdk: SdkFunctions): Record<string, SdkFunction> {
    const memory = this.#requireMemory;
    const context = { bridge: this.#bridge, descriptors: new Descriptors(), memory };
    const calls = {
      ...pathCalls(context),
      ...descriptorCalls(context),
      ...statusCalls(context, () => this.#greeting().hasTerminal),
      ...transferCalls(context, sdk),
      ...pollCall(context, sdk),
      ...stringCalls("args_sizes_get", "args_get", () => this.#greeting().args, memory),
      ...stringCalls("environ_sizes_get", "environ_get", () => this.#greeting().env, memory),
    };
    const guarded: Record<string, SdkFunction> = {};
    for (const [name, call] of Object.entries(calls)) {
      // The module's own import types say how each is called; unknown signatures cannot link.
      if (name in sdk) guarded[name] = guard(call as SdkFunction);
    }
    return guarded;
  }

  /** The same functions, with the time on either side of the border told apart. */
  #gauged(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const gauged: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(members)) {
      gauged[name] = typeof member === "function" ? this.#gaugedCall(member as SdkFunction) : member;
    }
    return gauged;
  }

  #gaugedCall(call: SdkFunction): SdkFunction {
    return (...args) => {
      this.#gauges.leaveGuest(this.#memory?.sizeBytes ?? 0);
      const result = call(...args); // When this throws, the guest is over.
      this.#gauges.enterGuest();
      return result;
    };
  }
}

function memoryOf(instance: WebAssembly.Instance, imports: Imports): WebAssembly.Memory | undefined {
  const exported = instance.exports["memory"];
  if (exported instanceof WebAssembly.Memory) return exported;
  const imported = imports["env"]?.["memory"];
  return imported instanceof WebAssembly.Memory ? imported : undefined;
}

/** args_* and environ_* are alike: a count and a size, then the strings. */
function stringCalls(
  sizesName: string, stringsName: string, texts: () => readonly string[], memory: () => GuestMemory,
): Record<string, (first: number, second: number) => number> {
  let encoded: readonly Uint8Array[] | undefined;
  const encodeAll = (): readonly Uint8Array[] => (encoded ??= texts().map(encodeText));
  return {
    [sizesName](count: number, sizeBytes: number): number {
      const strings = encodeAll();
      memory().setU32(count, strings.length);
      memory().setU32(sizeBytes, strings.reduce((sum, text) => sum + text.length + 1, 0));
      return ERRNO.SUCCESS;
    },
    [stringsName](table: number, buffer: number): number {
      memory().setStrings(table, buffer, encodeAll());
      return ERRNO.SUCCESS;
    },
  };
}

/** Bytes that were carried as lone surrogates come back; other lone surrogates become U+FFFD. */
function encodeText(text: string): Uint8Array {
  return encodeName(text.replaceAll(/[\ud800-\udc7f\udd00-\udfff]/gu, "\ufffd"));
}

/** Errors by name become WASI's numbers; a pointer outside the guest's memory is EFAULT. */
function guard(call: SdkFunction): SdkFunction {
  return (...args) => {
    try {
      return call(...args);
    } catch (thrown) {
      if (thrown instanceof FsError) return thrown.code in ERRNO ? ERRNO[thrown.code as keyof typeof ERRNO] : ERRNO.EIO;
      if (thrown instanceof RangeError) return ERRNO.EFAULT;
      throw thrown;
    }
  };
}
