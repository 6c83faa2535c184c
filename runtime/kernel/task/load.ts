/** Load averages (kernel/sched/loadavg.c): of /proc/loadavg and sysinfo(2). */
import type { Kernel } from "../kernel.ts";

const NS_PER_S = 1e9;

interface Load {
  atNs: number;
  cpuNs: number;
  readonly averages: [number, number, number];
}

const loads = new WeakMap<Kernel, Load>();
const WINDOWS_S = [60, 300, 900] as const;

/**
 * Load averages. Nothing samples every five seconds while everybody sleeps; instead each reading takes the
 * share of time the processor was busy since the last one and lets it decay in the usual windows.
 */
export function loadAverages(kernel: Kernel): readonly [number, number, number] {
  kernel.chargeTurn();
  const load = loads.get(kernel) ?? { atNs: 0, cpuNs: 0, averages: [0, 0, 0] };
  loads.set(kernel, load);
  const nowNs = kernel.monotonicNs();
  const passedNs = nowNs - load.atNs;
  if (passedNs > 0) {
    const busy = (kernel.rootCgroup.cpuNs - load.cpuNs) / passedNs;
    WINDOWS_S.forEach((window, index) => {
      const kept = Math.exp(-passedNs / NS_PER_S / window);
      load.averages[index] = (load.averages[index] ?? 0) * kept + busy * (1 - kept);
    });
    load.atNs = nowNs;
    load.cpuNs = kernel.rootCgroup.cpuNs;
  }
  return load.averages;
}
