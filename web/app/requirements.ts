/** What the page cannot do without, by the names people can look up. */
export function missingFeatures(): string[] {
  const checks: readonly (readonly [name: string, isThere: boolean])[] = [
    ["a secure context (https or localhost)", isSecureContext],
    ["Web Locks", "locks" in navigator],
    ["the origin private file system", typeof navigator.storage?.getDirectory === "function"],
    ["IndexedDB", typeof indexedDB !== "undefined"],
    ["WebAssembly", typeof WebAssembly !== "undefined"],
    ["BroadcastChannel", typeof BroadcastChannel !== "undefined"],
    ["DecompressionStream", typeof DecompressionStream !== "undefined"],
  ];
  return checks.filter(([, isThere]) => !isThere).map(([name]) => name);
}
