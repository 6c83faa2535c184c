/**
 * A ring of frames shared with the program (PACKET_RX_RING, TPACKET_V2; net/packet/af_packet.c: tpacket_rcv). One
 * hard idea: a frame belongs to whom its status says; the kernel fills it, the program gives it back by writing 0,
 * so the pages are shared ones, and what the program wrote is fetched before the status is read.
 */
import { AnonymousObject } from "../../mm/shared-object.ts";
import { PAGE_BYTES } from "../../mm/region.ts";

const [TP_STATUS_KERNEL, TP_STATUS_USER] = [0, 1];

export interface RingRequest {
  readonly blockBytes: number;
  readonly blocks: number;
  readonly frameBytes: number;
  readonly frames: number;
}

export class PacketRing {
  readonly pages: AnonymousObject;
  readonly #request: RingRequest;
  #next = 0;

  constructor(request: RingRequest, ino: number) {
    this.#request = request;
    this.pages = new AnonymousObject(ino);
  }

  get sizeBytes(): number {
    return this.#request.blockBytes * this.#request.blocks;
  }

  get frameBytes(): number {
    return this.#request.frameBytes;
  }

  /** The frame before the next is the program's: there is something to read. */
  get hasFrames(): boolean {
    const { frames } = this.#request;
    return this.#status((this.#next + frames - 1) % frames) !== TP_STATUS_KERNEL;
  }

  /** Puts a frame into the ring, its status last; false when it is full. */
  put(frame: Uint8Array): boolean {
    if (this.#status(this.#next) !== TP_STATUS_KERNEL) return false;
    new DataView(frame.buffer, frame.byteOffset).setUint32(0, TP_STATUS_USER, true);
    this.#write(this.#position(this.#next), frame);
    this.#next = (this.#next + 1) % this.#request.frames;
    return true;
  }

  /** Frames do not cross blocks. */
  #position(frame: number): number {
    const perBlock = Math.floor(this.#request.blockBytes / this.#request.frameBytes);
    return (
      Math.floor(frame / perBlock) * this.#request.blockBytes + (frame % perBlock) * this.#request.frameBytes
    );
  }

  #status(frame: number): number {
    const at = this.#position(frame);
    this.pages.shared.gather(at, at + 4);
    const page = new Uint8Array(PAGE_BYTES);
    this.pages.load(at - (at % PAGE_BYTES), page);
    return new DataView(page.buffer).getUint32(at % PAGE_BYTES, true);
  }

  #write(position: number, bytes: Uint8Array): void {
    const { shared } = this.pages;
    shared.gather(position, position + bytes.length);
    for (let at = position; at < position + bytes.length;) {
      const start = at - (at % PAGE_BYTES);
      const page = new Uint8Array(PAGE_BYTES);
      this.pages.load(start, page);
      const piece = bytes.subarray(at - position, at - position + PAGE_BYTES - (at - start));
      page.set(piece, at - start);
      shared.store(start, page);
      at += piece.length;
    }
    for (const mapper of shared.mappers) mapper.refresh();
  }
}
