// Vitest for the whole tree: unit tests beside the code, the rest under test/.
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: new URL("..", import.meta.url).pathname,
  test: {
    include: ["layers/**/*.test.ts", "runtime/**/*.test.ts", "web/**/*.test.ts", "test/**/*.test.ts"],
    exclude: ["node_modules/**", ".build/**"],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // Two cores on a test machine; browsers and daemons are started by some of the files.
    maxWorkers: 2,
  },
});
