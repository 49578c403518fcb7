import type { HostSystem } from "./host-system.ts";
import { parseInterfaces } from "./network.ts";
import { readDeviceOrNull, readTextOrNull, wholeNumber } from "./optional-file.ts";

/** A network interface with hardware behind it, or a bond (Documentation/ABI/testing/sysfs-class-net). */
export interface NetworkPort {
  readonly name: string;
  readonly address: string | null;
  readonly permanentAddress: string | null;
  readonly mtu: number | null;
  /** Bits a second; null without a link, and for drivers that do not say. */
  readonly speed: bigint | null;
  readonly fullDuplex: boolean | null;
  /** `up`, `down`, `dormant`, `lowerlayerdown`, `unknown` (RFC 2863). */
  readonly operationalState: string | null;
  /** Whether there is a signal; null while the interface is switched off. */
  readonly carrier: boolean | null;
  /** IEEE 802.11. */
  readonly wireless: boolean;
  /** Counters since boot by the names of /sys/class/net/NAME/statistics; those that cannot be read are missing. */
  readonly counters: ReadonlyMap<string, bigint>;
}

/** With hardware behind them, virtual functions of one card included. */
export const NETWORK_PORTS_MAX = 256;
const COUNTERS = [
  ...["rx_bytes", "tx_bytes", "rx_packets", "tx_packets", "rx_errors", "tx_errors", "rx_dropped", "tx_dropped"],
  ...["collisions", "rx_crc_errors", "rx_frame_errors", "rx_length_errors", "rx_fifo_errors", "rx_missed_errors"],
  ...["tx_aborted_errors", "tx_carrier_errors", "tx_fifo_errors", "tx_window_errors"],
];

export async function readNetworkPorts(system: HostSystem): Promise<NetworkPort[]> {
  const ports: NetworkPort[] = [];
  for (const { name } of parseInterfaces((await system.read("/proc/net/dev")).toString("latin1"))) {
    const folder = `/sys/class/net/${name}`;
    const isReal = (await system.exists(`${folder}/device`)) || (await system.exists(`${folder}/bonding`));
    if (isReal && ports.length < NETWORK_PORTS_MAX) ports.push(await readPort(system, name, folder));
  }
  return ports;
}

async function readPort(system: HostSystem, name: string, folder: string): Promise<NetworkPort> {
  // The driver may have to ask the card for speed and duplex.
  const device = (path: string) => readDeviceOrNull(system, `${folder}/${path}`);
  const text = (path: string) => readTextOrNull(system, `${folder}/${path}`);
  const megabits = wholeNumber(await device("speed"));
  const duplex = await device("duplex");
  const carrier = await text("carrier");
  const counters = new Map<string, bigint>();
  for (const counter of COUNTERS) {
    const value = await text(`statistics/${counter}`);
    if (value !== null && /^\d{1,20}$/.test(value)) counters.set(counter, BigInt(value));
  }
  const address = await text("address");
  return {
    name,
    address,
    // 0: permanent (include/uapi/linux/netdevice.h, NET_ADDR_PERM); otherwise somebody has set another.
    permanentAddress: (await text("addr_assign_type")) === "0" ? address : null,
    mtu: wholeNumber(await text("mtu")),
    // -1 where there is no link.
    speed: megabits === null || megabits <= 0 ? null : BigInt(megabits) * 1_000_000n,
    fullDuplex: duplex === "full" ? true : duplex === "half" ? false : null,
    operationalState: await text("operstate"),
    carrier: carrier === "1" ? true : carrier === "0" ? false : null,
    wireless: (await system.exists(`${folder}/wireless`)) || (await system.exists(`${folder}/phy80211`)),
    counters,
  };
}
