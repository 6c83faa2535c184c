// The one place that installs system packages: what tests and demo images need beside npm's, from
// Debian's own archive, only when missing, saying so. Without apt or root it changes nothing and
// answers with what is missing, so that callers can skip by name.
//
//   node test/support/debian-packages.mjs tests      everything `npm test` uses
//   node test/support/debian-packages.mjs images     what `npm run images` uses
import { spawnSync } from "node:child_process";

export const PACKAGES = {
  images: ["clang", "lld", "wasi-libc", "libclang-rt-14-dev-wasm32", "mmdebstrap", "binutils"],
  tests: [
    "chromium",
    "firefox-esr",
    "docker-registry",
    "apache2-utils",
    "openssl",
    "skopeo",
    "umoci",
    "zstd",
    "xz-utils",
    "attr",
    "docker.io",
    // What the oracles are: the kernel's overlayfs and trees by python3, the processor by gcc and objdump.
    "python3",
    "gcc",
    "g++",
    "musl-tools",
    "libc6-dev",
    "binutils",
    "busybox-static",
    "bsdutils",
  ],
};

const quiet = { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" };

function isInstalled(name) {
  const query = spawnSync("dpkg-query", ["-W", "-f=${db:Status-Abbrev}", name], quiet);
  return query.status === 0 && query.stdout.startsWith("ii");
}

/** Installs what is missing of `names`; answers the names that are still missing and why. */
export function ensurePackages(names, say = console.error) {
  if (spawnSync("dpkg-query", ["--version"], quiet).status !== 0) {
    return { missing: names, reason: "this machine has no Debian packages" };
  }
  const missing = names.filter((name) => !isInstalled(name));
  if (missing.length === 0) return { missing: [], reason: "" };
  if (process.getuid?.() !== 0) return { missing, reason: "installing packages needs root" };
  say(`installing Debian packages: ${missing.join(" ")}`);
  const apt = (args) =>
    spawnSync("apt-get", ["-o", "DPkg::Lock::Timeout=600", "-o", "Acquire::Retries=3", ...args], {
      ...quiet,
      timeout: 600_000,
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
  apt(["update", "-qq"]);
  const install = ["install", "-y", "-qq", "--no-install-recommends"];
  // All at once is fast; one by one only when something of the list cannot be had.
  if (apt([...install, ...missing]).status !== 0) for (const name of missing) apt([...install, name]);
  const still = missing.filter((name) => !isInstalled(name));
  return { missing: still, reason: still.length === 0 ? "" : "apt-get could not install them" };
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const names = PACKAGES[process.argv[2] ?? "tests"];
  if (names === undefined) {
    console.error(`usage: debian-packages.mjs ${Object.keys(PACKAGES).join("|")}`);
    process.exit(2);
  }
  const { missing, reason } = ensurePackages(names);
  if (missing.length > 0) console.error(`missing: ${missing.join(" ")} (${reason})`);
}
