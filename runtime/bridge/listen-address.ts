/** Addresses as `-H` takes them (docker's opts/hosts.go): tcp://HOST:PORT and unix://PATH. */
import type { Server } from "node:http";
import { chmod, rm, stat } from "node:fs/promises";
import { connect } from "node:net";
import { fail } from "../../layers/base/errors.ts";

export type ListenAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** @throws SlipwayError invalidParameter in dockerd's words. */
export function parseListenAddress(text: string): ListenAddress {
  if (text.startsWith("unix://")) {
    const path = text.slice("unix://".length);
    if (path === "") throw fail("invalidParameter", `Invalid bind address format: ${text}`);
    return { kind: "unix", path };
  }
  const match = /^tcp:\/\/(\[[0-9a-fA-F:]+\]|[^:/]*):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) {
    throw fail("invalidParameter", `Invalid bind address format: ${text} (tcp://HOST:PORT or unix://PATH)`);
  }
  const host = (match[1] ?? "").replace(/^\[|\]$/g, "");
  return { kind: "tcp", host: host === "" ? "127.0.0.1" : host, port };
}

/** Starts listening; answers the address as docker's -H takes it, with the port that was chosen. */
export async function listen(server: Server, address: ListenAddress): Promise<string> {
  if (address.kind === "unix") await removeStaleSocket(address.path);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    const ready = (): void => {
      server.off("error", reject);
      resolve();
    };
    if (address.kind === "unix") server.listen(address.path, ready);
    else server.listen(address.port, address.host, ready);
  });
  if (address.kind === "unix") {
    await chmod(address.path, 0o660); // As dockerd: root and the socket's group.
    return `unix://${address.path}`;
  }
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : address.port;
  return `tcp://${address.host.includes(":") ? `[${address.host}]` : address.host}:${port}`;
}

/** A socket file nobody answers on is left over from a crash. */
async function removeStaleSocket(path: string): Promise<void> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return;
  if (!info.isSocket()) throw fail("conflict", `${path} exists and is not a socket`);
  const isAnswered = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
  if (isAnswered) throw fail("conflict", `another engine is listening on ${path}`);
  await rm(path);
}
