/**
 * Docker's way to send stdout and stderr over one connection: each piece behind a header of eight
 * bytes, the stream's number, three zeros and the length, big endian (moby pkg/stdcopy).
 */
import type { OutputName } from "../engine/containers/standard-streams.ts";

export const RAW_STREAM = "application/vnd.docker.raw-stream";
export const MULTIPLEXED_STREAM = "application/vnd.docker.multiplexed-stream";

const HEADER_BYTES = 8;
const NUMBERS: Readonly<Record<OutputName, number>> = { stdout: 1, stderr: 2 };

export function frame(name: OutputName, piece: Uint8Array): Uint8Array<ArrayBuffer> {
  const framed = new Uint8Array(HEADER_BYTES + piece.length);
  framed[0] = NUMBERS[name];
  new DataView(framed.buffer).setUint32(4, piece.length);
  framed.set(piece, HEADER_BYTES);
  return framed;
}
