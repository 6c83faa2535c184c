/**
 * The shell's files: a small home that lives as long as the session, so that redirections and
 * `docker run -i … < file` work. One flat directory; paths are taken from it, `~` or `/root`.
 */
import { concatBytes } from "../../../layers/base/bytes.ts";
import { fail } from "../../../layers/base/errors.ts";
import type { Files } from "../io.ts";

export const HOME = "/root";
/** All of them together: they share the tab's memory with everything else. */
const SIZE_BYTES_MAX = 64 * 1024 * 1024;

export class HomeFiles implements Files {
  readonly #files = new Map<string, Uint8Array>();

  names(): string[] {
    return [...this.#files.keys()].sort();
  }

  sizeOf(name: string): number {
    return this.#files.get(name)?.length ?? 0;
  }

  async read(path: string): Promise<Uint8Array> {
    if (path === "/dev/null") return new Uint8Array(0);
    const bytes = this.#files.get(nameOf(path));
    if (bytes === undefined) throw fail("notFound", `${path}: No such file or directory`);
    return bytes;
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    if (path === "/dev/null") return;
    const name = nameOf(path);
    let total = bytes.length;
    for (const [other, content] of this.#files) if (other !== name) total += content.length;
    if (total > SIZE_BYTES_MAX) throw fail("resourceExhausted", `${path}: No space left on device`);
    this.#files.set(name, bytes);
  }

  async append(path: string, bytes: Uint8Array): Promise<void> {
    if (path === "/dev/null") return;
    await this.write(path, concatBytes([this.#files.get(nameOf(path)) ?? new Uint8Array(0), bytes]));
  }

  remove(path: string): void {
    if (!this.#files.delete(nameOf(path))) throw fail("notFound", `${path}: No such file or directory`);
  }
}

/** @throws SlipwayError notFound for what is not a file of the home. */
function nameOf(path: string): string {
  const name = path.replace(/^\.\//, "").replace(new RegExp(`^${HOME}/`), "");
  if (name === "" || name.includes("/")) throw fail("notFound", `${path}: No such file or directory`);
  return name;
}
