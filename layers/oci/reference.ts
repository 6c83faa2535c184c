/**
 * Image references as Docker parses and prints them (distribution/reference, v0.6). The hard idea is
 * that the text people type is *normalized*: `nginx` means docker.io/library/nginx, and is printed
 * back as `nginx` (its *familiar* form). The first component is a domain only when it is
 * "localhost", holds a "." or a ":", or has an upper-case letter.
 */
import { fail } from "../base/errors.ts";
import { isDigest, parseDigest } from "./digest.ts";

export interface Reference {
  /** Such as "docker.io", "127.0.0.1:5000". */
  readonly domain: string;
  /** Such as "library/nginx". */
  readonly path: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** What a person may name an image by: an ID (or digest) or a name. */
export type AnyReference =
  | { readonly kind: "digest"; readonly digest: string }
  | { readonly kind: "named"; readonly reference: Reference };

export const DEFAULT_DOMAIN = "docker.io";
const LEGACY_DEFAULT_DOMAIN = "index.docker.io";
const OFFICIAL_PREFIX = "library/";
export const DEFAULT_TAG = "latest";

/** distribution/reference: RepositoryNameTotalLengthMax. */
const PATH_LENGTH_MAX = 255;
/** Longer text cannot be a reference (domain 253, path 255, tag 128, digest 136): spares the regexps. */
const TEXT_LENGTH_MAX = 1024;

// The grammar, name for name as in distribution/reference/regexp.go.
const domainNameComponent = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const domainName = `${domainNameComponent}(?:\\.${domainNameComponent})*`;
const ipv6address = "\\[[a-fA-F0-9:]+\\]";
const domainAndPort = `(?:${domainName}|${ipv6address})(?::[0-9]+)?`;
const pathComponent = "[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*";
const remoteName = `${pathComponent}(?:/${pathComponent})*`;
const tagPattern = "[\\w][\\w.-]{0,127}";
const digestPattern = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";

const REFERENCE = new RegExp(
  `^(${domainAndPort})/(${remoteName})(?::(${tagPattern}))?(?:@(${digestPattern}))?$`,
);
const TAG = new RegExp(`^${tagPattern}$`);
const IDENTIFIER = /^[a-f0-9]{64}$/;

/**
 * Docker's ParseNormalizedNamed: `nginx` → docker.io/library/nginx, without tag.
 * @throws SlipwayError `invalidParameter` in Docker's words.
 */
export function parseReference(text: string): Reference {
  if (IDENTIFIER.test(text)) {
    throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const { domain, remainder } = splitDomain(text);
  const remote = remainder.split(":", 1)[0] ?? "";
  if (remote.toLowerCase() !== remote) {
    throw invalid(`invalid reference format: repository name (${remote}) must be lowercase`);
  }
  return parseCanonical(domain, remainder);
}

/** Docker's ParseAnyReference: 64 hexadecimal digits or a digest are an ID, the rest is a name. */
export function parseAnyReference(text: string): AnyReference {
  if (IDENTIFIER.test(text)) return { kind: "digest", digest: `sha256:${text}` };
  if (isDigest(text)) return { kind: "digest", digest: text };
  return { kind: "named", reference: parseReference(text) };
}

/** Docker's TagNameOnly: adds `latest` where there is neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  if (reference.tag !== undefined || reference.digest !== undefined) return reference;
  return { ...reference, tag: DEFAULT_TAG };
}

/** @throws SlipwayError `invalidParameter` "invalid tag format". */
export function withTag(reference: Reference, tag: string): Reference {
  if (!TAG.test(tag)) throw invalid("invalid tag format");
  return { ...reference, tag };
}

/** @throws SlipwayError `invalidParameter`. */
export function withDigest(reference: Reference, digest: string): Reference {
  parseDigest(digest);
  return { ...reference, digest };
}

/** Docker's TrimNamed: the repository alone. */
export function repositoryOf(reference: Reference): Reference {
  return { domain: reference.domain, path: reference.path, tag: undefined, digest: undefined };
}

/** The full name without tag and digest: "docker.io/library/nginx". */
export function formatName(reference: Reference): string {
  return `${reference.domain}/${reference.path}`;
}

/** The canonical string: "docker.io/library/nginx:latest". */
export function formatReference(reference: Reference): string {
  return formatName(reference) + suffixOf(reference);
}

/** Docker's FamiliarName: "nginx", "user/app", "localhost:5000/x". */
export function familiarName(reference: Reference): string {
  if (reference.domain !== DEFAULT_DOMAIN) return formatName(reference);
  if (!reference.path.startsWith(OFFICIAL_PREFIX)) return reference.path;
  const rest = reference.path.slice(OFFICIAL_PREFIX.length);
  return rest.includes("/") ? reference.path : rest;
}

/** Docker's FamiliarString: the familiar name with tag and digest. */
export function familiarString(reference: Reference): string {
  return familiarName(reference) + suffixOf(reference);
}

/** Whether both name the same repository, tag and digest. */
export function isSameReference(left: Reference, right: Reference): boolean {
  return formatReference(left) === formatReference(right);
}

function suffixOf(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`;
  return tag + digest;
}

function splitDomain(text: string): { readonly domain: string; readonly remainder: string } {
  const slash = text.indexOf("/");
  if (slash < 0) return { domain: DEFAULT_DOMAIN, remainder: OFFICIAL_PREFIX + text };
  const first = text.slice(0, slash);
  const rest = text.slice(slash + 1);
  if (first === LEGACY_DEFAULT_DOMAIN || first === DEFAULT_DOMAIN) {
    return { domain: DEFAULT_DOMAIN, remainder: rest.includes("/") ? rest : OFFICIAL_PREFIX + rest };
  }
  const isDomain = first === "localhost" || /[.:]/.test(first) || first.toLowerCase() !== first;
  return isDomain ? { domain: first, remainder: rest } : { domain: DEFAULT_DOMAIN, remainder: text };
}

function parseCanonical(domain: string, remainder: string): Reference {
  const text = `${domain}/${remainder}`;
  const match = text.length > TEXT_LENGTH_MAX ? null : REFERENCE.exec(text);
  const [, matchedDomain, path, tag, digest] = match ?? [];
  if (matchedDomain === undefined || path === undefined) {
    const isLowerTheOnlyFault = text.length <= TEXT_LENGTH_MAX && REFERENCE.test(text.toLowerCase());
    throw invalid(isLowerTheOnlyFault ? "repository name must be lowercase" : "invalid reference format");
  }
  if (path.length > PATH_LENGTH_MAX) {
    throw invalid(`repository name must not be more than ${PATH_LENGTH_MAX} characters`);
  }
  if (digest !== undefined) parseDigest(digest);
  return { domain: matchedDomain, path, tag, digest };
}

function invalid(message: string): Error {
  return fail("invalidParameter", message);
}
