/**
 * The door of the room for those who handle whole archives; layers are read through `parser.ts`.
 */
export { packTree } from "./pack-tree.ts";
export type { PackOptions } from "./pack-tree.ts";
export { unpackInto } from "./unpack-into.ts";
export type { UnpackIntoOptions } from "./unpack-into.ts";
export { readTar } from "./reader.ts";
export type { TarEntry } from "./reader.ts";
export type { TarEntryType, TarHeader } from "./header.ts";
