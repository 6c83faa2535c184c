/**
 * Names and platforms as they come over the API, read into what the verbs take; and an image's names
 * as they are shown.
 */
import { fail } from "../../../layers/base/errors.ts";
import { isDigest } from "../../../layers/oci/digest.ts";
import type { Platform } from "../../../layers/oci/platform.ts";
import { matchesPlatform, parsePlatform } from "../../../layers/oci/platform.ts";
import type { Reference } from "../../../layers/oci/reference.ts";
import {
  familiarString,
  parseReference,
  repositoryOf,
  withDefaultTag,
  withDigest,
  withTag,
} from "../../../layers/oci/reference.ts";
import type { Credentials } from "../../../layers/registry/registry.ts";
import type { EngineContext } from "../context.ts";
import type { ImageRecord } from "./image-record.ts";

export type { Credentials, Platform, Reference };

/** "linux/amd64"; empty is no wish. */
export function readPlatform(text: string): Platform | undefined {
  return text === "" ? undefined : parsePlatform(text);
}

/** What to pull: the "tag" may be a digest; a trailing colon is how `pull -a` once asked. */
export function readPullReference(name: string, tag: string): Reference {
  const reference = parseReference(name.replace(/:$/, ""));
  if (reference.path === "library/scratch" && reference.domain === "docker.io") {
    throw fail("forbidden", "'scratch' is a reserved name");
  }
  if (tag === "") return reference;
  return isDigest(tag) ? withDigest(repositoryOf(reference), tag) : withTag(repositoryOf(reference), tag);
}

/** What to push: without a tag, all of the repository's. */
export function readPushReference(name: string, tag: string): Reference {
  const named = parseReference(name);
  return tag === "" ? named : withTag(named, tag);
}

/** The name for an image made here; empty is none (moby: RepoTagReference). */
export function readNewName(repository: string, tag: string): Reference | undefined {
  const name = repository.trim();
  if (name === "") return undefined;
  const reference = parseReference(name);
  if (reference.digest !== undefined) throw fail("invalidParameter", "cannot import digest reference");
  return tag === "" ? withDefaultTag(reference) : withTag(reference, tag);
}

/** `docker rmi --platform`: JSON platforms, at most one, which must be the image's. */
export function requirePlatforms(context: EngineContext, name: string, texts: readonly string[]): void {
  if (texts.length > 1) throw fail("invalidParameter", "multiple platforms are not supported");
  for (const text of texts) {
    if (matchesPlatform(decodePlatform(text), context.images.get(name))) continue;
    throw fail(
      "notFound",
      `image with reference ${name} was found but does not provide the specified platform`,
    );
  }
}

function decodePlatform(text: string): Platform {
  try {
    const { os, architecture, variant } = JSON.parse(text) as Partial<Platform>; // Checked just below.
    if (typeof os === "string" && typeof architecture === "string") {
      return { os, architecture, ...(typeof variant === "string" ? { variant } : {}) };
    }
  } catch (thrown) {
    throw fail("invalidParameter", "failed to parse platform", { cause: thrown });
  }
  throw fail("invalidParameter", "both OS and Architecture must be provided");
}

/** RepoTags and RepoDigests. */
export function shownNames(
  context: EngineContext,
  image: ImageRecord,
): { readonly tags: readonly string[]; readonly digests: readonly string[] } {
  const references = context.images.referencesOf(image.id);
  return {
    tags: references.filter((reference) => reference.tag !== undefined).map(familiarString),
    digests: references.filter((reference) => reference.digest !== undefined).map(familiarString),
  };
}
