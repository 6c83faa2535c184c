/**
 * The built page, served as `slipway serve` does, in a browser driven by Playwright: what the tests of
 * the whole line share. The one hard idea is the gate: a request for a path that matches waits until
 * the test lets it go on, which is how a pull is caught in its middle.
 */
import { existsSync, readFileSync } from "node:fs";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { chromium, firefox } from "playwright-core";
import { build } from "vite";
import { createSiteServer } from "../../runtime/bridge/site-server.ts";
import type { BrowserName } from "./browser-page.ts";
import { browsers } from "./browser-page.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
export const SITE = join(ROOT, ".build/site");
export const IMAGES = join(ROOT, ".images");
const SCREENSHOTS = join(ROOT, ".cache/screenshots");

/** Builds the page unless `npm test` or a person has. */
export async function builtSite(): Promise<string> {
  if (!existsSync(join(SITE, "index.html"))) {
    await build({ configFile: join(ROOT, "web/vite.config.mts"), logLevel: "error" });
  }
  return SITE;
}

/** Whether `npm run images` made an image of this name. */
export function hasImage(name: string): boolean {
  const index = join(IMAGES, "index.json");
  return existsSync(index) && readFileSync(index, "utf8").includes(`/library/${name}:`);
}

/** The layer that matters in an image of the mirror. */
export function largestBlobOf(name: string): {
  readonly digest: string;
  readonly bytes: Uint8Array;
} {
  const read = (digest: string): Buffer =>
    readFileSync(join(IMAGES, "blobs/sha256", digest.replace("sha256:", "")));
  const index = JSON.parse(readFileSync(join(IMAGES, "index.json"), "utf8")) as {
    manifests: { digest: string; annotations?: Record<string, string> }[];
  };
  const entry = index.manifests.find((one) =>
    one.annotations?.["io.containerd.image.name"]?.includes(`/library/${name}:`),
  );
  if (entry === undefined) throw new Error(`${name} is not in the mirror`);
  const manifest = JSON.parse(read(entry.digest).toString()) as {
    layers: { digest: string; size: number }[];
  };
  const [layer] = [...manifest.layers].sort((left, right) => right.size - left.size);
  if (layer === undefined) throw new Error(`${name} has no layers`);
  return { digest: layer.digest.replace("sha256:", ""), bytes: read(layer.digest) };
}

export interface Site {
  readonly address: string;
  /** Paths asked for, in order, with the Range header where there was one. */
  readonly requests: { readonly path: string; readonly range: string | undefined }[];
  /** Called with each request before it is answered; true means it was answered. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  stop(): Promise<void>;
}

export async function serveSite(isIsolated = true): Promise<Site> {
  const server: Server = createSiteServer({
    siteDirectory: await builtSite(),
    mirrorDirectory: IMAGES,
    proxy: undefined,
  });
  const requests: Site["requests"] = [];
  const answer = server.listeners("request")[0] as (
    request: IncomingMessage,
    response: ServerResponse,
  ) => void; // Its only one.
  const site: { intercept: Site["intercept"] } = { intercept: undefined };
  server.removeAllListeners("request");
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    requests.push({ path: request.url ?? "/", range: request.headers.range });
    if (site.intercept?.(request, response) === true) return;
    if (!isIsolated) withoutIsolation(response);
    answer(request, response);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo; // It listens on TCP.
  return Object.assign(site, {
    address: `http://127.0.0.1:${port}/`,
    requests,
    async stop(): Promise<void> {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  });
}

function withoutIsolation(response: ServerResponse): void {
  const writeHead = response.writeHead.bind(response) as (
    status: number,
    headers?: Record<string, string>,
  ) => ServerResponse;
  response.writeHead = ((status: number, headers: Record<string, string> = {}) => {
    const kept = Object.entries(headers).filter(
      ([name]) => !/^cross-origin-(opener|embedder)-policy$/i.test(name),
    );
    return writeHead(status, Object.fromEntries(kept));
  }) as typeof response.writeHead;
  const setHeader = response.setHeader.bind(response);
  response.setHeader = (name, value) =>
    /^cross-origin-(opener|embedder)-policy$/i.test(name) ? response : setHeader(name, value);
}

export async function launch(name: BrowserName): Promise<Browser> {
  const choice = browsers().find((one) => one.name === name);
  if (choice === undefined || choice.missing !== undefined)
    throw new Error(choice?.missing ?? `no ${name}`);
  const { executablePath } = choice;
  if (name === "firefox") return firefox.launch({ channel: "moz-firefox", executablePath });
  const args = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
  ];
  return chromium.launch({ executablePath, args });
}

/** The page of one tab, and what a person can do with it. */
export class SlipwayPage {
  readonly page: Page;
  readonly problems: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on("pageerror", (error) => this.problems.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") this.problems.push(message.text());
    });
  }

  static async open(context: BrowserContext, address: string): Promise<SlipwayPage> {
    const tab = new SlipwayPage(await context.newPage());
    await tab.page.goto(address);
    await tab.ready();
    return tab;
  }

  /** Waits until an engine answers, whichever tab has it. */
  async ready(): Promise<void> {
    await this.page.waitForFunction(() => {
      const { slipway } = window as unknown as { slipway?: { role: string } };
      return slipway?.role === "owner" || slipway?.role === "guest";
    });
  }

  role(): Promise<string> {
    return this.page.evaluate(
      () => (window as unknown as { slipway: { role: string } }).slipway.role,
    );
  }

  docker(
    args: readonly string[],
    stdin?: string,
  ): Promise<{ exitCode: number; stdout: string; stderr: string }> {
    return this.page.evaluate(
      ([words, input]) => {
        const { slipway } = window as unknown as {
          slipway: {
            docker(
              args: readonly string[],
              options: object,
            ): Promise<{ exitCode: number; stdout: string; stderr: string }>;
          };
        };
        return slipway.docker(words, input === undefined ? {} : { stdin: input });
      },
      [args, stdin] as const,
    );
  }

  get terminal(): Locator {
    return this.page.locator(".panel:not([hidden]) slip-terminal");
  }

  terminalText(): Promise<string> {
    return this.terminal.evaluate((element) => (element as unknown as { text: string }).text);
  }

  async tabTitle(): Promise<string> {
    return (await this.page.locator('[role="tab"][aria-controls^="panel-"][aria-selected="true"]').innerText()).trim();
  }

  async type(text: string): Promise<void> {
    await this.terminal.locator("textarea").first().focus();
    await this.page.keyboard.type(text);
  }

  /** Waits until the terminal shows `text`, and fails with what it shows instead. */
  async shows(text: string | RegExp, timeoutMs = 20_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const shown = await this.terminalText();
      if (typeof text === "string" ? shown.includes(text) : text.test(shown)) return;
      if (Date.now() > deadline)
        throw new Error(`the terminal never showed ${String(text)}; it shows:\n${shown.trimEnd()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async screenshot(name: string): Promise<void> {
    await this.page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
  }
}
