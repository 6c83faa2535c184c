import { describe, expect, it } from "vitest";
import { capabilitiesOf } from "./capabilities.ts";
import { EMPTY_CONFIG, commandOf, mergeConfig } from "./config.ts";
import { DetachKeys, parseDetachKeys } from "./detach-keys.ts";
import { generateName } from "./name-generator.ts";

const image = {
  ...EMPTY_CONFIG,
  Entrypoint: ["/entry"],
  Cmd: ["default"],
  Env: ["PATH=/bin", "A=1"],
  WorkingDir: "/w",
};
const command = (own: object): readonly string[] =>
  commandOf(mergeConfig({ ...EMPTY_CONFIG, ...own }, image));

describe("a container's command", () => {
  it("comes from the image, piece by piece", () => {
    expect(command({})).toEqual(["/entry", "default"]);
    expect(command({ Cmd: ["own"] })).toEqual(["/entry", "own"]);
    expect(command({ Entrypoint: ["/mine"] })).toEqual(["/mine"]);
    expect(command({ Entrypoint: ["/mine"], Cmd: ["x"] })).toEqual(["/mine", "x"]);
    expect(command({ Entrypoint: [""], Cmd: ["x"] })).toEqual(["x"]);
  });

  it("merges the environment by name, its own first", () => {
    expect(mergeConfig({ ...EMPTY_CONFIG, Env: ["A=2", "B=3"] }, image).Env).toEqual([
      "A=2",
      "B=3",
      "PATH=/bin",
    ]);
  });
});

describe("capabilities", () => {
  const of = (add: string[], drop: string[], isPrivileged = false): readonly string[] =>
    capabilitiesOf({ add, drop, isPrivileged });
  it("starts from Docker's fourteen", () => {
    expect(of([], [])).toHaveLength(14);
    expect(of(["net_admin"], ["ALL"])).toEqual(["CAP_NET_ADMIN"]);
    expect(of(["ALL"], ["CHOWN"])).not.toContain("CAP_CHOWN");
    expect(of([], [], true)).toContain("CAP_SYS_ADMIN");
    expect(() => of([], ["fly"])).toThrow('invalid CapDrop: unknown capability: "CAP_FLY"');
  });
});

describe("detach keys", () => {
  const typed = (keys: string, ...pieces: string[]): string => {
    const detach = new DetachKeys(parseDetachKeys(keys));
    let passed = "";
    for (const piece of pieces) {
      const { bytes, isDetached } = detach.filter(new TextEncoder().encode(piece));
      passed += new TextDecoder().decode(bytes);
      if (isDetached) return `${passed}|`;
    }
    return passed;
  };

  it("end the attachment, also across pieces, and give back a false start", () => {
    expect(typed("", "ab\u0010\u0011cd")).toBe("ab|");
    expect(typed("", "a\u0010", "\u0011")).toBe("a|");
    expect(typed("", "a\u0010", "b")).toBe("a\u0010b");
    expect(typed("", "\u0010\u0010\u0011")).toBe("\u0010|");
    expect(typed("ctrl-\\,q", "x\u001cq")).toBe("x|");
    expect(() => parseDetachKeys("ctrl-1,x")).toThrow("Invalid detach keys (ctrl-1,x) provided");
  });
});

it("names are words that Docker would accept, and free ones", () => {
  const rng = { fill: (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes) };
  const taken = new Set<string>();
  for (let count = 0; count < 500; count++) {
    const name = generateName(rng, (candidate) => taken.has(candidate));
    expect(name).toMatch(/^[a-z]+_[a-z]+\d*$/);
    expect(taken.has(name)).toBe(false);
    taken.add(name);
  }
});
