/**
 * The index of a pack: every node of a layer in columns, one JSON document. The hard idea is loading
 * time: `JSON.parse` of flat arrays of numbers and names takes a few milliseconds for ten thousand
 * nodes, and nothing is built from them before it is asked for. What few nodes have (targets,
 * attributes, devices, holes) is beside the columns.
 */
import { decodeUtf8, encodeUtf8 } from "../base/bytes.ts";
import { fail } from "../base/errors.ts";
import type { Device, NodeType } from "../fs/filesystem.ts";
import { storedXattrsOf } from "./layer-builder.ts";
import type { LayerNode, PackedExtent } from "./layer-node.ts";

/** Raised when a reader of today could not read what is written. */
const VERSION = 1;

const NS = 1_000_000_000n;

const TYPE_LETTERS: Readonly<Record<NodeType, string>> = {
  file: "-",
  directory: "d",
  symlink: "l",
  character: "c",
  block: "b",
  fifo: "p",
  socket: "s",
};

const TYPES_BY_LETTER = new Map(Object.entries(TYPE_LETTERS).map(([type, letter]) => [letter, type as NodeType]));

/** What only some nodes have. */
export interface RareFacts {
  readonly target?: string;
  readonly rdev?: Device;
  /** Values in base64. */
  readonly xattrs?: Readonly<Record<string, string>>;
  readonly atimeNs?: string;
  /** Of files with holes; otherwise the file is one extent at `offsets`. */
  readonly extents?: readonly PackedExtent[];
  readonly lowerPath?: string;
  readonly isImplied?: boolean;
}

/** Column n belongs to node n + 1; node 1 is the root. */
export interface LayerIndex {
  readonly version: number;
  /** One letter per node, as ls prints. */
  readonly types: string;
  readonly modes: readonly number[];
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  readonly links: readonly number[];
  readonly sizes: readonly number[];
  readonly mtimeSeconds: readonly number[];
  readonly mtimeNanoseconds: readonly number[];
  /** Position in the pack. */
  readonly offsets: readonly number[];
  /** Of directories: where their entries begin in `names`, and how many there are. */
  readonly firsts: readonly number[];
  readonly counts: readonly number[];
  readonly names: readonly string[];
  /** The node that each name leads to. */
  readonly nodes: readonly number[];
  readonly rare: Readonly<Record<string, RareFacts>>;
  /** Nodes with a `lowerPath` or that are implied: resolved against the layers below when mounted. */
  readonly unresolved: readonly number[];
}

export function typeFromLetter(letter: string | undefined): NodeType | undefined {
  return letter === undefined ? undefined : TYPES_BY_LETTER.get(letter);
}

/** The index of the tree at `root`. */
export function buildIndex(root: LayerNode): LayerIndex {
  const numbers = new Map<LayerNode, number>([[root, 1]]);
  const order: LayerNode[] = [root];
  const links: number[] = [2];
  const [names, nodes, firsts, counts]: [string[], number[], number[], number[]] = [[], [], [], []];
  // `order` grows while it is walked: breadth first, so that a directory's children lie together.
  for (let index = 0; index < order.length; index++) {
    const children = [...(order[index]?.children ?? [])].sort(([left], [right]) => (left < right ? -1 : 1));
    firsts.push(names.length);
    counts.push(children.length);
    for (const [name, child] of children) {
      let number = numbers.get(child);
      if (number === undefined) {
        order.push(child);
        number = order.length;
        numbers.set(child, number);
        links.push(child.children === undefined ? 0 : 2);
      }
      if (child.children === undefined) links[number - 1] = (links[number - 1] ?? 0) + 1;
      else links[index] = (links[index] ?? 0) + 1;
      names.push(name);
      nodes.push(number);
    }
  }
  const rare: Record<string, RareFacts> = {};
  order.forEach((node, index) => {
    const facts = rareFactsOf(node);
    if (facts !== undefined) rare[index + 1] = facts;
  });
  return {
    version: VERSION,
    types: order.map((node) => TYPE_LETTERS[node.type]).join(""),
    modes: order.map((node) => node.mode),
    uids: order.map((node) => node.uid),
    gids: order.map((node) => node.gid),
    links,
    sizes: order.map((node) => node.sizeBytes),
    mtimeSeconds: order.map((node) => Number(floorSeconds(node.mtimeNs))),
    mtimeNanoseconds: order.map((node) => Number(node.mtimeNs - floorSeconds(node.mtimeNs) * NS)),
    offsets: order.map((node) => node.extents[0]?.[2] ?? 0),
    firsts,
    counts,
    names,
    nodes,
    rare,
    unresolved: order.flatMap((node, index) => (isUnresolved(node) ? [index + 1] : [])),
  };
}

export function encodeIndex(index: LayerIndex): Uint8Array<ArrayBuffer> {
  // JSON.stringify escapes lone surrogates, which is how names carry bytes that are not UTF-8.
  return encodeUtf8(JSON.stringify(index));
}

/** @throws SlipwayError `dataLoss` when the bytes are no index. */
export function decodeIndex(bytes: Uint8Array, name: string): LayerIndex {
  try {
    const index = JSON.parse(decodeUtf8(bytes)) as Partial<LayerIndex>; // Only `buildIndex` writes them.
    if (index.version === VERSION) return index as LayerIndex;
  } catch (thrown) {
    throw fail("dataLoss", `${name}: damaged layer index`, { cause: thrown });
  }
  throw fail("dataLoss", `${name}: layer index of another version`);
}

function rareFactsOf(node: LayerNode): RareFacts | undefined {
  const facts: { -readonly [Key in keyof RareFacts]: RareFacts[Key] } = {};
  if (node.type === "symlink") facts.target = node.target;
  if (node.type === "character" || node.type === "block") facts.rdev = node.rdev;
  if (node.atimeNs !== node.mtimeNs) facts.atimeNs = String(node.atimeNs);
  const xattrs = storedXattrsOf(node);
  if (xattrs !== undefined) {
    facts.xattrs = Object.fromEntries([...xattrs].map(([name, value]) => [name, toBase64(value)]));
  }
  if (node.type === "file" && !isWhole(node)) facts.extents = node.extents;
  if (node.lowerPath !== undefined) facts.lowerPath = node.lowerPath;
  if (node.isImplied) facts.isImplied = true;
  return Object.keys(facts).length === 0 ? undefined : facts;
}

/** Whether the file is one extent without holes. */
function isWhole(node: LayerNode): boolean {
  const [extent] = node.extents;
  if (extent === undefined) return node.sizeBytes === 0;
  return node.extents.length === 1 && extent[0] === 0 && extent[1] === node.sizeBytes;
}

function isUnresolved(node: LayerNode): boolean {
  return node.isImplied || node.lowerPath !== undefined;
}

function floorSeconds(timeNs: bigint): bigint {
  const seconds = timeNs / NS;
  return timeNs < seconds * NS ? seconds - 1n : seconds;
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
