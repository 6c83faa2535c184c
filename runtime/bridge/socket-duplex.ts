/**
 * A Node socket as a `Duplex`. Node's own `Readable.toWeb` ends only when both directions have ended
 * (seen in 20.20), which loses half-close: the end of a container's stdin.
 */
import type { Socket } from "node:net";
import type { Duplex } from "../../layers/base/streams.ts";

/** Both directions of `socket`; closing `writable` half-closes it, aborting destroys it. */
export function socketDuplex(socket: Socket): Duplex {
  socket.setNoDelay(true);
  return { readable: readableOf(socket), writable: writableOf(socket) };
}

function readableOf(socket: Socket): ReadableStream<Uint8Array> {
  let isOpen = true;
  return new ReadableStream<Uint8Array>(
    {
      start(controller): void {
        const finish = (end: () => void): void => {
          if (!isOpen) return;
          isOpen = false;
          end();
        };
        socket.on("data", (data: Buffer) => {
          if (!isOpen) return;
          controller.enqueue(new Uint8Array(data));
          if ((controller.desiredSize ?? 0) <= 0) socket.pause();
        });
        socket.on("end", () => finish(() => controller.close()));
        socket.on("error", (error) => finish(() => controller.error(error)));
        socket.on("close", () => finish(() => controller.close()));
        socket.pause();
      },
      pull(): void {
        socket.resume();
      },
      cancel(): void {
        isOpen = false;
        socket.resume(); // What still comes is read and dropped, so that "end" is seen.
      },
    },
    { highWaterMark: 1 },
  );
}

function writableOf(socket: Socket): WritableStream<Uint8Array> {
  return new WritableStream<Uint8Array>({
    write(piece): Promise<void> {
      return new Promise((resolve, reject) => {
        // The callback comes when the piece has left for the kernel: that is the backpressure.
        socket.write(piece, (error) => (error ? reject(error) : resolve()));
      });
    },
    close(): void {
      socket.end();
    },
    abort(): void {
      socket.destroy();
    },
  });
}
