/** Questions to the user: a line from stdin, shown or not. */
import { decodeUtf8, concatBytes } from "../../layers/base/bytes.ts";
import type { CommandContext } from "./command.ts";
import { ExitError } from "./command.ts";

/** One line of stdin without its end; what follows it in the same piece is lost, as in a cooked terminal. */
export async function readLine(context: CommandContext): Promise<string> {
  const reader = context.io.stdin.getReader();
  const pieces: Uint8Array[] = [];
  const stop = (): void => reader.releaseLock();
  context.signal.addEventListener("abort", stop, { once: true });
  try {
    for (;;) {
      const step = await reader.read();
      if (step.done) break;
      pieces.push(step.value);
      if (step.value.includes(10)) break;
    }
  } catch (thrown) {
    if (context.signal.aborted) throw new ExitError(130);
    throw thrown;
  } finally {
    context.signal.removeEventListener("abort", stop);
    if (!context.signal.aborted) reader.releaseLock();
  }
  return decodeUtf8(concatBytes(pieces)).split("\n")[0]?.replace(/\r$/, "") ?? "";
}

/** All of stdin. */
export async function readAll(context: CommandContext): Promise<string> {
  const reader = context.io.stdin.getReader();
  const pieces: Uint8Array[] = [];
  for (let step = await reader.read(); !step.done; step = await reader.read()) pieces.push(step.value);
  return decodeUtf8(concatBytes(pieces));
}

/** Whether the answer to `message` was yes. */
export async function confirm(context: CommandContext, message: string): Promise<boolean> {
  await context.out(`${message} [y/N] `);
  return (await readLine(context)).trim().toLowerCase() === "y";
}

/** A line that is not echoed. */
export async function readSecret(context: CommandContext): Promise<string> {
  context.io.terminal?.setEcho(false);
  try {
    return await readLine(context);
  } finally {
    context.io.terminal?.setEcho(true);
    await context.out("\n");
  }
}
