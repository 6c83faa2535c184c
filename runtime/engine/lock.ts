/**
 * A mutual exclusion in the order of arrival. Each container has one: start, exit, removal and
 * renaming of the same container never overlap.
 */
export class Lock {
  #tail: Promise<void> = Promise.resolve();

  /** Waits for everything queued before; who gets the result must call it. */
  async acquire(): Promise<() => void> {
    const before = this.#tail;
    let release = (): void => undefined;
    this.#tail = new Promise((resolve) => (release = resolve));
    await before;
    return release;
  }

  /** Runs `work` after everything queued before it. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const release = await this.acquire();
    try {
      return await work();
    } finally {
      release();
    }
  }
}

/** One lock per key; kept only while somebody holds or waits for it. */
export class KeyedLock {
  readonly #locks = new Map<string, { lock: Lock; users: number }>();

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const entry = this.#locks.get(key) ?? { lock: new Lock(), users: 0 };
    this.#locks.set(key, entry);
    entry.users += 1;
    try {
      return await entry.lock.run(work);
    } finally {
      entry.users -= 1;
      if (entry.users === 0) this.#locks.delete(key);
    }
  }
}
