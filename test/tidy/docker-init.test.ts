/** The text of docker-init is made from its source: whoever changes the source makes the text anew. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { DOCKER_INIT_SOURCE_SHA256 } from "../../runtime/backends/emulated/docker-init/docker-init.ts";

it("docker-init.ts is made from docker-init.c as it is (node runtime/backends/emulated/docker-init/build.mjs)", () => {
  const source = new URL("../../runtime/backends/emulated/docker-init/docker-init.c", import.meta.url);
  expect(createHash("sha256").update(readFileSync(source)).digest("hex")).toBe(DOCKER_INIT_SOURCE_SHA256);
});
