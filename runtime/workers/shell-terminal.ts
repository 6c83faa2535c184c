import { fail } from "../../layers/base/errors.ts";
import type { ByteStream } from "../../layers/base/streams.ts";
import type { KeyValue } from "../client/docker-config.ts";
import type { EngineClient } from "../client/engine-client.ts";
import type { Size } from "../client/worker-protocol.ts";

export class ShellTerminal {
  constructor(readonly_: ByteStream, size: Size) { void readonly_; void size; }
  resize(_size: Size): void {}
  run(_client: EngineClient, _values: KeyValue): ByteStream { throw fail("notImplemented", "the shell is not joined yet"); }
}
