/** Tables of image names, as distribution/reference's own tests have them. */
import { expect, test } from "vitest";
import {
  familiarString,
  formatReference,
  parseAnyReference,
  parseReference,
  repositoryOf,
  withDefaultTag,
  withTag,
} from "./reference.ts";

const HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const DIGEST = `sha256:${HEX}`;

test.each([
  // typed, canonical with default tag, familiar
  ["nginx", "docker.io/library/nginx:latest", "nginx:latest"],
  ["nginx:1.27", "docker.io/library/nginx:1.27", "nginx:1.27"],
  ["user/app", "docker.io/user/app:latest", "user/app:latest"],
  ["docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest"],
  ["docker.io/library/nginx", "docker.io/library/nginx:latest", "nginx:latest"],
  ["docker.io/library/distros/x", "docker.io/library/distros/x:latest", "library/distros/x:latest"],
  ["index.docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest"],
  ["index.docker.io/user/app:1", "docker.io/user/app:1", "user/app:1"],
  ["localhost/app", "localhost/app:latest", "localhost/app:latest"],
  ["localhost", "docker.io/library/localhost:latest", "localhost:latest"],
  ["localhost:5000", "docker.io/library/localhost:5000", "localhost:5000"],
  ["localhost:5000/app", "localhost:5000/app:latest", "localhost:5000/app:latest"],
  ["127.0.0.1:5000/a/b:c", "127.0.0.1:5000/a/b:c", "127.0.0.1:5000/a/b:c"],
  ["[::1]:5000/app", "[::1]:5000/app:latest", "[::1]:5000/app:latest"],
  ["[fe80::1]/app:x", "[fe80::1]/app:x", "[fe80::1]/app:x"],
  ["ghcr.io/o/r/s:v1", "ghcr.io/o/r/s:v1", "ghcr.io/o/r/s:v1"],
  ["HOST/app", "HOST/app:latest", "HOST/app:latest"],
  ["Host.Example:443/a", "Host.Example:443/a:latest", "Host.Example:443/a:latest"],
  ["a__b/c--d.e_f", "docker.io/a__b/c--d.e_f:latest", "a__b/c--d.e_f:latest"],
  [`nginx@${DIGEST}`, `docker.io/library/nginx@${DIGEST}`, `nginx@${DIGEST}`],
  [`nginx:1@${DIGEST}`, `docker.io/library/nginx:1@${DIGEST}`, `nginx:1@${DIGEST}`],
  [`nginx:${"t".repeat(128)}`, `docker.io/library/nginx:${"t".repeat(128)}`, `nginx:${"t".repeat(128)}`],
  ["nginx:_x.Y-Z", "docker.io/library/nginx:_x.Y-Z", "nginx:_x.Y-Z"],
  [`x/${HEX}`, `docker.io/x/${HEX}:latest`, `x/${HEX}:latest`],
])("%s is %s and shown as %s", (text, canonical, familiar) => {
  const reference = withDefaultTag(parseReference(text));
  expect(formatReference(reference)).toBe(canonical);
  expect(familiarString(reference)).toBe(familiar);
  expect(parseReference(formatReference(reference))).toEqual(reference);
});

test.each([
  ["", "invalid reference format"],
  [" nginx", "invalid reference format"],
  ["nginx ", "invalid reference format"],
  ["nginx\n", "invalid reference format"],
  ["NGINX", "invalid reference format: repository name (library/NGINX) must be lowercase"],
  ["docker.io/Foo/Bar", "invalid reference format: repository name (Foo/Bar) must be lowercase"],
  ["foo/Bar:latest", "invalid reference format: repository name (foo/Bar) must be lowercase"],
  [HEX, `invalid repository name (${HEX}), cannot specify 64-byte hexadecimal strings`],
  ["nginx:", "invalid reference format"],
  ["nginx:.x", "invalid reference format"],
  ["nginx:-x", "invalid reference format"],
  [`nginx:${"t".repeat(129)}`, "invalid reference format"],
  ["nginx:a:b", "invalid reference format"],
  ["-nginx", "invalid reference format"],
  ["nginx-", "invalid reference format"],
  ["a..b", "invalid reference format"],
  ["a___b", "invalid reference format"],
  ["a/./b", "invalid reference format"],
  ["a//b", "invalid reference format"],
  ["/nginx", "invalid reference format"],
  ["nginx/", "invalid reference format"],
  ["https://nginx", "invalid reference format"],
  ["host.example:port/x", "invalid reference format"],
  ["[::1%eth0]/x", "invalid reference format"],
  ["naïve", "invalid reference format"],
  ["nginx@sha256:abc", "invalid reference format"],
  [`nginx@sha256:${"a".repeat(63)}`, "invalid checksum digest length"],
  [`nginx@sha256:${"A".repeat(64)}`, "invalid checksum digest format"],
  [`nginx@md5:${"a".repeat(32)}`, "unsupported digest algorithm"],
  ["a".repeat(255 - "library/".length + 1), "repository name must not be more than 255 characters"],
  ["x".repeat(100_000), "invalid reference format"],
  ["a-".repeat(50_000), "invalid reference format"],
])("%s is refused: %s", (text, message) => {
  expect(() => parseReference(text)).toThrow(expect.objectContaining({ kind: "invalidParameter", message }));
});

test("an ID or a digest is not taken for a name", () => {
  expect(parseAnyReference(HEX)).toEqual({ kind: "digest", digest: DIGEST });
  expect(parseAnyReference(DIGEST)).toEqual({ kind: "digest", digest: DIGEST });
  expect(parseAnyReference("nginx")).toMatchObject({ kind: "named" });
  expect(parseAnyReference(HEX.slice(0, 12))).toMatchObject({ kind: "named" });
});

test("tags and digests come off and on", () => {
  const reference = parseReference(`nginx:1@${DIGEST}`);
  expect(formatReference(repositoryOf(reference))).toBe("docker.io/library/nginx");
  expect(formatReference(withTag(repositoryOf(reference), "2"))).toBe("docker.io/library/nginx:2");
  expect(() => withTag(reference, "a b")).toThrow("invalid tag format");
});
