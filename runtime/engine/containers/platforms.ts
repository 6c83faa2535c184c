/** Which backend runs which platform, and a sentence for the person when none does. */
import { fail } from "../../../layers/base/errors.ts";
import { matchesPlatform, parsePlatform } from "../../../layers/oci/platform.ts";
import type { Backend } from "../../backends/backend.ts";

/** The first backend that can run `platform` now. `unavailable` with the reason when there is none. */
export function backendFor(backends: readonly Backend[], platform: string): Backend {
  const backend = candidates(backends, platform).find((candidate) => candidate.unavailable() === undefined);
  if (backend !== undefined) return backend;
  throw fail("unavailable", whyNotRunnable(backends, platform) ?? `no backend runs ${platform}`);
}

/** Why nothing runs `platform` here, or undefined when something does. */
export function whyNotRunnable(backends: readonly Backend[], platform: string): string | undefined {
  const able = candidates(backends, platform);
  if (able.some((backend) => backend.unavailable() === undefined)) return undefined;
  const reasons = able.map((backend) => `${backend.name}: ${backend.unavailable() ?? ""}`);
  if (reasons.length > 0) return `cannot run ${platform} images here: ${reasons.join("; ")}`;
  const known = [...new Set(backends.flatMap((backend) => backend.platforms))];
  const offer = known.length === 0 ? "there is none" : `what there is runs ${known.join(", ")}`;
  return `cannot run ${platform} images here: no backend for this platform, ${offer}`;
}

function candidates(backends: readonly Backend[], platform: string): readonly Backend[] {
  const wanted = parsePlatform(platform);
  return backends.filter((backend) =>
    backend.platforms.some((offered) => matchesPlatform(wanted, parsePlatform(offered))),
  );
}
