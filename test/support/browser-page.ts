/**
 * A page in a real browser, for tests and benches: a loopback server with isolation headers that
 * serves modules of the tree, bundled when asked for, and a Chromium or Firefox driven by Playwright.
 *
 * Example, with `sum-worker.ts` calling `answer(async (n: number) => n + 1)` of browser-worker.ts:
 *   await withBrowserPage({ browser: "firefox" }, async (page) => {
 *     const result = await page.runWorker<number>("test/somewhere/sum-worker.ts", 1);
 *   });
 * Browsers that the machine lacks are skipped by name: `test.skipIf(browser.missing !== undefined)`
 * with `describe.each(browsers())`.
 */
import { existsSync } from "node:fs";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { chromium, firefox } from "playwright-core";
import type { InlineConfig } from "vite";
import { bundleModule } from "./browser-bundle.ts";

export type BrowserName = "chromium" | "firefox";

export interface BrowserChoice {
  readonly name: BrowserName;
  readonly executablePath: string;
  /** Why tests with this browser are skipped; undefined when it is here. */
  readonly missing: string | undefined;
}

export interface PageOptions {
  readonly browser: BrowserName;
  /** Cross-origin isolation (COOP and COEP headers). True unless told otherwise. */
  readonly isIsolated?: boolean;
  /** A profile on disk, kept by the caller. Chromium only: Firefox's driver has no such thing. */
  readonly profileDirectory?: string;
  /** Preferences of Firefox, such as its storage quota. */
  readonly firefoxPreferences?: Readonly<Record<string, string | number | boolean>>;
  /** Laid over the configuration a module is bundled with. */
  readonly vite?: InlineConfig;
  /** Answers a request itself and returns true, or returns false. Asked first. */
  readonly serve?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

export interface RunOptions {
  /** The page starts the product's workers for this one, as the product's page does. */
  readonly startsWorkers?: boolean;
}

export interface BrowserPage {
  readonly browser: BrowserName;
  readonly page: Page;
  readonly context: BrowserContext;
  readonly origin: string;
  /** Bundles a module of the tree and returns its URL. `entry` is relative to the repository. */
  bundle(entry: string): Promise<string>;
  /** Runs a worker whose module calls `answer` (browser-worker.ts), once, and ends it. */
  runWorker<Result>(entry: string, argument?: unknown, options?: RunOptions): Promise<Result>;
  /** Another page of the same origin and storage, as a second tab. */
  openTab(): Promise<BrowserPage>;
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const STARTER = "runtime/client/worker-starter.ts";

const EXECUTABLES: Readonly<Record<BrowserName, readonly string[]>> = {
  chromium: ["chromium", "chromium-browser", "google-chrome"],
  firefox: ["firefox-esr", "firefox"],
};

const CHROMIUM_ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // A test's page is often not the one in front.
  "--disable-background-timer-throttling",
  "--disable-renderer-backgrounding",
];

/** Both browsers, those that are not installed with a reason. */
export function browsers(): readonly BrowserChoice[] {
  return (["chromium", "firefox"] as const).map((name) => {
    const executablePath = findExecutable(EXECUTABLES[name]);
    const missing = executablePath === undefined ? `${name} is not installed` : undefined;
    return { name, executablePath: executablePath ?? "", missing };
  });
}

/** Opens a blank page, passes it to `use`, and ends browser and server whatever happens. */
export async function withBrowserPage<T>(options: PageOptions, use: (page: BrowserPage) => Promise<T>): Promise<T> {
  const bundles = new Map<string, string | Uint8Array>();
  const server = createServer((request, response) => {
    if (options.serve?.(request, response) === true) return;
    answerRequest(bundles, options.isIsolated ?? true, request, response);
  });
  const origin = await listen(server);
  const launched = await launch(options).catch((thrown: unknown) => {
    server.close();
    throw thrown;
  });
  try {
    return await use(await openPage({ options, origin, bundles, context: launched.context }));
  } finally {
    await launched.end();
    server.closeAllConnections();
    server.close();
  }
}

interface Launched {
  readonly context: BrowserContext;
  end(): Promise<void>;
}

async function launch(options: PageOptions): Promise<Launched> {
  const executablePath = findExecutable(EXECUTABLES[options.browser]);
  if (executablePath === undefined) throw new Error(`${options.browser} is not installed`);
  if (options.browser === "chromium" && options.profileDirectory !== undefined) {
    const settings = { executablePath, args: CHROMIUM_ARGUMENTS };
    const context = await chromium.launchPersistentContext(options.profileDirectory, settings);
    return { context, end: () => context.close() };
  }
  const browser: Browser =
    options.browser === "chromium"
      ? await chromium.launch({ executablePath, args: CHROMIUM_ARGUMENTS })
      : await firefox.launch({
          // The name under which Playwright speaks WebDriver BiDi, the one way into a stock Firefox.
          channel: "moz-firefox",
          executablePath,
          firefoxUserPrefs: { ...options.firefoxPreferences },
        });
  return { context: await browser.newContext(), end: () => browser.close() };
}

interface PageParts {
  readonly options: PageOptions;
  readonly origin: string;
  readonly bundles: Map<string, string | Uint8Array>;
  readonly context: BrowserContext;
}

async function openPage(parts: PageParts): Promise<BrowserPage> {
  const page = await parts.context.newPage();
  await page.goto(`${parts.origin}/`);
  const bundle = (entry: string): Promise<string> => bundleInto(parts, entry);
  return {
    browser: parts.options.browser,
    page,
    context: parts.context,
    origin: parts.origin,
    bundle,
    async runWorker<Result>(
      entry: string,
      argument?: unknown,
      { startsWorkers = false }: RunOptions = {},
    ): Promise<Result> {
      const url = await bundle(entry);
      // As text: vitest would rewrite an import() in a function.
      if (startsWorkers) {
        const starter = JSON.stringify(await bundle(STARTER));
        await page.evaluate(`import(${starter}).then((module) => Object.assign(window, module))`);
      }
      const outcome = await page.evaluate(runWorkerInPage, { url, argument });
      if ("error" in outcome) throw new Error(`${entry} in ${parts.options.browser}: ${outcome.error}`);
      return outcome.result as Result; // The caller knows what its worker answers.
    },
    openTab: () => openPage(parts),
  };
}

interface WorkerOrder {
  readonly url: string;
  readonly argument: unknown;
}
type WorkerOutcome = { readonly result: unknown } | { readonly error: string };

/** Runs in the page: must not refer to anything outside itself. */
function runWorkerInPage(order: WorkerOrder): Promise<WorkerOutcome> {
  const { startWorkersFor } = window as {
    startWorkersFor?: (parent: Worker) => { dispose(): void };
  };
  return new Promise((resolve) => {
    const worker = new Worker(order.url, { type: "module" });
    const below = startWorkersFor?.(worker);
    const end = (): void => {
      below?.dispose();
      worker.terminate();
    };
    worker.onmessage = ({ data }: MessageEvent<WorkerOutcome | { kind: string }>) => {
      if ("kind" in data) return; // For the starter.
      end();
      resolve(data);
    };
    worker.onerror = (event) => {
      end();
      resolve({ error: `the worker failed: ${event.message} (${event.filename}:${event.lineno})` });
    };
    worker.postMessage(order.argument);
  });
}

/** The files of a bundle are served under a folder of their own; a bundle is made once. */
async function bundleInto(parts: PageParts, entry: string): Promise<string> {
  const folder = `/bundle/${entry.replaceAll("/", "-")}/`;
  const entryUrl = `${folder}entry.js`;
  if (!parts.bundles.has(entryUrl)) {
    const files = await bundleModule(ROOT, entry, folder, parts.options.vite ?? {});
    for (const [name, text] of files) parts.bundles.set(folder + name, text);
  }
  return parts.origin + entryUrl;
}

function answerRequest(
  bundles: ReadonlyMap<string, string | Uint8Array>,
  isIsolated: boolean,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (isIsolated) {
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    response.setHeader("Cross-Origin-Resource-Policy", "cross-origin");
  }
  const path = new URL(request.url ?? "/", "http://localhost").pathname;
  const bundled = bundles.get(path);
  if (path === "/") {
    response.setHeader("Content-Type", "text/html").end("<!doctype html><title>test</title>");
  } else if (bundled !== undefined) {
    const type = path.endsWith(".js") ? "text/javascript" : "application/octet-stream";
    response.setHeader("Content-Type", type).end(bundled);
  } else {
    response.writeHead(404).end();
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}

function findExecutable(names: readonly string[]): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}
