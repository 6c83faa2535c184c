/** What a browser says about the machine, as `docker info` and `docker version` show it. */
import type { HostDescription } from "../engine/context.ts";

const BROWSERS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["Firefox", /Firefox\/([\d.]+)/],
  ["Edge", /Edg\/([\d.]+)/],
  ["Chromium", /Chrom(?:e|ium)\/([\d.]+)/],
  ["Safari", /Version\/([\d.]+).*Safari/],
];
const BYTES_PER_GIB = 1024 ** 3;

export function browserHost(): Partial<HostDescription> {
  // Only Chromium has the field, rounded down to at most 8.
  const { deviceMemory } = navigator as { readonly deviceMemory?: number };
  const found = BROWSERS.map(([name, pattern]) => [name, pattern.exec(navigator.userAgent)?.[1]] as const);
  const [name, version] = found.find(([, text]) => text !== undefined) ?? ["a browser", ""];
  return {
    name: "slipway",
    operatingSystem: `Slipway (${`${name} ${version?.split(".")[0] ?? ""}`.trim()})`,
    cpus: navigator.hardwareConcurrency,
    memoryBytes: (deviceMemory ?? 0) * BYTES_PER_GIB,
  };
}
