/**
 * The service worker: keeps the built page (the shell) so that it opens without a network. One
 * classic script without imports, because its place decides its scope and its bytes its version.
 *
 * The hard idea is that it is a relay and nothing more. It knows the files of one build by digest,
 * answers those from its cache, and passes everything else through untouched: registries, mirror,
 * proxy and page configuration are none of its business. Answers keep the headers they came with, so
 * a page that was served cross-origin isolated stays so offline. Previews of published ports will be
 * a second relay here, at the place marked below; they must not make it stateful.
 */
// The project's library types `self` as a worker in general; this file only ever runs as this kind.
const worker = self as unknown as ServiceWorkerGlobalScope;

interface Build {
  /** A digest over every file of the build. */
  readonly version: string;
  /** Relative to the scope. */
  readonly paths: readonly string[];
}

/** The build's own list, put here by web/vite.config.mts in place of the mark. */
const build = "__SLIPWAY_PRECACHE__" as unknown as Build;

/** Configuration the server may change between visits: asked for first, remembered for offline. */
const CONFIGURATION = "slipway.json";
const CACHE_PREFIX = "slipway-shell-";
/** The previous build's files stay for tabs that still run it, and serve until the new ones are here. */
const CACHES_KEPT = 2;
const cacheName = CACHE_PREFIX + build.version;
const addressOf = (path: string): string => new URL(path, worker.registration.scope).href;
const shellAddresses = new Set(build.paths.map(addressOf));

/** Files asked for at once: the page is working at the same time. */
const FETCHES_AT_A_TIME = 3;

/** Completes the cache; what is there already stays. Any file that cannot be had fails it until next time. */
async function precache(): Promise<void> {
  const cache = await caches.open(cacheName);
  const wanted: string[] = [];
  for (const address of shellAddresses) if ((await cache.match(address)) === undefined) wanted.push(address);
  const fetchSome = async (): Promise<void> => {
    for (let address = wanted.pop(); address !== undefined; address = wanted.pop()) {
      // "no-cache" asks the server whether the HTTP cache is right: a stale file under a new list
      // would break the page for good.
      await cache.add(new Request(address, { cache: "no-cache" }));
    }
  };
  await Promise.all(Array.from({ length: FETCHES_AT_A_TIME }, fetchSome));
  await forgetOldBuilds();
}

async function forgetOldBuilds(): Promise<void> {
  // Keys come oldest first.
  const names = (await caches.keys()).filter((name) => name.startsWith(CACHE_PREFIX));
  for (const name of names.slice(0, -CACHES_KEPT)) if (name !== cacheName) await caches.delete(name);
}

/** A file of this build or of one before: from a cache, and from the network where that was cleared. */
async function answerShell(address: string, request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  return (await cache.match(address)) ?? (await caches.match(address)) ?? fetch(request);
}

/** The page's configuration: the network's newest, else the last one seen. */
async function answerConfiguration(request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request.url, response.clone());
    return response;
  } catch (unreachable) {
    const last = await caches.match(request.url);
    if (last === undefined) throw unreachable;
    return last;
  }
}

// Installing does nothing and so takes no time, and the page is not claimed: the page waits for the
// activation before it starts workers, so that none is loaded across that change, and asks for the files
// when its engine answers, so that they do not compete with it.
worker.addEventListener("install", (event) => event.waitUntil(worker.skipWaiting()));

worker.addEventListener("message", (event) => {
  // A failure leaves the cache incomplete: the next visit asks again.
  if (event.data === "precache") event.waitUntil(precache());
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const url = new URL(request.url);
  url.hash = "";
  // Previews: requests below `~<scope>/<port>/` will be relayed to the tab that owns the scope here.
  if (url.href === addressOf(CONFIGURATION)) {
    event.respondWith(answerConfiguration(request));
    return;
  }
  if (request.mode === "navigate") url.search = "";
  if (url.href === addressOf("index.html")) url.href = addressOf("./");
  const isBuilt = shellAddresses.has(url.href) || url.href.startsWith(addressOf("assets/"));
  if (isBuilt) event.respondWith(answerShell(url.href, request));
});
