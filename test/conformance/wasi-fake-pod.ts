/** A pod's entry with files in memory, for tests that need no durable storage (Node). */
import { hostPod } from "../../runtime/workers/node/pod-host.ts";
import { MemorySnapshotter } from "./wasi-memory-snapshotter.ts";

hostPod(async ({ directory }) => new MemorySnapshotter(directory));
