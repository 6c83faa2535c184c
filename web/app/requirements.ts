/** What the page cannot do without, by the names people can look up. */
export function missingFeatures(): string[] {
  const checks: readonly (readonly [name: string, isThere: boolean])[] = [
    ["a secure context (https or localhost)", isSecureContext],
    ["Web Locks", "locks" in navigator],
    ["the origin private file system", "storage" in navigator && "getDirectory" in navigator.storage],
    ["IndexedDB", "indexedDB" in window],
    ["WebAssembly", "WebAssembly" in window],
    ["BroadcastChannel", "BroadcastChannel" in window],
    ["DecompressionStream", "DecompressionStream" in window],
  ];
  return checks.filter(([, isThere]) => !isThere).map(([name]) => name);
}
