/** sysfs(5): the parts programs read: processors, interfaces, huge pages. Block devices and buses are empty. */
import type { Kernel } from "../kernel.ts";
import type { NetworkInterface } from "../net/network-interface.ts";
import type { NetworkNamespace } from "../net/network-namespace.ts";
import { GeneratedFilesystem } from "./generated.ts";
import type { GeneratedDirectory, GeneratedNode } from "./generated.ts";
import { directory, link, text } from "./nodes.ts";

const LINE = (value: string | number): GeneratedNode => text(() => `${value}\n`);

/** `network` is the namespace whose interfaces are shown. */
export function sysFilesystem(kernel: Kernel, network: NetworkNamespace): GeneratedFilesystem {
  const empty = directory({});
  const net = interfaces(network);
  const root = directory({
    block: empty,
    bus: directory({ cpu: directory({}), pci: directory({ devices: directory({}) }) }),
    class: directory({
      block: directory({}),
      net: classNet(network),
      tty: directory({}),
      mem: directory({}),
    }),
    dev: directory({ block: directory({}), char: directory({}) }),
    devices: directory({
      system: directory({ cpu: processors(), node: memoryNodes(kernel) }),
      virtual: directory({ net, powercap: directory({}) }),
    }),
    firmware: directory({}),
    fs: directory({ cgroup: directory({}) }),
    hypervisor: directory({}),
    kernel: directory({
      mm: directory({
        transparent_hugepage: directory({
          enabled: LINE("always madvise [never]"),
          defrag: LINE("always defer defer+madvise madvise [never]"),
          shmem_enabled: LINE("always within_size advise [never] deny force"),
          hpage_pmd_size: LINE(2_097_152),
        }),
        hugepages: directory({}),
      }),
      debug: directory({}),
      security: directory({}),
      tracing: directory({}),
      config: directory({}),
    }),
    module: directory({}),
    power: directory({ state: LINE("") }),
  });
  return new GeneratedFilesystem(kernel, "sysfs", root);
}

function processors(): GeneratedDirectory {
  return directory({
    cpu0: directory({
      topology: directory({
        core_id: LINE(0),
        physical_package_id: LINE(0),
        core_cpus: LINE(1),
        core_cpus_list: LINE(0),
        core_siblings: LINE(1),
        core_siblings_list: LINE(0),
        thread_siblings: LINE(1),
        thread_siblings_list: LINE(0),
        package_cpus_list: LINE(0),
        die_id: LINE(0),
      }),
      cache: directory({}),
    }),
    online: LINE(0),
    offline: LINE(""),
    possible: LINE(0),
    present: LINE(0),
    isolated: LINE(""),
    kernel_max: LINE(8191),
    smt: directory({ active: LINE(0), control: LINE("notsupported") }),
    vulnerabilities: directory({}),
  });
}

function memoryNodes(kernel: Kernel): GeneratedDirectory {
  // libnuma asks for both; whoever is linked with it says so otherwise.
  const meminfo = (): string => {
    const kb = Math.floor(kernel.memoryBytes / 1024);
    const used = Math.min(kb, Math.floor(kernel.rootCgroup.memoryBytes / 1024));
    const rows = [["MemTotal", kb], ["MemFree", kb - used], ["MemUsed", used]] as const;
    return rows.map(([name, value]) => `Node 0 ${`${name}:`.padEnd(15)}${String(value).padStart(8)} kB\n`).join("");
  };
  return directory({
    node0: directory({
      cpulist: LINE(0),
      cpumap: LINE(1),
      distance: LINE(10),
      meminfo: text(meminfo),
    }),
    online: LINE(0),
    possible: LINE(0),
    has_cpu: LINE(0),
    has_memory: LINE(0),
    has_normal_memory: LINE(0),
  });
}

/** devices/virtual/net: one directory for each interface, the same while the interface is there. */
function interfaces(network: NetworkNamespace): GeneratedDirectory {
  const known = new WeakMap<NetworkInterface, GeneratedDirectory>();
  return {
    type: "directory",
    mode: 0o755,
    names: () => network.interfaces.map(({ name }) => name),
    lookup: (name) => {
      const device = network.interfaceByName(name);
      if (device === undefined) return undefined;
      let node = known.get(device);
      if (node === undefined) known.set(device, (node = interfaceDirectory(device)));
      return node;
    },
  };
}

function classNet(network: NetworkNamespace): GeneratedDirectory {
  const links = new Map<string, GeneratedNode>();
  return {
    type: "directory",
    mode: 0o755,
    names: () => network.interfaces.map(({ name }) => name),
    lookup: (name) => {
      if (network.interfaceByName(name) === undefined) return undefined;
      let node = links.get(name);
      if (node === undefined) links.set(name, (node = link(() => `../../devices/virtual/net/${name}`)));
      return node;
    },
  };
}

function interfaceDirectory(device: NetworkInterface): GeneratedDirectory {
  const hardware = (bytes: Uint8Array): string =>
    [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
  const shown = (value: () => string | number): GeneratedNode => text(() => `${value()}\n`);
  const count = (value: () => number): GeneratedNode => shown(value);
  const { counters } = device;
  return directory({
    address: shown(() => hardware(device.hardwareAddress)),
    addr_len: shown(() => device.hardwareAddress.length),
    broadcast: shown(() => (device.isLoopback ? hardware(new Uint8Array(6)) : "ff:ff:ff:ff:ff:ff")),
    carrier: shown(() => (device.isUp ? 1 : 0)),
    dev_id: shown(() => "0x0"),
    dormant: shown(() => 0),
    flags: shown(() => `0x${device.flags.toString(16)}`),
    ifindex: shown(() => device.index),
    iflink: shown(() => device.index),
    link_mode: shown(() => 0),
    mtu: shown(() => device.mtu),
    type: shown(() => device.hardwareType),
    operstate: shown(() => (device.isLoopback ? "unknown" : device.isUp ? "up" : "down")),
    tx_queue_len: shown(() => device.transmitQueue),
    statistics: directory({
      rx_bytes: count(() => counters.rxBytes),
      rx_packets: count(() => counters.rxPackets),
      tx_bytes: count(() => counters.txBytes),
      tx_packets: count(() => counters.txPackets),
      rx_errors: count(() => 0),
      tx_errors: count(() => 0),
      rx_dropped: count(() => 0),
      tx_dropped: count(() => 0),
      collisions: count(() => 0),
      multicast: count(() => 0),
    }),
  });
}
