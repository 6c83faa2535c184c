/**
 * An open file whose text the kernel makes (seq_file). The text is made when reading starts and again when
 * it starts anew at 0, so that a slow reader sees one state of things.
 */
import type { Attributes } from "../../../layers/fs/filesystem.ts";
import { decodeUtf8, encodeUtf8 } from "../../../layers/base/bytes.ts";
import { Errno } from "../abi/errno.ts";
import type { Task } from "../task/task.ts";
import type { Status } from "../vfs/file-description.ts";
import { FileDescription } from "../vfs/file-description.ts";
import type { Location } from "../vfs/mount.ts";
import { positionAfter } from "../vfs/seek.ts";
import type { GeneratedText } from "./generated.ts";

/** O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC: for opening only. */
const OPENING = 0o2_601_700;

export class GeneratedFile extends FileDescription {
  readonly label = "";
  readonly #node: GeneratedText;
  readonly #location: Location | undefined;
  readonly #attributes: () => Attributes;
  #content: Uint8Array | undefined;
  #position = 0;

  constructor(node: GeneratedText, flags: number, location: Location | undefined, attributes: () => Attributes) {
    super(flags & ~OPENING);
    this.#node = node;
    this.#location = location;
    this.#attributes = attributes;
  }

  override get location(): Location | undefined {
    return this.#location;
  }

  override read(target: Uint8Array, task: Task): number {
    const count = this.readAt(this.#position, target, task);
    if (count > 0) this.#position += count;
    return count;
  }

  override readAt(position: number, target: Uint8Array, task: Task): number {
    if (this.#node.text === undefined) return -Errno.EINVAL;
    if (position === 0 || this.#content === undefined) {
      const content = this.#node.text(task);
      this.#content = typeof content === "string" ? encodeUtf8(content) : content;
    }
    const piece = this.#content.subarray(position, position + target.length);
    target.set(piece);
    return piece.length;
  }

  override write(source: Uint8Array, task: Task): number {
    if (this.#node.write === undefined) return -Errno.EIO;
    this.#node.write(decodeUtf8(source), task);
    this.#position += source.length;
    return source.length;
  }

  override writeAt(_position: number, source: Uint8Array, task: Task): number {
    return this.write(source, task);
  }

  override seek(offset: number, whence: number): number {
    const position = positionAfter(this.#position, offset, whence);
    if (position >= 0) this.#position = position;
    return position;
  }

  override truncate(): number {
    return 0;
  }

  override status(): Status {
    return { device: this.#location?.dentry.superblock.device ?? 0, attributes: this.#attributes() };
  }
}
