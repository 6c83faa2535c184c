/**
 * `docker create`: checks what was asked for, merges it with what the image says, and makes a record.
 * Nothing is unpacked or copied: the writable layer comes into being with the first write.
 */
import { fail } from "../../../layers/base/errors.ts";
import type { Platform } from "../../../layers/oci/platform.ts";
import { formatPlatform, matchesPlatform } from "../../../layers/oci/platform.ts";
import type { EngineContext } from "../context.ts";
import { randomId } from "../ids.ts";
import type { ImageRecord } from "../images/image-record.ts";
import { formatTime } from "../time.ts";
import type { ContainerConfig } from "./config.ts";
import { EMPTY_CONFIG, commandOf, mergeConfig } from "./config.ts";
import type { Container } from "./container.ts";
import { containerEvent } from "./container-events.ts";
import type { HostConfig } from "./host-config.ts";
import { withHostDefaults } from "./host-config.ts";
import { reserveName } from "./names.ts";
import { whyNotRunnable } from "./platforms.ts";
import type { ContainerRecord } from "./record.ts";
import { CREATED_STATE } from "./record.ts";
import { validateSharing, withResolvedSharing } from "./sharing.ts";
import { verifyHostConfig } from "./verify-resources.ts";
import { validateConfig, validateHostConfig } from "./validate.ts";

export interface CreateRequest {
  /** Empty: one is generated. */
  readonly name: string;
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly platform: Platform | undefined;
}

export interface CreateResult {
  readonly id: string;
  readonly warnings: readonly string[];
}

export async function createContainer(context: EngineContext, request: CreateRequest): Promise<CreateResult> {
  validateHostConfig(request.hostConfig);
  validateConfig(request.config);
  validateSharing(request.config, request.hostConfig);
  const verified = verifyHostConfig(request.hostConfig, context.host.cpus);
  const image = requireImage(context, request);
  const config = mergeConfig(request.config, image?.config ?? EMPTY_CONFIG);
  const [path] = commandOf(config);
  if (path === undefined) throw fail("invalidParameter", "no command specified");
  const id = randomId(context.rng);
  const name = reserveName(context, request.name, id);
  try {
    const record = newRecord(context, {
      id,
      name,
      config,
      image,
      hostConfig: withHostDefaults(withResolvedSharing(context, verified.hostConfig)),
    });
    const container = await context.containers.add(record);
    containerEvent(context, container, "create");
    return { id, warnings: [...verified.warnings, ...warningsFor(context, container)] };
  } catch (thrown) {
    context.containers.releaseName(name, id);
    throw thrown;
  }
}

function requireImage(context: EngineContext, request: CreateRequest): ImageRecord | undefined {
  const { Image: name } = request.config;
  if (name === "") throw fail("invalidParameter", "no image specified");
  const image = context.images.get(name);
  if (request.platform !== undefined && !matchesPlatform(request.platform, image)) {
    throw fail(
      "notFound",
      `image with reference ${name} was found but its platform (${formatPlatform(image)}) ` +
        `does not match the specified platform (${formatPlatform(request.platform)})`,
    );
  }
  return image;
}

interface NewContainer {
  readonly id: string;
  readonly name: string;
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly image: ImageRecord | undefined;
}

function newRecord(context: EngineContext, asked: NewContainer): ContainerRecord {
  const [path = "", ...args] = commandOf(asked.config);
  return {
    id: asked.id,
    name: asked.name,
    created: formatTime(context.clock.nowNs()),
    config: {
      ...asked.config,
      Hostname: asked.config.Hostname === "" ? hostnameOf(context, asked) : asked.config.Hostname,
    },
    hostConfig: asked.hostConfig,
    imageID: asked.image?.id ?? "",
    platform: asked.image === undefined ? "linux/amd64" : formatPlatform(asked.image),
    layers: asked.image?.diffIDs ?? [],
    path,
    args,
    state: CREATED_STATE,
    restartCount: 0,
    hasBeenManuallyStopped: false,
    hasBeenStartedBefore: false,
  };
}

/** The host's own where its UTS or network namespace is asked for. */
function hostnameOf(context: EngineContext, { id, hostConfig }: NewContainer): string {
  const isHosts = hostConfig.UTSMode === "host" || hostConfig.NetworkMode === "host";
  return isHosts ? context.host.name : id.slice(0, 12);
}

function warningsFor(context: EngineContext, container: Container): readonly string[] {
  const reason = whyNotRunnable(context.backends, container.record.platform);
  return reason === undefined ? [] : [reason];
}
