// Who may import whom: the table of the design, one line per room; a room may always import itself.
// A trailing slash names a folder, a file name names one contract. Read by dependency-cruiser and by
// boundaries.test.ts, which also checks that every tracked source lies in a listed room.
export const rooms = {
  "layers/base/": [],
  "layers/fs/": ["layers/base/"],
  "layers/oci/": ["layers/base/"],
  "layers/compression/": ["layers/base/"],
  "layers/cors-proxy/": ["layers/base/"],
  "layers/tar/": ["layers/base/", "layers/fs/"],
  "layers/overlay/": ["layers/base/", "layers/fs/"],
  "layers/content/": ["layers/base/", "layers/oci/"],
  "layers/registry/": ["layers/base/", "layers/oci/"],
  "layers/snapshots/": [
    "layers/base/",
    "layers/fs/",
    "layers/oci/",
    "layers/content/",
    "layers/compression/",
    "layers/tar/",
    "layers/overlay/",
  ],
  "runtime/cpu/": ["layers/base/"],
  "runtime/kernel/abi/": [],
  "runtime/kernel/": [
    "layers/base/",
    "layers/fs/",
    "runtime/cpu/machine.ts",
    "runtime/kernel/abi/",
  ],
  "runtime/backends/backend.ts": ["layers/base/", "layers/fs/"],
  "runtime/backends/pod/": ["layers/", "runtime/backends/backend.ts"],
  "runtime/backends/emulated/": [
    "layers/",
    "runtime/backends/backend.ts",
    "runtime/backends/pod/",
    "runtime/kernel/",
    "runtime/cpu/",
  ],
  "runtime/backends/wasi/": ["layers/", "runtime/backends/backend.ts", "runtime/backends/pod/"],
  "runtime/backends/linux/": ["layers/", "runtime/backends/backend.ts"],
  "runtime/engine/": ["layers/", "runtime/backends/backend.ts"],
  "runtime/api/schema/": [],
  "runtime/api/": ["layers/base/", "runtime/engine/", "runtime/api/schema/"],
  "runtime/client/": ["layers/base/", "runtime/api/schema/"],
  "runtime/cli/": ["layers/base/", "runtime/client/", "runtime/api/schema/"],
  "runtime/workers/": ["layers/", "runtime/"],
  "runtime/bridge/": ["layers/", "runtime/"],
  "web/components/": ["web/styles/"],
  "web/styles/": [],
  "web/": ["runtime/client/", "web/components/", "web/styles/"],
};

const escape = (path) => path.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const inside = (path) => `^${escape(path)}${path.endsWith("/") ? "" : "$"}`;
const names = Object.keys(rooms);

const roomRules = names.map((room) => ({
  name: room.replace(/\/$/, ""),
  severity: "error",
  comment: `${room} may import only: ${rooms[room].join(", ") || "nothing"}`,
  // Files of a nested room are judged by their own line, not by their parent's.
  from: {
    path: inside(room),
    pathNot: names.filter((name) => name !== room && name.startsWith(room)).map(inside),
  },
  to: { path: "^(layers|runtime|web|test)/", pathNot: [inside(room), ...rooms[room].map(inside)] },
}));

export default {
  forbidden: [
    ...roomRules,
    {
      name: "every importing file lives in a room",
      severity: "error",
      from: { path: "^(layers|runtime|web)/", pathNot: [...names.map(inside), "vite\\.config"] },
      to: {},
    },
    { name: "no cycles", severity: "error", from: { pathNot: "^runtime/kernel/" }, to: { circular: true } },
    {
      // Tasks, files and mounts know of each other in Linux, too: types may, code may not.
      name: "no cycles but of types",
      severity: "error",
      from: { path: "^runtime/kernel/" },
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "the wasmer SDK has one adapter",
      severity: "error",
      from: { pathNot: "^(runtime/backends/wasi/|web/vite\\.config|test/)" },
      to: { path: "node_modules/@wasmer/sdk" },
    },
  ],
  options: {
    tsPreCompilationDeps: true, // Type-only imports count.
    doNotFollow: { path: "node_modules" },
    // AssemblyScript is compiled by its own compiler, which resolves names without extensions.
    exclude: { path: "^(node_modules|\\.build|\\.cache|\\.images|runtime/cpu/assembly)/" },
    enhancedResolveOptions: {
      extensions: [".ts", ".mts", ".mjs", ".js"],
      exportsFields: ["exports"],
      conditionNames: ["import", "types", "browser", "default"],
    },
  },
};
