/**
 * An OCI image layout (image-layout.md) that holds many images: which entry of index.json a reference
 * means. The hard idea is naming: containerd writes the full name into `io.containerd.image.name`;
 * the specification's `org.opencontainers.image.ref.name` holds a full name, a short one
 * ("debian:bookworm-slim") or, from some tools, a tag alone, which no reference can be matched with.
 */
import type { Descriptor } from "./descriptor.ts";
import { parseDigest } from "./digest.ts";
import type { ImageIndex } from "./manifest.ts";
import type { Reference } from "./reference.ts";
import { formatReference, isSameReference, parseReference, withDefaultTag } from "./reference.ts";

export const IMAGE_NAME_ANNOTATION = "io.containerd.image.name";
export const REF_NAME_ANNOTATION = "org.opencontainers.image.ref.name";

export interface LayoutImage {
  readonly reference: Reference;
  readonly descriptor: Descriptor;
}

/** Path of a blob below the layout's base: "blobs/sha256/…". */
export function layoutBlobPath(digest: string): string {
  const { algorithm, hex } = parseDigest(digest);
  return `blobs/${algorithm}/${hex}`;
}

/** The named images of a layout's index.json, in order; entries without a usable name are left out. */
export function imagesInLayout(index: ImageIndex): readonly LayoutImage[] {
  const images: LayoutImage[] = [];
  for (const descriptor of index.manifests) {
    const reference = nameOf(descriptor);
    if (reference !== undefined) images.push({ reference, descriptor });
  }
  return images;
}

/** The entry for `reference`; a digest must be that entry's own, whatever its tag. */
export function findInLayout(index: ImageIndex, reference: Reference): Descriptor | undefined {
  if (reference.digest !== undefined) {
    return index.manifests.find((entry) => entry.digest === reference.digest);
  }
  const wanted = withDefaultTag(reference);
  return imagesInLayout(index).find((image) => isSameReference(image.reference, wanted))?.descriptor;
}

/** Annotations that make `findInLayout` find an image again. */
export function layoutAnnotations(reference: Reference): Readonly<Record<string, string>> {
  const named = withDefaultTag(reference);
  return {
    [IMAGE_NAME_ANNOTATION]: formatReference(named),
    [REF_NAME_ANNOTATION]: named.tag ?? "",
  };
}

function nameOf(descriptor: Descriptor): Reference | undefined {
  const annotations = descriptor.annotations ?? {};
  const text = annotations[IMAGE_NAME_ANNOTATION] ?? annotations[REF_NAME_ANNOTATION];
  if (text === undefined || text === "") return undefined;
  try {
    return withDefaultTag(parseReference(text));
  } catch {
    return undefined; // The specification allows names that are no Docker references.
  }
}
