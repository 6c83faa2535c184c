/**
 * The programs of the test image as JavaScript: what busybox does with the few commands the
 * side-by-side test types, so that a real dockerd running busybox and Slipway's test backend agree.
 */
import { decodeUtf8 } from "../../layers/base/bytes.ts";
import type { Program, ProgramHost } from "./fake-backend.ts";

/** `sh -c` with: echo, exit, sleep, cat, kill -9 $$, and `>&2`; commands end with `;`. */
const sh: Program = async (host) => {
  const script = host.args[0] === "-c" ? (host.args[1] ?? "") : decodeUtf8(await all(host));
  for (const command of script.split(/;|\n/).map((part) => part.trim()).filter((part) => part !== "")) {
    const toError = / >&2$/.test(command);
    const [word = "", ...args] = command.replace(/ >&2$/, "").split(/\s+/);
    const write = toError ? host.error : host.out;
    if (word === "exit") return Number(args[0] ?? 0);
    if (word === "echo") await write(`${args.map((text) => expand(text, host)).join(" ")}\n`);
    else if (word === "sleep") await host.sleep(Number(args[0]) * 1000);
    else if (word === "cat") await cat(host);
    else {
      await host.error(`sh: ${word}: not found\n`);
      return 127;
    }
  }
  return 0;
};

const cat: Program = async ({ stdin, out }) => {
  for await (const piece of stdin) await out(piece);
};

function expand(text: string, host: ProgramHost): string {
  return text.replace(/\$(\w+)/g, (_whole, name: string) => host.env[name] ?? "").replace(/^(['"])(.*)\1$/, "$2");
}

async function all({ stdin }: ProgramHost): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stdin).arrayBuffer());
}

export const CLI_PROGRAMS: Readonly<Record<string, Program>> = { sh, cat };

/** Applets the image holds; each is a copy of busybox under that name. */
export const APPLETS = ["sh", "echo", "cat", "sleep", "true", "false", "env"] as const;
