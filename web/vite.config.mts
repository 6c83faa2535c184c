/**
 * How the page is built: root web/, files of public/ as they are, workers as ES modules, everything
 * under .build/site with relative addresses so that it can be served from any folder.
 *
 * Three things are ours. The Wasmer SDK is copied verbatim under a versioned path, because its own
 * workers and glue import each other by relative addresses that a bundler breaks. The service worker
 * is emitted at the root, since its place decides its scope. And when everything is written, the list
 * of built files with their digests is put into the service worker: that list is the offline shell.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { cp, readFile, readdir, stat, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { dirname, extname, join, normalize, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { defineConfig } from "vite";

const here = dirname(fileURLToPath(import.meta.url));
const outDir = resolve(here, "../.build/site");
const require = createRequire(import.meta.url);

/** What makes the page cross-origin isolated, which the Wasmer SDK needs. */
const ISOLATION_HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

const sdkRoot = resolve(dirname(require.resolve("@wasmer/sdk/browser")), "..");
const sdkVersion = (JSON.parse(await readFile(join(sdkRoot, "package.json"), "utf8")) as { version: string }).version;
const SDK_PATH = `sdk/wasmer-${sdkVersion}/`;
/** Verbatim but for what only a developer's tools read: the SDK's parts import each other freely. */
const SDK_FOLDERS = ["dist", "pkg"];
const isServed = (path: string): boolean => !/\.(map|d\.ts)$/.test(path);

const interpreterFile = resolve(here, "../.build/runtime/cpu/interpreter.wasm");
const interpreterBytes = await readFile(interpreterFile).catch((thrown: unknown) => {
  throw new Error("the processor is not built: run `npm run build:cpu` first", { cause: thrown });
});
const INTERPRETER_PATH = `cpu/interpreter-${createHash("sha256").update(interpreterBytes).digest("hex").slice(0, 8)}.wasm`;

/** Text the service worker source holds in place of its list. */
const PRECACHE_MARK = /["'`]__SLIPWAY_PRECACHE__["'`]/;

const MEDIA_TYPES: Record<string, string> = { ".js": "text/javascript", ".wasm": "application/wasm" };

function wasmerSdk(): Plugin {
  return {
    name: "slipway-wasmer-sdk",
    configureServer(server) {
      server.middlewares.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
        const path = new URL(request.url ?? "/", "http://localhost").pathname;
        if (!path.startsWith(`/${SDK_PATH}`)) return next();
        const file = normalize(join(sdkRoot, path.slice(SDK_PATH.length + 1)));
        if (!file.startsWith(sdkRoot)) return next();
        const headers = { ...ISOLATION_HEADERS, "Content-Type": MEDIA_TYPES[extname(file)] ?? "application/octet-stream" };
        stat(file).then(
          () => createReadStream(file).pipe(response.writeHead(200, headers)),
          () => response.writeHead(404).end(),
        );
      });
    },
    async writeBundle() {
      for (const folder of SDK_FOLDERS) {
        await cp(join(sdkRoot, folder), join(outDir, SDK_PATH, folder), { recursive: true, filter: isServed });
      }
      await cp(join(sdkRoot, "LICENSE"), join(outDir, SDK_PATH, "LICENSE"));
    },
  };
}

/** The processor, under a name that says which. */
function interpreter(): Plugin {
  return {
    name: "slipway-interpreter",
    configureServer(server) {
      server.middlewares.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
        const path = new URL(request.url ?? "/", "http://localhost").pathname;
        if (path !== `/${INTERPRETER_PATH}`) return next();
        response.writeHead(200, { ...ISOLATION_HEADERS, "Content-Type": "application/wasm" }).end(interpreterBytes);
      });
    },
    async writeBundle() {
      await cp(interpreterFile, join(outDir, INTERPRETER_PATH));
    },
  };
}

async function filesUnder(folder: string, prefix = ""): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await readdir(join(folder, prefix), { withFileTypes: true })) {
    if (entry.isDirectory()) names.push(...(await filesUnder(folder, `${prefix}${entry.name}/`)));
    else names.push(prefix + entry.name);
  }
  return names.sort();
}

function precache(): Plugin {
  return {
    name: "slipway-precache",
    apply: "build",
    writeBundle: { order: "post", sequential: true, handler: writeShellList },
  };
}

/** After everything else was written. */
async function writeShellList(): Promise<void> {
  const skipped = /^service-worker\.js$|\.map$|LICENSE$/;
  const paths = (await filesUnder(outDir)).filter((name) => !skipped.test(name));
  const hash = createHash("sha256");
  for (const path of paths) hash.update(`${path}\n`).update(await readFile(join(outDir, path)));
  const build = {
    version: hash.digest("hex").slice(0, 16),
    paths: paths.map((path) => (path === "index.html" ? "./" : path)),
  };
  const place = join(outDir, "service-worker.js");
  const source = await readFile(place, "utf8");
  if (!PRECACHE_MARK.test(source)) throw new Error("the service worker has no place for its precache list");
  if (/^\s*(import|export)\b/m.test(source)) throw new Error("the service worker must be one classic script");
  await writeFile(place, source.replace(PRECACHE_MARK, () => JSON.stringify(build)));
}

export default defineConfig({
  root: here,
  base: "./",
  publicDir: resolve(here, "../public"),
  cacheDir: resolve(here, "../.cache/vite"),
  define: {
    __WASMER_SDK_PATH__: JSON.stringify(SDK_PATH),
    __INTERPRETER_PATH__: JSON.stringify(INTERPRETER_PATH),
  },
  plugins: [wasmerSdk(), interpreter(), precache()],
  worker: { format: "es" },
  server: { host: "127.0.0.1", headers: ISOLATION_HEADERS, fs: { allow: [resolve(here, "..")] } },
  preview: { host: "127.0.0.1", headers: ISOLATION_HEADERS },
  optimizeDeps: { exclude: ["@wasmer/sdk"] },
  build: {
    outDir,
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      input: {
        page: resolve(here, "index.html"),
        "service-worker": resolve(here, "../runtime/workers/service-worker.ts"),
      },
      output: {
        entryFileNames: (chunk) => (chunk.name === "service-worker" ? "service-worker.js" : "assets/[name]-[hash].js"),
      },
    },
  },
});
