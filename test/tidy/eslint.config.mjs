// The one linter. Style is the formatter's and the reviewer's business; these rules hold up the
// design: strict types, no ambient authority in the synchronous rooms, worker plumbing in one place.
import tseslint from "typescript-eslint";

const workerOnly = [
  "postMessage",
  "Worker",
  "SharedWorker",
  "BroadcastChannel",
  "MessageChannel",
  "self",
  "importScripts",
].map((name) => ({
  name,
  message: "only runtime/workers, and connect.ts and worker-starter.ts of runtime/client, speak to workers",
}));

const ambient = [
  "Date",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "fetch",
  "console",
  "performance",
  "crypto",
].map((name) => ({ name, message: "this room takes Clock and Rng through its constructor" }));

const nodeImports = {
  patterns: [
    { group: ["node:*"], message: "Node belongs to bridge, agent, proxy, node folders and test" },
  ],
};

export default tseslint.config(
  {
    ignores: [
      "node_modules/**",
      ".build/**",
      ".cache/**",
      ".images/**",
      "public/**",
      "**/*.mjs",
      "**/*.mts",
      "**/*.as.ts",
      "runtime/cpu/assembly/**",
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        project: [
          "layers/tsconfig.json",
          "layers/content/node/tsconfig.json",
          "layers/cors-proxy/node/tsconfig.json",
          "runtime/tsconfig.json",
          "runtime/workers/node/tsconfig.json",
          "runtime/bridge/tsconfig.json",
          "web/tsconfig.json",
          "test/tsconfig.json",
        ],
        tsconfigRootDir: new URL("../..", import.meta.url).pathname,
      },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true, allowNullish: false },
      ],
      "@typescript-eslint/no-confusing-void-expression": "off",
      "@typescript-eslint/require-await": "off", // Contracts are async where only some implementations wait.
      "@typescript-eslint/no-unnecessary-condition": [
        "error",
        { allowConstantLoopConditions: true },
      ],
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/unified-signatures": "off",
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_" },
      ],
      "no-empty": ["error", { allowEmptyCatch: false }],
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": "error",
      "max-lines-per-function": ["error", { max: 90, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ["layers/**/*.ts", "runtime/**/*.ts"],
    ignores: ["**/node/**", "runtime/bridge/**", "runtime/backends/linux/agent/**", "**/*.test.ts"],
    rules: { "no-restricted-imports": ["error", nodeImports] },
  },
  {
    files: ["layers/**/*.ts", "runtime/**/*.ts", "web/**/*.ts"],
    ignores: [
      "runtime/workers/**",
      "runtime/client/connect.ts",
      "runtime/client/worker-starter.ts",
      "**/*.test.ts",
    ],
    rules: { "no-restricted-globals": ["error", ...workerOnly] },
  },
  {
    files: [
      "layers/overlay/**/*.ts",
      "layers/snapshots/**/*.ts",
      "runtime/kernel/**/*.ts",
      "runtime/cpu/**/*.ts",
    ],
    ignores: ["**/*.test.ts"],
    rules: { "no-restricted-globals": ["error", ...workerOnly, ...ambient] },
  },
  {
    files: ["**/*.test.ts", "test/**/*.ts"],
    rules: {
      "max-lines-per-function": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-return": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/restrict-template-expressions": "off",
    },
  },
);
