/**
 * Docker's commands that Slipway does not have yet. Unknown to us means Docker's own words for an
 * unknown command, and one line that says it is a real one. As data, so that the list only shrinks.
 */
export const NOT_YET: ReadonlySet<string> = new Set([
  ...["build", "builder", "buildx", "checkpoint", "compose", "config", "context", "import", "load", "manifest"],
  ...["network", "node", "plugin", "save", "search", "secret", "service", "stack", "swarm", "trust", "volume"],
  ...["build", "import", "load", "save"].map((verb) => `image ${verb}`),
  "system dial-stdio",
]);
