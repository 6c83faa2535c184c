/**
 * What must be known of a WebAssembly module before it is compiled, read from its sections
 * (WebAssembly core specification, "Binary Format"): whether it is one at all, which WASI it speaks,
 * how much memory it starts with. And the one thing changed in it: the maximum of its memory, which
 * is how `--memory` is enforced. `memory.grow` beyond it fails inside the guest, as mmap does under
 * RLIMIT_AS; nothing else in the module moves, because sections are only ever replaced whole.
 */
import { concatBytes } from "../../../../layers/base/bytes.ts";
import { fail } from "../../../../layers/base/errors.ts";

export const PAGE_BYTES = 65_536;
/** "\0asm" and version 1; components have the same magic and layer 1 in the version's upper half. */
const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const COMPONENT_HEADER = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
const SECTION = { import: 2, memory: 5 } as const;
const IMPORT = { function: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;
/** Memory of a wasm32 module without a maximum. */
const PAGES_MAX = 65_536;

export type ModuleKind = "module" | "component" | "none";

export interface ModuleFacts {
  /** Names of the modules it imports from. */
  readonly imports: ReadonlySet<string>;
  /** Pages it starts with; 0 without a memory. */
  readonly initialPages: number;
}

export function kindOf(bytes: Uint8Array): ModuleKind {
  if (HEADER.every((byte, index) => bytes[index] === byte)) return "module";
  return COMPONENT_HEADER.every((byte, index) => bytes[index] === byte) ? "component" : "none";
}

class Reader {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw fail("invalidParameter", "unexpected end of module");
    return value;
  }

  /** LEB128, unsigned; 64-bit limits fit a number here. */
  unsigned(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  skip(sizeBytes: number): void {
    this.at += sizeBytes;
  }

  text(): string {
    const sizeBytes = this.unsigned();
    const start = this.at;
    this.skip(sizeBytes);
    return String.fromCharCode(...this.bytes.subarray(start, this.at));
  }
}

interface Limits {
  readonly flags: number;
  readonly minimum: number;
  readonly maximum: number | undefined;
  readonly start: number;
  readonly end: number;
}

function limits(reader: Reader): Limits {
  const start = reader.at;
  const flags = reader.byte();
  const minimum = reader.unsigned();
  const maximum = (flags & 1) !== 0 ? reader.unsigned() : undefined;
  return { flags, minimum, maximum, start, end: reader.at };
}

interface Section {
  readonly id: number;
  readonly start: number;
  readonly contentStart: number;
  readonly end: number;
}

function* sectionsOf(bytes: Uint8Array): Generator<Section> {
  const reader = new Reader(bytes, HEADER.length);
  while (reader.at < bytes.length) {
    const start = reader.at;
    const id = reader.byte();
    const sizeBytes = reader.unsigned();
    const contentStart = reader.at;
    const end = contentStart + sizeBytes;
    if (end > bytes.length) throw fail("invalidParameter", "section exceeds the module");
    yield { id, start, contentStart, end };
    reader.at = end;
  }
}

/** Every memory declared or imported, and every module imported from. */
function scan(bytes: Uint8Array): { readonly imports: Set<string>; readonly memories: Map<Section, Limits[]> } {
  const imports = new Set<string>();
  const memories = new Map<Section, Limits[]>();
  for (const section of sectionsOf(bytes)) {
    const reader = new Reader(bytes, section.contentStart);
    if (section.id === SECTION.memory) {
      const found: Limits[] = [];
      for (let count = reader.unsigned(); count > 0; count--) found.push(limits(reader));
      memories.set(section, found);
    } else if (section.id === SECTION.import) {
      const found: Limits[] = [];
      for (let count = reader.unsigned(); count > 0; count--) {
        imports.add(reader.text());
        reader.text();
        const memory = importedMemory(reader);
        if (memory !== undefined) found.push(memory);
      }
      if (found.length > 0) memories.set(section, found);
    }
  }
  return { imports, memories };
}

/** Steps over one import's description. */
function importedMemory(reader: Reader): Limits | undefined {
  const kind = reader.byte();
  switch (kind) {
    case IMPORT.function:
      reader.unsigned();
      return undefined;
    case IMPORT.table:
      reader.byte();
      limits(reader);
      return undefined;
    case IMPORT.memory:
      return limits(reader);
    case IMPORT.global:
      reader.skip(2);
      return undefined;
    case IMPORT.tag:
      reader.byte();
      reader.unsigned();
      return undefined;
    default:
      throw fail("invalidParameter", `unknown import kind ${kind}`);
  }
}

/** @throws SlipwayError invalidParameter for a module whose sections do not add up. */
export function factsOf(bytes: Uint8Array): ModuleFacts {
  const { imports, memories } = scan(bytes);
  const initialPages = [...memories.values()].flat().reduce((sum, memory) => sum + memory.minimum, 0);
  return { imports, initialPages };
}

/** The module with no memory growing past `pagesMax`. Its minimum must already be within. */
export function limitMemory(bytes: Uint8Array, pagesMax: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  let copied = 0;
  for (const [section, memories] of scan(bytes).memories) {
    const content: Uint8Array[] = [];
    let at = section.contentStart;
    for (const memory of memories) {
      const maximum = Math.min(memory.maximum ?? PAGES_MAX, pagesMax);
      content.push(bytes.subarray(at, memory.start));
      content.push(Uint8Array.of(memory.flags | 1, ...leb128(memory.minimum), ...leb128(maximum)));
      at = memory.end;
    }
    content.push(bytes.subarray(at, section.end));
    const sizeBytes = content.reduce((sum, piece) => sum + piece.length, 0);
    pieces.push(bytes.subarray(copied, section.start), Uint8Array.of(section.id, ...leb128(sizeBytes)), ...content);
    copied = section.end;
  }
  if (pieces.length === 0) return bytes;
  return concatBytes([...pieces, bytes.subarray(copied)]);
}

function leb128(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; ) {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest === 0 ? low : low | 0x80);
    if (rest === 0) return bytes;
  }
}
