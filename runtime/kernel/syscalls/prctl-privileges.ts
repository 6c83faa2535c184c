/** The options of prctl(2) about privileges: capabilities, securebits, no_new_privs. */
import * as abi from "../abi/capability.ts";
import { Errno } from "../abi/errno.ts";
import {
  changeAmbient,
  dropFromBounding,
  isCapability,
  setKeepCapabilities,
  setSecureBits,
} from "../task/capability-sets.ts";
import type { Task } from "../task/task.ts";
import type { Result } from "../task/wait.ts";
import { becomeWho } from "./identity.ts";

/** The answer, or undefined for an option that is not about privileges. */
export function privilegePrctl(
  task: Task,
  option: number,
  a: number,
  b: number,
  c: number,
  d: number,
): Result | undefined {
  const who = task.credentials;
  switch (option) {
    case abi.PR_CAPBSET_READ:
      return isCapability(a) ? Number((who.bounding >> BigInt(a)) & 1n) : -Errno.EINVAL;
    case abi.PR_CAPBSET_DROP:
      return becomeWho(task, dropFromBounding(who, a));
    case abi.PR_GET_SECUREBITS:
      return who.secureBits;
    case abi.PR_SET_SECUREBITS:
      return becomeWho(task, setSecureBits(who, a));
    case abi.PR_GET_KEEPCAPS:
      return (who.secureBits & abi.SECBIT_KEEP_CAPS) === 0 ? 0 : 1;
    case abi.PR_SET_KEEPCAPS:
      return becomeWho(task, setKeepCapabilities(who, a));
    case abi.PR_CAP_AMBIENT: {
      if (c !== 0 || d !== 0) return -Errno.EINVAL;
      const changed = changeAmbient(who, a, b);
      return typeof changed === "number" ? changed : becomeWho(task, changed);
    }
    case abi.PR_SET_NO_NEW_PRIVS:
      if (a !== 1 || b !== 0 || c !== 0 || d !== 0) return -Errno.EINVAL;
      task.hasNoNewPrivileges = true;
      return 0;
    case abi.PR_GET_NO_NEW_PRIVS:
      if (a !== 0 || b !== 0 || c !== 0 || d !== 0) return -Errno.EINVAL;
      return task.hasNoNewPrivileges ? 1 : 0;
    default:
      return undefined;
  }
}
