import type { Clock } from "../../runtime/clock.ts";
import { readBlockDevices } from "../providers/block-devices.ts";
import { readSensors } from "../providers/hardware-monitor.ts";
import type { HostSystem } from "../providers/host-system.ts";
import { IPMI_TIMEOUT_MS, readIpmiSensors } from "../providers/ipmi.ts";
import { readMdArrays } from "../providers/md-arrays.ts";
import { readNetworkPorts } from "../providers/network-ports.ts";
import { readTextOrNull } from "../providers/optional-file.ts";
import { readPackages } from "../providers/packages.ts";
import { createProcessorSampler } from "../providers/processor-sampler.ts";
import { remembered } from "../providers/remembered.ts";
import { readSmart, SMART_TIMEOUT_MS, type SmartHealth } from "../providers/smart.ts";
import { parseStructures } from "../providers/smbios.ts";
import { readSystemLog } from "../providers/system-log.ts";
import { isSystemdInCharge, readServiceUnits } from "../providers/units.ts";

/** One look serves all classes that are asked for in one go. */
const KERNEL_KEPT_MS = 1_000;
const KERNEL = { keptMs: KERNEL_KEPT_MS, patienceMs: 3_000, timeoutMs: 4_000 };
const CHILD = { keptMs: 2_000, patienceMs: 4_000, timeoutMs: 10_000 };
/** The firmware's tables do not change while the machine runs. */
const HARDWARE_KEPT_MS = 3_600_000;
/** Seconds of work for the package manager, and an inventory is no alarm. */
const PACKAGES_KEPT_MS = 600_000;
/** A drive's health changes over weeks, and asking makes its heads move. */
const SMART_KEPT_MS = 600_000;
/** The controller's bus is slow: asked more often, it would do nothing else. */
const IPMI_KEPT_MS = 30_000;

/** Drives whose health is remembered. */
const SMART_DRIVES_MAX = 1_024;

/** Everything that providers read, each remembered for a time that suits it and asked by one child at most. */
export type CimSources = ReturnType<typeof createCimSources>;

export function createCimSources({ system, clock }: { readonly system: HostSystem; readonly clock: Clock }) {
  const drives = new Map<string, () => Promise<SmartHealth | null>>();
  // One drive after another: together they could start a hundred children.
  let lastDrive: Promise<unknown> = Promise.resolve();
  const smartOf = (name: string) => {
    const known = drives.get(name);
    if (known !== undefined || drives.size >= SMART_DRIVES_MAX) return known;
    const fresh = remembered(
      clock,
      `health of ${name}`,
      { keptMs: SMART_KEPT_MS, staleMs: 2 * SMART_KEPT_MS, patienceMs: 1_000, timeoutMs: SMART_TIMEOUT_MS * 8 },
      (signal) => {
        const turn = lastDrive.then(() => readSmart(system, name, signal));
        lastDrive = turn.catch(() => {});
        return turn;
      },
    );
    drives.set(name, fresh);
    return fresh;
  };
  return {
    /** Trimmed text of a file of /sys or /proc, null where it cannot be read. */
    text: (path: string) => readTextOrNull(system, path),
    blockDevices: remembered(clock, "/sys/block", KERNEL, () => readBlockDevices(system)),
    arrays: remembered(clock, "/sys/block", KERNEL, () => readMdArrays(system)),
    /** Null while a drive has not answered yet, and when it tells nothing. */
    smart: async (name: string): Promise<SmartHealth | null> => {
      try {
        return (await smartOf(name)?.()) ?? null;
      } catch {
        return null;
      }
    },
    ports: remembered(clock, "/sys/class/net", KERNEL, () => readNetworkPorts(system)),
    sensors: remembered(clock, "/sys/class/hwmon", KERNEL, (signal) => readSensors(system, signal)),
    ipmi: remembered(
      clock,
      "management controller (ipmitool)",
      { keptMs: IPMI_KEPT_MS, staleMs: 4 * IPMI_KEPT_MS, patienceMs: 4_000, timeoutMs: IPMI_TIMEOUT_MS },
      (signal) => readIpmiSensors(system, signal),
    ),
    /** Structures of the firmware's tables; none where only root may read them and we are not. */
    firmware: remembered(clock, "SMBIOS", { ...KERNEL, keptMs: HARDWARE_KEPT_MS }, async () => {
      const path = "/sys/firmware/dmi/tables/DMI";
      return (await system.exists(path)) ? parseStructures(await system.read(path)) : [];
    }),
    busy: createProcessorSampler({ system, clock }),
    /** Null where systemd is not in charge. */
    units: remembered(clock, "systemctl", CHILD, async (signal) =>
      (await isSystemdInCharge(system)) ? readServiceUnits(system, signal) : null,
    ),
    packages: remembered(
      clock,
      "package manager",
      { ...CHILD, keptMs: PACKAGES_KEPT_MS, staleMs: 2 * PACKAGES_KEPT_MS, timeoutMs: 60_000 },
      (signal) => readPackages(system, signal),
    ),
    log: remembered(clock, "system log", CHILD, (signal) => readSystemLog(system, { nowMs: clock.now(), signal })),
  };
}
