/**
 * All containers by id, name and unambiguous prefix, in memory and in the storage's records. A change
 * is visible in memory only after the record is durable.
 */
import type { Clock } from "../../../layers/base/clock.ts";
import { fail } from "../../../layers/base/errors.ts";
import type { RecordStore, Storage } from "../../../layers/content/storage.ts";
import { timeNs } from "../time.ts";
import { Container } from "./container.ts";
import { JsonLog } from "./json-log.ts";
import { logOptionsOf } from "./log-options.ts";
import type { ContainerRecord, ContainerState } from "./record.ts";
import { CONTAINER_KEY } from "./record.ts";

export class ContainerStore {
  readonly #records: RecordStore;
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #containers = new Map<string, Container>();
  /** Name → id, also of containers that are being created. */
  readonly #names = new Map<string, string>();

  private constructor(storage: Storage, clock: Clock) {
    this.#storage = storage;
    this.#records = storage.records;
    this.#clock = clock;
  }

  /** Every container the storage remembers. */
  static async open(storage: Storage, clock: Clock): Promise<ContainerStore> {
    const store = new ContainerStore(storage, clock);
    for (const [, value] of await storage.records.entries(CONTAINER_KEY)) {
      const record = value as ContainerRecord; // Written only by this class.
      store.#names.set(record.name, record.id);
      store.#containers.set(record.id, store.#live(record));
    }
    return store;
  }

  /** Newest first, as `docker ps` lists them. */
  all(): readonly Container[] {
    return [...this.#containers.values()].sort((left, right) => {
      const difference = timeNs(right.record.created) - timeNs(left.record.created);
      return difference > 0n ? 1 : difference < 0n ? -1 : 0;
    });
  }

  byId(id: string): Container | undefined {
    return this.#containers.get(id);
  }

  /** By id, name (with or without slash) or prefix. `notFound`, `invalidParameter` when ambiguous. */
  get(nameOrId: string): Container {
    if (nameOrId === "") throw fail("invalidParameter", `invalid name or ID supplied: ""`);
    const exact = this.#containers.get(nameOrId) ?? this.byName(nameOrId);
    if (exact !== undefined) return exact;
    const matches = [...this.#containers.keys()].filter((id) => id.startsWith(nameOrId));
    if (matches.length > 1) {
      throw fail("invalidParameter", `multiple IDs found with provided prefix: ${nameOrId}`);
    }
    const found = this.#containers.get(matches[0] ?? "");
    if (found === undefined) throw fail("notFound", `No such container: ${nameOrId}`);
    return found;
  }

  byName(name: string): Container | undefined {
    const id = this.#names.get(name.startsWith("/") ? name.slice(1) : name);
    return id === undefined ? undefined : this.#containers.get(id);
  }

  /** Holds `name` for `id`. `conflict` with Docker's words when it is taken. */
  reserveName(name: string, id: string): void {
    const holder = this.#names.get(name);
    if (holder !== undefined && holder !== id) {
      throw fail(
        "conflict",
        `Conflict. The container name "/${name}" is already in use by container "${holder}". ` +
          "You have to remove (or rename) that container to be able to reuse that name.",
      );
    }
    this.#names.set(name, id);
  }

  isNameTaken(name: string): boolean {
    return this.#names.has(name);
  }

  releaseName(name: string, id: string): void {
    if (this.#names.get(name) === id) this.#names.delete(name);
  }

  async add(record: ContainerRecord): Promise<Container> {
    await this.#records.apply([{ kind: "put", key: CONTAINER_KEY + record.id, value: record }]);
    const container = this.#live(record);
    this.#containers.set(record.id, container);
    return container;
  }

  /** Changes the record of `container`, durably. */
  async update(container: Container, changes: Partial<ContainerRecord>): Promise<void> {
    container.record = { ...container.record, ...changes };
    await this.#records.apply([{ kind: "put", key: CONTAINER_KEY + container.id, value: container.record }]);
  }

  async updateState(container: Container, changes: Partial<ContainerState>): Promise<void> {
    await this.update(container, { state: { ...container.record.state, ...changes } });
  }

  async remove(container: Container): Promise<void> {
    await this.#records.apply([{ kind: "remove", key: CONTAINER_KEY + container.id }]);
    this.#containers.delete(container.id);
    this.releaseName(container.record.name, container.id);
  }

  #live(record: ContainerRecord): Container {
    const options = logOptionsOf(record.hostConfig);
    const name = `engine/containers/${record.id}/${record.id}-json.log`;
    const log = options === undefined ? undefined : new JsonLog(this.#storage.files, name, this.#clock, options);
    return new Container(record, log, this.#clock);
  }
}
