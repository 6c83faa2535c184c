/**
 * Image names as the client needs them: the full name a registry is asked for and the short one a
 * person types. (layers/oci has the full grammar; this room may not import it, so what is wrong in
 * detail is left to the daemon to say.)
 */
import { fail } from "../../layers/base/errors.ts";

export interface ImageName {
  readonly domain: string;
  readonly path: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const REFERENCE =
  /^(?<name>[^@]+?)(?::(?<tag>[\w][\w.-]{0,127}))?(?:@(?<digest>[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}))?$/;
const PATH = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const DOMAIN =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::\d+)?$/;

/** @throws SlipwayError invalidParameter in the words of distribution/reference. */
export function parseImageName(text: string): ImageName {
  if (/^[a-f0-9]{64}$/.test(text)) {
    throw fail(
      "invalidParameter",
      `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`,
    );
  }
  const slash = text.indexOf("/");
  const first = slash < 0 ? "" : text.slice(0, slash);
  const isDomain =
    first !== "" && (/[.:]/.test(first) || first === "localhost" || first.toLowerCase() !== first);
  const domain = isDomain ? (first === "index.docker.io" ? "docker.io" : first) : "docker.io";
  const rest = isDomain ? text.slice(slash + 1) : text;
  const remainder = domain === "docker.io" && !rest.includes("/") ? `library/${rest}` : rest;
  const found = REFERENCE.exec(remainder)?.groups;
  const path = found?.["name"] ?? remainder;
  if (path.toLowerCase() !== path && PATH.test(path.toLowerCase())) {
    throw fail("invalidParameter", `invalid reference format: repository name (${path}) must be lowercase`);
  }
  if (found === undefined || !PATH.test(path) || !DOMAIN.test(domain))
    throw fail("invalidParameter", "invalid reference format");
  return { domain, path, tag: found["tag"], digest: found["digest"] };
}

/** "nginx" for docker.io/library/nginx. */
export function familiarName(name: ImageName): string {
  if (name.domain !== "docker.io") return `${name.domain}/${name.path}`;
  return name.path.replace(/^library\/(?=[^/]+$)/, "");
}

/** ":latest" when neither tag nor digest is there. */
export function withDefaultTag(name: ImageName): ImageName {
  return name.tag === undefined && name.digest === undefined ? { ...name, tag: "latest" } : name;
}

function suffix(name: ImageName): string {
  return `${name.tag === undefined ? "" : `:${name.tag}`}${name.digest === undefined ? "" : `@${name.digest}`}`;
}

export function fullReference(name: ImageName): string {
  return `${name.domain}/${name.path}${suffix(name)}`;
}

export function familiarReference(name: ImageName): string {
  return familiarName(name) + suffix(name);
}
