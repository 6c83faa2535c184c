/** Modules of the tree bundled for a browser, in memory. The adapter for vite's build API in tests. */
import { join } from "node:path";
import type { InlineConfig, Rolldown } from "vite";
import { build, mergeConfig } from "vite";

/**
 * Bundles `entry` (a path below `root`) into files by name, the entry as `entry.js`. They will be
 * served below `folder`.
 */
export async function bundleModule(
  root: string,
  entry: string,
  folder: string,
  overlay: InlineConfig,
): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const settings: InlineConfig = {
    root,
    base: folder,
    configFile: false,
    publicDir: false,
    logLevel: "error",
    worker: { format: "es" },
    build: {
      write: false,
      target: "esnext",
      minify: false,
      modulePreload: false,
      reportCompressedSize: false,
      rolldownOptions: {
        input: { entry: join(root, entry) },
        preserveEntrySignatures: "strict",
        output: { entryFileNames: "entry.js", chunkFileNames: "[name]-[hash].js", format: "es" },
      },
    },
  };
  const built = (await build(mergeConfig(settings, overlay))) as Rolldown.RolldownOutput; // One output, not watching.
  return new Map(
    built.output.map((file) => [file.fileName, file.type === "chunk" ? file.code : file.source] as const),
  );
}
