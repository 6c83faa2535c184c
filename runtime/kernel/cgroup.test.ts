/** cpu.max by itself: budgets of periods, without a scheduler. */
import { expect, test } from "vitest";
import { Cgroup } from "./cgroup.ts";

const MS = 1_000_000;

test("half a processor runs 50 of every 100 milliseconds", () => {
  const group = new Cgroup("half", undefined);
  group.cpuQuotaNs = 50 * MS;
  let [now, used] = [0, 0];
  while (now < 1000 * MS) {
    const until = group.throttledUntilNs(now);
    if (until > 0) now = until;
    else {
      group.chargeCpu(5 * MS);
      [now, used] = [now + 5 * MS, used + 5 * MS];
    }
  }
  expect(used).toBe(500 * MS);
});

test("what was used before there was a quota is not held against the group", () => {
  const group = new Cgroup("late", undefined);
  for (let now = 0; now < 10_000 * MS; now += 5 * MS) {
    expect(group.throttledUntilNs(now)).toBe(0);
    group.chargeCpu(5 * MS);
  }
  group.cpuQuotaNs = 20 * MS;
  expect(group.throttledUntilNs(10_000 * MS)).toBeLessThanOrEqual(10_100 * MS);
});
