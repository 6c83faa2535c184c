/** The host as a client of servers in a namespace: what previews and published ports stand on. */
import { expect, test } from "vitest";
import { Errno } from "../../../runtime/kernel/abi/errno.ts";
import type { HostConnection } from "../../../runtime/kernel/net/host-connection.ts";
import { connectFromHost, isListening } from "../../../runtime/kernel/net/host-connection.ts";
import { parseIp } from "../../../runtime/kernel/net/inet/ip-address.ts";
import type { IpAddress } from "../../../runtime/kernel/net/inet/ip-address.ts";
import { compile, hasCompiler } from "../../support/differential.ts";
import { copyIn, KernelHost } from "../../support/kernel-host.ts";

const PORT = 7000;
const SENT_BYTES = 500_000;
const ANSWER_BYTES = 600_000;

function ip(text: string): IpAddress {
  const address = parseIp(text);
  if (address === undefined) throw new Error(`no address: ${text}`);
  return address;
}

/** A host with the interface docker gives a container. */
async function hostWithInterface(): Promise<KernelHost> {
  const host = await KernelHost.start();
  host.network.addInterface({
    name: "eth0",
    hardwareAddress: Uint8Array.of(2, 0x42, 172, 17, 0, 2),
    addresses: [{ address: ip("172.17.0.2"), prefixBits: 16 }],
    gateways: [ip("172.17.0.1")],
  });
  copyIn(host.files, compile("host-server"), "/program");
  return host;
}

/** Tries until `isDone`, between slices of the guest. */
async function until(isDone: () => boolean): Promise<void> {
  for (let tries = 0; tries < 5000 && !isDone(); tries++)
    await new Promise((resolve) => setTimeout(resolve, 1));
  expect(isDone()).toBe(true);
}

async function sendAll(connection: HostConnection, bytes: Uint8Array): Promise<void> {
  let rest = bytes;
  await until(() => {
    rest = rest.subarray(connection.write(rest));
    return rest.length === 0;
  });
}

test.skipIf(!hasCompiler)(
  "the host talks to a server as a client of the container's network",
  async () => {
    const host = await hostWithInterface();
    const connect = (): HostConnection =>
      connectFromHost(host.network, { port: PORT, onChange: () => undefined });
    expect(connect().error).toBe(Errno.ECONNREFUSED);
    const running = host.run({ args: ["/program"], isContainer: true });
    await until(() => isListening(host.network, PORT));

    const first = connect();
    const sent = Uint8Array.from({ length: SENT_BYTES }, (_, index) => index % 7);
    await sendAll(first, sent);
    first.end();
    const target = new Uint8Array(100_000);
    let received = 0;
    let isRight = true;
    await until(() => {
      const count = first.read(target);
      for (let index = 0; index < count; index++) isRight &&= target[index] === ((received + index) & 0xff);
      received += count;
      return first.isEnded;
    });
    expect({ received, isRight, error: first.error }).toEqual({
      received: ANSWER_BYTES,
      isRight: true,
      error: undefined,
    });

    const second = connect();
    await until(() => second.error !== undefined);
    expect(second.error).toBe(Errno.ECONNRESET);

    const third = connect();
    await until(() => third.freeBytes > 0);
    third.write(new Uint8Array(10));
    await new Promise((resolve) => setTimeout(resolve, 50));
    third.reset();
    const { stdout } = await running;
    expect(stdout.split("\n")).toEqual([
      "from 172.17.0.1, family 2",
      `read ${SENT_BYTES} bytes, sum ${sent.reduce((sum, byte) => sum + byte, 0)}, then end`,
      "wrote 600000",
      "from 172.17.0.1, family 2",
      "from 172.17.0.1, family 2",
      "read 10 bytes, sum 0, then ECONNRESET",
      "eth0 received 500010, sent 600000",
      "",
    ]);
  },
  20_000,
);
