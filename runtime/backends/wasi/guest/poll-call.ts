/**
 * poll_oneoff: regular files are always ready, as poll(2) says, so a question about one is answered
 * here at once; waiting for time and for the standard streams is the SDK's.
 */
import { ERRNO, SIZE } from "./abi.ts";
import type { GuestContext } from "./path-calls.ts";
import type { SdkFunctions } from "./transfer-calls.ts";

/** `eventtype`: clock 0, fd_read 1, fd_write 2. */
const CLOCK = 0;

export function pollCall({ descriptors, memory }: GuestContext, sdk: SdkFunctions) {
  return {
    poll_oneoff(subscriptions: number, events: number, count: number, result: number): number {
      let ready = 0;
      for (let index = 0; index < count; index++) {
        const at = (subscriptions >>> 0) + index * SIZE.subscription;
        const view = memory().view;
        const tag = view.getUint8(at + 8);
        if (tag === CLOCK) continue;
        const open = descriptors.get(view.getUint32(at + 16, true));
        if (open.kind !== "node") continue;
        const event = (events >>> 0) + ready * SIZE.event;
        memory().bytes(event, SIZE.event).fill(0);
        view.setBigUint64(event, view.getBigUint64(at, true), true);
        view.setUint8(event + 10, tag);
        view.setBigUint64(event + 16, 1n, true);
        ready += 1;
      }
      if (ready === 0) return sdk["poll_oneoff"]?.(subscriptions, events, count, result) ?? ERRNO.ENOSYS;
      memory().setU32(result, ready);
      return ERRNO.SUCCESS;
    },
  };
}
