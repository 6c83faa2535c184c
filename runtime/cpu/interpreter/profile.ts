/**
 * Which translated code runs most: what a compiler would take first, and where a slow guest spends its time.
 * One hard idea: nothing is sampled, because every block counts its executions anyway; the counters are
 * those of the blocks that exist now, so code that was overwritten or flushed is not in it.
 */
import type { HotBlock } from "../machine.ts";
import { BLOCK, LAYOUT, UOP } from "../spec/layout.ts";

/** The block whose header lies at linear `at`. */
function describe(view: DataView, at: number): HotBlock {
  const uops = view.getUint8(at + BLOCK.COUNT);
  return {
    address: view.getUint32(at + BLOCK.PC, true),
    sizeBytes: view.getUint16(at + BLOCK.LENGTH, true),
    uops,
    executions: view.getUint32(at + BLOCK.EXECUTIONS, true),
    rows: Array.from({ length: uops }, (_, index) => view.getUint16(at + UOP.BYTES * (index + 1) + UOP.ROW, true)),
  };
}

const work = ({ uops, executions }: HotBlock): number => uops * executions;

/** The `countMax` blocks with the most executed uops, most first. */
export function hotBlocks(view: DataView, countMax: number): readonly HotBlock[] {
  const hot: HotBlock[] = [];
  for (let bucket = 0; bucket < LAYOUT.HASH_BUCKETS; bucket++) {
    let at = view.getUint32(LAYOUT.HASH + bucket * 4, true);
    for (; at !== 0; at = view.getUint32(at + BLOCK.NEXT_IN_HASH, true)) {
      const least = hot[countMax - 1];
      const amount = view.getUint8(at + BLOCK.COUNT) * view.getUint32(at + BLOCK.EXECUTIONS, true);
      if (amount === 0 || (least !== undefined && work(least) >= amount)) continue;
      const place = hot.findIndex((other) => work(other) < amount);
      hot.splice(place < 0 ? hot.length : place, 0, describe(view, at));
      hot.length = Math.min(hot.length, countMax);
    }
  }
  return hot;
}
