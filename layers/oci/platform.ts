/**
 * Platforms (OCI image spec, image-index.md; containerd platforms): what an image runs on, and which
 * of an index's entries to take. The hard idea is spelling: the same machine is called x86_64 and
 * amd64, the same WASI wasi/wasm, wasi/wasm32 and wasip1/wasm; everything is compared normalized.
 */
import { fail } from "../base/errors.ts";

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly "os.version"?: string;
  readonly "os.features"?: readonly string[];
}

export const LINUX_AMD64: Platform = { os: "linux", architecture: "amd64" };
export const WASI_WASM: Platform = { os: "wasi", architecture: "wasm" };

/** What is taken, best first, when nobody asked for a platform. */
export const DEFAULT_PLATFORMS: readonly Platform[] = [LINUX_AMD64, WASI_WASM];

/** Known to containerd (database.go), plus the WASI names. */
const KNOWN_OS = new Set([
  ...["aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "js", "linux", "nacl"],
  ...["netbsd", "openbsd", "plan9", "solaris", "wasi", "wasip1", "wasip2", "windows", "zos"],
]);
const KNOWN_ARCHITECTURES = new Set([
  ...["386", "amd64", "amd64p32", "arm", "armbe", "arm64", "arm64be", "loong64", "mips", "mipsle"],
  ...["mips64", "mips64le", "mips64p32", "mips64p32le", "ppc", "ppc64", "ppc64le", "riscv", "riscv64"],
  ...["s390", "s390x", "sparc", "sparc64", "wasm"],
]);

/** Old variants that run on newer ones, best first (containerd compare.go). */
const ARM_VARIANTS = ["v8", "v7", "v6", "v5"];

/**
 * A platform as people write it: "linux/amd64", "linux/arm/v7", "wasi/wasm", "arm64", "linux".
 * @throws SlipwayError `invalidParameter` in containerd's words.
 */
export function parsePlatform(text: string): Platform {
  if (text.includes("*")) throw invalid(`"${text}": wildcards not yet supported`);
  const parts = text.split("/");
  for (const part of parts) {
    if (/^[A-Za-z0-9_.-]+$/.test(part)) continue;
    throw invalid(
      `"${part}" is an invalid component of "${text}": platform specifier component must match "^[A-Za-z0-9_.-]+$"`,
    );
  }
  const [first = "", second, variant] = parts;
  if (parts.length > 3) throw invalid(`"${text}": cannot parse platform specifier`);
  if (second !== undefined) {
    return normalizePlatform({
      os: first,
      architecture: second,
      ...(variant === undefined ? {} : { variant }),
    });
  }
  const os = first.toLowerCase();
  if (KNOWN_OS.has(os)) {
    return normalizePlatform({ os, architecture: os.startsWith("wasi") ? "wasm" : "amd64" });
  }
  const { architecture } = normalizePlatform({ os: "linux", architecture: first });
  if (!KNOWN_ARCHITECTURES.has(architecture)) {
    throw invalid(`"${text}": unknown operating system or architecture`);
  }
  return normalizePlatform({ os: architecture === "wasm" ? "wasi" : "linux", architecture: first });
}

/** One spelling for each platform. */
export function normalizePlatform(platform: Platform): Platform {
  const os = normalizeOs(platform.os);
  const { architecture, variant } = normalizeArchitecture(platform.architecture, platform.variant ?? "");
  return {
    os,
    architecture,
    ...(variant === "" ? {} : { variant }),
    ...(platform["os.version"] === undefined ? {} : { "os.version": platform["os.version"] }),
    ...(platform["os.features"] === undefined ? {} : { "os.features": platform["os.features"] }),
  };
}

/** "linux/amd64", "linux/arm/v7". */
export function formatPlatform(platform: Platform): string {
  const normal = normalizePlatform(platform);
  return [normal.os, normal.architecture, normal.variant].filter((part) => part).join("/");
}

/** Whether an image for `offered` can serve who asked for `wanted`. */
export function matchesPlatform(wanted: Platform, offered: Platform): boolean {
  return rankOf(wanted, offered) !== undefined;
}

/**
 * The best of `candidates` for `wanted`, or for DEFAULT_PLATFORMS in their order when nobody asked.
 * Of equals the first wins, as in Docker.
 */
export function choosePlatform<T>(
  candidates: readonly T[],
  platformOf: (candidate: T) => Platform | undefined,
  wanted: Platform | undefined,
): T | undefined {
  for (const one of wanted === undefined ? DEFAULT_PLATFORMS : [wanted]) {
    let best: { readonly candidate: T; readonly rank: number } | undefined;
    for (const candidate of candidates) {
      const offered = platformOf(candidate);
      const rank = offered === undefined ? undefined : rankOf(one, offered);
      if (rank !== undefined && (best === undefined || rank < best.rank)) best = { candidate, rank };
    }
    if (best !== undefined) return best.candidate;
  }
  return undefined;
}

/** 0 for the very platform asked for, more for an older variant, undefined for no match. */
function rankOf(wantedAs: Platform, offeredAs: Platform): number | undefined {
  const wanted = normalizePlatform(wantedAs);
  const offered = normalizePlatform(offeredAs);
  if (wanted.os !== offered.os || wanted.architecture !== offered.architecture) return undefined;
  if ((wanted.variant ?? "") === (offered.variant ?? "")) return 0;
  if (wanted.architecture !== "arm") return undefined;
  const from = ARM_VARIANTS.indexOf(wanted.variant ?? "");
  const to = ARM_VARIANTS.indexOf(offered.variant ?? "");
  return from >= 0 && to > from ? to - from : undefined;
}

function normalizeOs(text: string): string {
  const os = text.toLowerCase();
  if (os === "macos") return "darwin";
  // Preview 1 goes by three names; preview 2 (components) is another machine and stays apart.
  return os === "wasip1" || os === "wasi1" ? "wasi" : os;
}

function normalizeArchitecture(
  text: string,
  variantText: string,
): { readonly architecture: string; readonly variant: string } {
  const architecture = text.toLowerCase();
  const variant = variantText.toLowerCase();
  switch (architecture) {
    case "i386":
      return { architecture: "386", variant: "" };
    case "x86_64":
    case "x86-64":
    case "amd64":
      return { architecture: "amd64", variant: variant === "v1" ? "" : variant };
    case "aarch64":
    case "arm64":
      return { architecture: "arm64", variant: normalizeArm64Variant(variant) };
    case "armhf":
      return { architecture: "arm", variant: "v7" };
    case "armel":
      return { architecture: "arm", variant: "v6" };
    case "arm":
      if (variant === "") return { architecture, variant: "v7" };
      return { architecture, variant: /^[5-8]$/.test(variant) ? `v${variant}` : variant };
    case "wasm32":
      return { architecture: "wasm", variant };
    default:
      return { architecture, variant };
  }
}

function normalizeArm64Variant(variant: string): string {
  if (/^(8|v8|v8\.0)$/.test(variant)) return "";
  return /^(9|9\.0|v9\.0)$/.test(variant) ? "v9" : variant;
}

function invalid(message: string): Error {
  return fail("invalidParameter", `${message}: invalid argument`);
}
