/** Who is who on the netlink of a network namespace: ports by protocol, and listeners of groups. */
import type { NetlinkSocket } from "./netlink-socket.ts";

/** Ports of sockets whose process's number is taken: counted down from here (netlink_autobind). */
const ROVER_START = -4097;

export class NetlinkPorts {
  readonly #sockets = new Map<number, Map<number, NetlinkSocket>>();
  #rover = ROVER_START;

  find(protocol: number, port: number): NetlinkSocket | undefined {
    return this.#sockets.get(protocol)?.get(port >>> 0);
  }

  /** False when somebody has the port. */
  take(socket: NetlinkSocket, port: number): boolean {
    const sockets = this.#sockets.get(socket.protocol) ?? new Map<number, NetlinkSocket>();
    this.#sockets.set(socket.protocol, sockets);
    if (sockets.has(port >>> 0)) return false;
    sockets.set(port >>> 0, socket);
    return true;
  }

  /** The process's number, or one that is nobody's. */
  takeAny(socket: NetlinkSocket, pid: number): number {
    if (this.take(socket, pid)) return pid;
    while (!this.take(socket, this.#rover)) this.#rover -= 1;
    return this.#rover >>> 0;
  }

  giveBack(socket: NetlinkSocket): void {
    const sockets = this.#sockets.get(socket.protocol);
    if (sockets?.get(socket.port >>> 0) === socket) sockets.delete(socket.port >>> 0);
  }

  listeners(protocol: number, group: number): readonly NetlinkSocket[] {
    const sockets = this.#sockets.get(protocol)?.values() ?? [];
    return [...sockets].filter((socket) => socket.isInGroup(group));
  }
}
