/**
 * All images by ID and name, in memory and in the storage's records, with the rules by which a person's
 * word ("nginx", "4bf6…", "sha256:…", "nginx@sha256:…") finds one.
 */
import { fail } from "../../../layers/base/errors.ts";
import type { RecordChange, RecordStore } from "../../../layers/content/storage.ts";
import type { Reference } from "../../../layers/oci/reference.ts";
import {
  familiarString,
  formatReference,
  parseAnyReference,
  parseReference,
  withDefaultTag,
} from "../../../layers/oci/reference.ts";
import type { ImageRecord } from "./image-record.ts";
import { IMAGE_KEY, REFERENCE_KEY } from "./image-record.ts";

export class ImageStore {
  readonly #records: RecordStore;
  readonly #images = new Map<string, ImageRecord>();
  /** Canonical reference text → image ID. */
  readonly #references = new Map<string, string>();
  /** Layers of pulls under way: diffIDs that no image names yet but somebody is about to. */
  readonly #pinned = new Map<string, number>();
  /** What pulls that failed or were cut off left, by the key of their record. */
  readonly #unfinished = new Map<string, ReadonlySet<string>>();

  private constructor(records: RecordStore) {
    this.#records = records;
  }

  static async open(records: RecordStore): Promise<ImageStore> {
    const store = new ImageStore(records);
    for (const [, value] of await records.entries(IMAGE_KEY)) {
      const image = value as ImageRecord; // Written only by this class.
      store.#images.set(image.id, image);
    }
    for (const [key, value] of await records.entries(REFERENCE_KEY)) {
      if (typeof value === "string" && store.#images.has(value)) {
        store.#references.set(key.slice(REFERENCE_KEY.length), value);
      }
    }
    return store;
  }

  all(): readonly ImageRecord[] {
    return [...this.#images.values()];
  }

  byId(id: string): ImageRecord | undefined {
    return this.#images.get(id);
  }

  /** The image under exactly this name. */
  byReference(reference: Reference): ImageRecord | undefined {
    return this.#images.get(this.#references.get(formatReference(reference)) ?? "");
  }

  /** Names of an image, sorted; `RepoTags` are those with a tag, `RepoDigests` those with a digest. */
  referencesOf(id: string): readonly Reference[] {
    const names = [...this.#references].filter(([, imageID]) => imageID === id).map(([name]) => name);
    return names.sort().map(parseReference);
  }

  /** Docker's GetImage: a name first, then an ID or an unambiguous part of one. */
  get(nameOrId: string): ImageRecord {
    const found = this.find(nameOrId);
    if (found !== undefined) return found;
    throw fail("notFound", `No such image: ${shownName(nameOrId)}`);
  }

  find(nameOrId: string): ImageRecord | undefined {
    const parsed = parseAnyReference(nameOrId);
    if (parsed.kind === "digest") return this.#images.get(parsed.digest);
    return this.byReference(withDefaultTag(parsed.reference)) ?? this.#byPrefix(nameOrId);
  }

  #byPrefix(text: string): ImageRecord | undefined {
    const prefix = text.startsWith("sha256:") ? text : `sha256:${text}`;
    if (!/^sha256:[0-9a-f]+$/.test(prefix)) return undefined;
    const matches = this.all().filter((image) => image.id.startsWith(prefix));
    return matches.length === 1 ? matches[0] : undefined;
  }

  /** Adds an image and names for it, in one durable step. */
  async put(image: ImageRecord, references: readonly Reference[]): Promise<void> {
    const names = references.map(formatReference);
    await this.#records.apply([
      { kind: "put", key: IMAGE_KEY + image.id, value: image },
      ...names.map((name): RecordChange => ({ kind: "put", key: REFERENCE_KEY + name, value: image.id })),
    ]);
    this.#images.set(image.id, image);
    for (const name of names) this.#references.set(name, image.id);
  }

  async removeReference(reference: Reference): Promise<void> {
    const name = formatReference(reference);
    await this.#records.apply([{ kind: "remove", key: REFERENCE_KEY + name }]);
    this.#references.delete(name);
  }

  async remove(image: ImageRecord): Promise<void> {
    const names = this.referencesOf(image.id).map(formatReference);
    await this.#records.apply([
      { kind: "remove", key: IMAGE_KEY + image.id },
      ...names.map((name): RecordChange => ({ kind: "remove", key: REFERENCE_KEY + name })),
    ]);
    this.#images.delete(image.id);
    for (const name of names) this.#references.delete(name);
  }

  /** Keeps blobs and layers of a pull under way from being swept. */
  pin(digests: readonly string[]): () => void {
    for (const digest of digests) this.#pinned.set(digest, (this.#pinned.get(digest) ?? 0) + 1);
    return () => {
      for (const digest of digests) {
        const count = (this.#pinned.get(digest) ?? 1) - 1;
        if (count === 0) this.#pinned.delete(digest);
        else this.#pinned.set(digest, count);
      }
    };
  }

  /** Keeps what the unfinished pull `key` left; an empty list forgets it. */
  pinUnfinished(key: string, digests: readonly string[]): void {
    if (digests.length === 0) this.#unfinished.delete(key);
    else this.#unfinished.set(key, new Set(digests));
  }

  unfinished(): readonly string[] {
    return [...this.#unfinished.keys()];
  }

  isPinned(digest: string): boolean {
    return this.#pinned.has(digest) || [...this.#unfinished.values()].some((digests) => digests.has(digest));
  }

  /** Digests of every blob and layer some image needs. */
  needed(): ReadonlySet<string> {
    const needed = new Set<string>();
    for (const image of this.#images.values()) {
      for (const diffID of image.diffIDs) needed.add(diffID);
      for (const blob of image.blobs) needed.add(blob.digest);
      needed.add(image.id).add(image.manifest.digest);
    }
    // What a tag led to: often an index, which spares the next pull of the tag a download.
    for (const name of this.#references.keys()) {
      const { digest } = parseReference(name);
      if (digest !== undefined) needed.add(digest);
    }
    return needed;
  }
}

/** What the message calls it: names with their tag. */
function shownName(nameOrId: string): string {
  const parsed = parseAnyReference(nameOrId);
  return parsed.kind === "digest" ? parsed.digest : familiarString(withDefaultTag(parsed.reference));
}
