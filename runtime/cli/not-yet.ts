/**
 * Docker's commands that Slipway does not have yet. Unknown to us means Docker's own words for an
 * unknown command, and one line that says it is a real one. As data, so that the list only shrinks.
 */
export const NOT_YET: ReadonlySet<string> = new Set([
  ...[
    "build",
    "builder",
    "buildx",
    "checkpoint",
    "commit",
    "compose",
    "config",
    "context",
    "cp",
    "diff",
    "exec",
  ],
  ...["export", "import", "load", "manifest", "network", "node", "pause", "plugin", "port", "save", "search"],
  ...["secret", "service", "stack", "stats", "swarm", "trust", "unpause", "update", "volume"],
  ...["commit", "cp", "diff", "exec", "export", "pause", "port", "stats", "unpause", "update"].map(
    (verb) => `container ${verb}`,
  ),
  ...["build", "import", "load", "save"].map((verb) => `image ${verb}`),
  "system dial-stdio",
]);
