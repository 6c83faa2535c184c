/**
 * Uploading (distribution spec, "Pushing blobs"). A blob the registry has is not sent; one it has in
 * another repository is mounted; the rest goes up in one PUT when small and in PATCHes when large.
 *
 * The hard idea is what to do when a PATCH breaks: the registry may have kept any part of it, so it
 * is asked (GET on the upload, Range in the answer) and the piece continues where it says. Pieces are
 * held in memory because browsers cannot stream request bodies over HTTP/1.1.
 */
import { concatBytes } from "../base/bytes.ts";
import { fail, isKind } from "../base/errors.ts";
import type { ByteStream } from "../base/streams.ts";
import { piecesOf } from "../base/streams.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { DEFAULT_TAG, familiarName } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import { ATTEMPTS_MAX, backoffMs, isRetryableStatus, sleep } from "./retry.ts";
import type { RegistryRequest } from "./registry.ts";
import { errorOf } from "./registry-errors.ts";
import type { Session } from "./session.ts";
import { pullScope, pushScope } from "./session.ts";
import type { Answer } from "./transport.ts";
import { discard } from "./transport.ts";

/** One piece of an upload: above the 5 MiB that object stores demand of a part, small in memory. */
export const PIECE_BYTES = 8 * 1024 * 1024;

export type BlobPush = RegistryRequest & {
  readonly onProgress?: (sentBytes: number) => void;
  readonly mountFrom?: string;
};

export async function pushBlob(
  session: Session,
  reference: Reference,
  descriptor: Descriptor,
  open: () => Promise<ByteStream>,
  request: BlobPush,
): Promise<"uploaded" | "exists" | "mounted"> {
  const upload = new Upload(session, reference, descriptor, request);
  if (await upload.exists()) return "exists";
  if (await upload.start()) return "mounted";
  await upload.send(await open());
  return "uploaded";
}

export async function pushManifest(
  session: Session,
  reference: Reference,
  bytes: Uint8Array,
  content: { readonly mediaType: string; readonly digest: string },
): Promise<Descriptor> {
  const target = reference.digest ?? reference.tag ?? DEFAULT_TAG;
  if (reference.digest !== undefined && reference.digest !== content.digest) {
    throw fail("invalidParameter", `manifest has digest ${content.digest}, not ${reference.digest}`);
  }
  const answer = await session.send(pushScope(reference.path), {
    method: "PUT",
    url: session.url(`${reference.path}/manifests/${target}`),
    headers: { "content-type": content.mediaType },
    body: new Uint8Array(bytes),
  });
  if (!answer.response.ok) throw errorOf(await session.refusal(answer));
  const claimed = answer.response.headers.get("docker-content-digest");
  await discard(answer.response);
  if (claimed !== null && claimed !== content.digest) {
    throw fail("dataLoss", `the registry stored the manifest as ${claimed}, not ${content.digest}`);
  }
  return { mediaType: content.mediaType, digest: content.digest, size: bytes.length };
}

class Upload {
  readonly #session: Session;
  readonly #reference: Reference;
  readonly #descriptor: Descriptor;
  readonly #request: BlobPush;
  readonly #scope: string;
  #url: URL | undefined;
  #sentBytes = 0;

  constructor(session: Session, reference: Reference, descriptor: Descriptor, request: BlobPush) {
    this.#session = session;
    this.#reference = reference;
    this.#descriptor = descriptor;
    this.#request = request;
    this.#scope = pushScope(reference.path);
  }

  async exists(): Promise<boolean> {
    const url = this.#session.url(`${this.#reference.path}/blobs/${this.#descriptor.digest}`);
    const answer = await this.#session.send(this.#scope, { method: "HEAD", url });
    await discard(answer.response);
    if (answer.response.ok) return true;
    // HEAD carries no body to read a reason from; starting the upload will tell.
    return false;
  }

  /** Opens an upload; true when the blob was mounted from another repository instead. */
  async start(): Promise<boolean> {
    const url = this.#session.url(`${this.#reference.path}/blobs/uploads/`);
    const from = this.#request.mountFrom;
    const isMount = from !== undefined && from !== this.#reference.path;
    if (isMount) {
      url.searchParams.set("mount", this.#descriptor.digest);
      url.searchParams.set("from", from);
    }
    const scope = isMount ? `${this.#scope} ${pullScope(from)}` : this.#scope;
    const answer = await this.#session.send(scope, { method: "POST", url, requiredHeader: "location" });
    if (answer.response.status === 201 && isMount) {
      await discard(answer.response);
      return true;
    }
    await this.#accept(answer, 202);
    return false;
  }

  async send(stream: ByteStream): Promise<void> {
    let held: Uint8Array[] = [];
    let heldBytes = 0;
    for await (const piece of piecesOf(stream)) {
      held.push(piece);
      heldBytes += piece.length;
      if (this.#sentBytes + heldBytes > this.#descriptor.size) throw this.#wrongSize();
      if (heldBytes < PIECE_BYTES) continue;
      await this.#patch(concatBytes(held));
      held = [];
      heldBytes = 0;
    }
    if (this.#sentBytes + heldBytes !== this.#descriptor.size) throw this.#wrongSize();
    const rest = concatBytes(held);
    // After PATCHes the rest goes the same way, so that a break in it can be continued too.
    if (this.#sentBytes > 0 && rest.length > 0) {
      await this.#patch(rest);
      await this.#commit(new Uint8Array(0));
    } else {
      await this.#commit(rest);
    }
  }

  /** Sends one piece from #sentBytes on, continuing it after breaks. */
  async #patch(piece: Uint8Array<ArrayBuffer>): Promise<void> {
    const start = this.#sentBytes;
    const end = start + piece.length;
    for (let attempt = 1; this.#sentBytes < end; attempt++) {
      const before = this.#sentBytes;
      const isDone = await this.#patchOnce(piece.subarray(before - start), attempt);
      if (isDone) this.#advance(end);
      else this.#advance(await this.#receivedBytes(start, end));
      if (this.#sentBytes > before) attempt = 1;
    }
  }

  /** False when the connection broke or the registry was busy, and asking again may help. */
  async #patchOnce(body: Uint8Array<ArrayBuffer>, attempt: number): Promise<boolean> {
    const isLast = attempt >= ATTEMPTS_MAX;
    const { transport, signal } = this.#session;
    try {
      const answer = await this.#session.send(this.#scope, {
        method: "PATCH",
        url: this.#uploadUrl(),
        headers: {
          "content-type": "application/octet-stream",
          "content-range": `${this.#sentBytes}-${this.#sentBytes + body.length - 1}`,
        },
        body,
        attemptsMax: 1,
      });
      const { status } = answer.response;
      if (isLast || !(isRetryableStatus(status) || status === 416)) {
        await this.#accept(answer, 202);
        return true;
      }
      await discard(answer.response);
    } catch (thrown) {
      if (isLast || !isKind(thrown, "unavailable")) throw thrown;
    }
    await sleep(transport.clock, backoffMs(attempt, () => transport.random()), signal);
    return false;
  }

  /** How much of the blob the registry holds; must lie within the piece that is in memory. */
  async #receivedBytes(start: number, end: number): Promise<number> {
    const answer = await this.#session.send(this.#scope, { method: "GET", url: this.#uploadUrl() });
    if (!answer.response.ok) throw this.#refused(await this.#session.refusal(answer));
    const match = /^(?:bytes=)?0-(\d+)$/.exec(answer.response.headers.get("range") ?? "");
    this.#follow(answer);
    await discard(answer.response);
    const last = Number(match?.[1] ?? 0);
    // "0-0" is what registries answer for none at all: one byte is never resumed from.
    const received = last === 0 ? 0 : last + 1;
    if (received < start || received > end) {
      throw fail("unavailable", `the registry holds ${received} bytes of an upload that was at ${start}`);
    }
    return received;
  }

  async #commit(body: Uint8Array<ArrayBuffer>): Promise<void> {
    const url = this.#uploadUrl();
    url.searchParams.set("digest", this.#descriptor.digest);
    const answer = await this.#session.send(this.#scope, {
      method: "PUT",
      url,
      headers: { "content-type": "application/octet-stream" },
      body,
      // A repeated PUT finds its upload gone when the first was done and only the answer was lost.
      attemptsMax: 1,
    });
    if (!answer.response.ok) {
      const refusal = await this.#session.refusal(answer);
      if (!(await this.exists())) throw this.#refused(refusal);
    } else {
      await discard(answer.response);
    }
    this.#advance(this.#descriptor.size);
  }

  async #accept(answer: Answer, status: number): Promise<void> {
    if (answer.response.status !== status) throw this.#refused(await this.#session.refusal(answer));
    this.#follow(answer);
    await discard(answer.response);
    if (this.#url === undefined) {
      throw fail("unavailable", "the registry sent no Location for the upload, or does not let a web page read it");
    }
  }

  #follow(answer: Answer): void {
    const location = answer.response.headers.get("location");
    if (location !== null) this.#url = this.#session.transport.resolve(location, answer);
  }

  #uploadUrl(): URL {
    if (this.#url === undefined) throw fail("system", "upload not started");
    return new URL(this.#url);
  }

  #advance(sentBytes: number): void {
    this.#sentBytes = sentBytes;
    this.#request.onProgress?.(sentBytes);
  }

  #refused(refusal: Parameters<typeof errorOf>[0]): Error {
    if (refusal.status !== 404 || refusal.code !== "") return errorOf(refusal);
    return fail("notFound", `repository ${familiarName(this.#reference)} not found: ${refusal.text}`);
  }

  #wrongSize(): Error {
    const { digest, size } = this.#descriptor;
    return fail("dataLoss", `the bytes of ${digest} are not the ${size} its descriptor says`);
  }
}
