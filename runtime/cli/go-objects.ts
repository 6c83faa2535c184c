/**
 * The API's JSON as the Go values that docker's templates run over: which objects are maps and which
 * are structs, and the fields that JSON leaves out when empty but a struct still has. It matters for
 * printing ("map[a:b]" and "{a b}") and for `{{if .State.Health}}`.
 */
import { GoStruct, NIL_MAP, NIL_SLICE, isMap } from "./template/values.ts";

/** Fields whose value is a Go map; every other object is a struct. */
const MAPS: ReadonlySet<string> = new Set([
  ...[
    "Annotations",
    "Config.Config",
    "Data",
    "DriverOpts",
    "ExposedPorts",
    "Labels",
    "LogConfig.Config",
    "Networks",
  ],
  ...[
    "Options",
    "PortBindings",
    "Ports",
    "Runtimes",
    "StorageOpt",
    "Sysctls",
    "Tmpfs",
    "Volumes",
    "IndexConfigs",
    "Details",
    "Attributes",
  ],
]);

/** Fields that are null for want of a pointer's target; any other null is an empty slice or map. */
const POINTERS: ReadonlySet<string> = new Set([
  ...[
    "Health",
    "Healthcheck",
    "Init",
    "MemorySwappiness",
    "OomKillDisable",
    "PidsLimit",
    "StopTimeout",
    "IPAMConfig",
    "Swarm",
    "Containerd",
  ],
  ...["RegistryConfig", "FirewallBackend", "SizeRw", "SizeRootFs", "Descriptor", "ImageManifestDescriptor"],
]);

/** Fields with `omitempty`, by the field that holds them ("" is the object itself). */
const OMITTED: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  container: { SizeRw: null, SizeRootFs: null, ImageManifestDescriptor: null },
  image: {
    RootFS: null,
    Descriptor: null,
    Manifests: null,
    Identity: null,
    Parent: "",
    Container: "",
    Created: "",
  },
  State: { Health: null },
  HostConfig: {
    Tmpfs: {},
    Sysctls: {},
    StorageOpt: {},
    Annotations: {},
    Runtime: "",
    Init: null,
    Mounts: [],
  },
  Config: {
    ExposedPorts: {},
    Healthcheck: null,
    StopSignal: "",
    StopTimeout: null,
    Shell: [],
    MacAddress: "",
    NetworkDisabled: false,
  },
};

/** `json` of an object of `type` ("container", "image") as Go has it. */
export function goObject(json: unknown, type: string): unknown {
  return convert(json, type, "");
}

function convert(json: unknown, key: string, parent: string): unknown {
  if (Array.isArray(json)) return json.map((item) => convert(item, key, parent));
  if (json === null && parent !== "" && !POINTERS.has(key)) return MAPS.has(key) ? NIL_MAP : NIL_SLICE;
  if (!isMap(json)) return json;
  const isGoMap = MAPS.has(key) || MAPS.has(`${parent}.${key}`);
  // Values of a map have no field name of their own.
  const entries = Object.entries(json).map(
    ([name, value]) => [name, convert(value, isGoMap ? `${key}[]` : name, key)] as const,
  );
  if (isGoMap) return Object.fromEntries(entries);
  const fields: Readonly<Record<string, unknown>> = Object.fromEntries(entries);
  const unlisted = { ...OMITTED[key], ...(Object.hasOwn(fields, "Id") ? { ID: fields["Id"] } : {}) };
  return new GoStruct(`*types.${key}`, fields, unlisted);
}
