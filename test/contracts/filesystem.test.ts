import { MemoryFilesystem } from "../../layers/fs/memory.ts";
import { OverlayFilesystem } from "../../layers/overlay/overlay.ts";
import { testClock } from "../conformance/overlay-operations.ts";
import { filesystemContract } from "./filesystem.ts";

function memory(): MemoryFilesystem {
  return new MemoryFilesystem({ clock: testClock() });
}

filesystemContract("memory", memory);
filesystemContract("overlay without lower layers", () => new OverlayFilesystem(memory(), []));
filesystemContract("overlay over an empty lower layer", () => new OverlayFilesystem(memory(), [memory()]));
filesystemContract(
  "overlay with everything in a lower layer",
  memory,
  (arranged) => new OverlayFilesystem(memory(), [arranged]),
);
filesystemContract(
  "overlay with everything two layers down",
  memory,
  (arranged) => new OverlayFilesystem(memory(), [memory(), memory(), arranged]),
);
filesystemContract(
  "overlay of an overlay",
  () => new OverlayFilesystem(memory(), []),
  (arranged) => new OverlayFilesystem(memory(), [arranged]),
);
filesystemContract("overlay mounted again", memory, (arranged) => new OverlayFilesystem(arranged, [memory()]));
