/** docker images: one row per name and tag. */
import type { ImageSummary } from "../../api/schema/types.ts";
import type { Command } from "../command.ts";
import { FILTER, filtersOf } from "../filters.ts";
import { LIST_FORMAT } from "../format-flags.ts";
import type { Row } from "../format/formatter.ts";
import { formatList, isDefaultTable } from "../format/formatter.ts";
import { formatGoTime } from "../format/go-time.ts";
import { shortId } from "../format/text.ts";
import { humanDuration, humanSize, listSize } from "../format/units.ts";

export const IMAGE_HEADERS = {
  ID: "IMAGE ID",
  Repository: "REPOSITORY",
  Tag: "TAG",
  Digest: "DIGEST",
  CreatedSince: "CREATED",
  CreatedAt: "CREATED AT",
  Size: "SIZE",
  Containers: "CONTAINERS",
  VirtualSize: "SIZE",
  SharedSize: "SHARED SIZE",
  UniqueSize: "UNIQUE SIZE",
};
const CREATED = "{{if .CreatedSince }}{{.CreatedSince}}{{else}}N/A{{end}}";
const TABLE = `table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t${CREATED}\t{{.Size}}`;
const DIGEST_TABLE = `table {{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t${CREATED}\t{{.Size}}`;
const NONE = "<none>";

export const images: Command = {
  names: ["image ls", "image list", "images"],
  use: "[OPTIONS] [REPOSITORY[:TAG]]",
  summary: "List images",
  flags: [
    { name: "all", short: "a", type: "bool", usage: "Show all images (default hides intermediate images)" },
    { name: "digests", type: "bool", usage: "Show digests" },
    FILTER,
    LIST_FORMAT,
    { name: "no-trunc", type: "bool", usage: "Don't truncate output" },
    { name: "quiet", short: "q", type: "bool", usage: "Only show image IDs" },
  ],
  arguments: { kind: "atMost", count: 1 },
  async run(context) {
    const { flags, signal } = context;
    const [match] = context.args;
    const filters = filtersOf(flags.list("filter"));
    const withMatch = match === undefined ? filters : { ...filters, reference: [match] };
    const found = await context.client.images.imageList({
      all: flags.bool("all"),
      filters: withMatch,
      signal,
    });
    const configured = flags.bool("quiet") ? "" : ((await context.io.config.read()).imagesFormat ?? "");
    const given = flags.string("format") === "" ? configured : flags.string("format");
    const format = isDefaultTable(given) ? defaultFormat(flags.bool("quiet"), flags.bool("digests")) : given;
    const needsDigest = flags.bool("digests") || format.includes("{{.Digest}}");
    const options = { isTruncated: !flags.bool("no-trunc"), nowSeconds: () => context.nowSeconds() };
    const rows = found.flatMap((image) =>
      imageRows(image, { needsDigest, withDigests: flags.bool("digests") }, options),
    );
    await context.out(formatList({ format, headers: IMAGE_HEADERS }, rows, "*formatter.imageContext"));
    return 0;
  },
};

function defaultFormat(isQuiet: boolean, withDigests: boolean): string {
  if (isQuiet) return "{{.ID}}";
  return withDigests ? DIGEST_TABLE : TABLE;
}

interface ImageName {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

export interface ImageRowOptions {
  readonly isTruncated: boolean;
  nowSeconds(): number;
}

/** Which rows show digests: those of tags when the format names them, of bare digests only with the flag. */
export interface DigestChoice {
  readonly needsDigest: boolean;
  readonly withDigests: boolean;
}

export function imageRows(image: ImageSummary, digests: DigestChoice, options: ImageRowOptions): Row[] {
  return imageNames(image, digests).map((name) => imageRow(image, name, options));
}

/** The API's type promises lists; daemons send null for none. */
function imageNames(image: ImageSummary, { needsDigest, withDigests }: DigestChoice): ImageName[] {
  const tags = byRepository(image.RepoTags, ":");
  const digests = byRepository(image.RepoDigests, "@");
  const names: ImageName[] = [];
  for (const [repository, found] of tags) {
    const some = needsDigest ? (digests.get(repository) ?? [NONE]) : [NONE];
    digests.delete(repository);
    for (const tag of found) for (const digest of some) names.push({ repository, tag, digest });
  }
  for (const [repository, found] of digests) {
    for (const digest of found) names.push({ repository, tag: NONE, digest: withDigests ? digest : "" });
  }
  return names.length > 0 ? names : [{ repository: NONE, tag: NONE, digest: NONE }];
}

/** "a/b:1", "a/b:2" → a/b: 1, 2. Dangling names are left out. */
function byRepository(names: readonly string[] | null, separator: ":" | "@"): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const name of names ?? []) {
    const at = name.lastIndexOf(separator);
    const [repository, rest] = [name.slice(0, at), name.slice(at + 1)];
    if (repository === NONE || at < 0) continue;
    found.set(repository, [...(found.get(repository) ?? []), rest]);
  }
  return found;
}

function imageRow(image: ImageSummary, name: ImageName, options: ImageRowOptions): Row {
  const orNone = (size: number): string => (size === -1 ? "N/A" : humanSize(size));
  return {
    Containers: () => (image.Containers === -1 ? "N/A" : String(image.Containers)),
    CreatedAt: () => (image.Created === 0 ? "N/A" : formatGoTime(BigInt(image.Created) * 1_000_000_000n)),
    CreatedSince: () =>
      image.Created === 0 ? "N/A" : `${humanDuration(options.nowSeconds() - image.Created)} ago`,
    Digest: () => name.digest,
    ID: () => (options.isTruncated ? shortId(image.Id) : image.Id),
    Repository: () => name.repository,
    SharedSize: () => orNone(image.SharedSize),
    Size: () => listSize(image.Size),
    Tag: () => name.tag,
    UniqueSize: () => (image.SharedSize === -1 ? "N/A" : humanSize(image.Size - image.SharedSize)),
    VirtualSize: () => humanSize(image.Size),
  };
}
