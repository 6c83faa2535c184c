/**
 * Netlink protocols a container can open and finds nothing behind: audit(8), events of devices, generic
 * netlink without families. What they answer is what Linux answers to a container.
 */
import { Errno } from "../../abi/errno.ts";
import { Capability, hasCapability } from "../../task/credentials.ts";
import { SyscallError } from "../../task/syscall-error.ts";
import type { Task } from "../../task/task.ts";
import type { NetlinkSocket } from "./netlink-socket.ts";
import { serveRequests } from "./serve.ts";

/** AUDIT_FIRST_USER_MSG to AUDIT_LAST_USER_MSG, and the second range. */
const isAuditMessage = (type: number): boolean =>
  (type >= 1100 && type <= 1199) || (type >= 2100 && type <= 2999);

/** Auditing is off: records are taken and dropped; its controls belong to the first pid namespace. */
export function auditKernel(socket: NetlinkSocket, datagram: Uint8Array, { credentials }: Task): void {
  serveRequests(socket, datagram, ({ type }) => {
    const isAllowed = isAuditMessage(type) && hasCapability(credentials, Capability.CAP_AUDIT_WRITE);
    if (!isAllowed) throw new SyscallError(Errno.EPERM);
    return undefined;
  });
}

/** Only udevd outside sends events in. */
export function ueventKernel(socket: NetlinkSocket, datagram: Uint8Array): void {
  serveRequests(socket, datagram, () => {
    throw new SyscallError(Errno.EPERM);
  });
}

/** No family is there: the controller finds none by name, and no number is anybody's. */
export function genericKernel(socket: NetlinkSocket, datagram: Uint8Array): void {
  serveRequests(socket, datagram, () => {
    throw new SyscallError(Errno.ENOENT);
  });
}
