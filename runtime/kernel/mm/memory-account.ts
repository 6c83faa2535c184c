/** Who pays for pages: a cgroup's memory controller, or nobody. Counted in pages of 4 KiB. */
export interface MemoryAccount {
  /** Takes `pages`; false when the limit does not allow it, and nothing was taken. */
  charge(pages: number): boolean;
  uncharge(pages: number): void;
}
