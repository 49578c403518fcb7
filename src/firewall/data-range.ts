// What a range of data ports must be before it is worth a rule: large enough for the jobs, and not where the listening
// system takes ports for its own outgoing connections, because a listener in there fails at random.

import { dataPortsNeeded } from "../ports/data-port-pool.ts";
import { ephemeralOverlap } from "../ports/ephemeral-ports.ts";
import { formatRange, type PortRange, rangeSize } from "../ports/flow.ts";
import { SettingsError } from "../runtime/errors.ts";

interface Platform {
  readonly title: string;
  /** As process.platform has it. */
  readonly node: string;
  /** What the system hands out where nobody changed it (Linux: ip_local_port_range; Windows Vista and later: netsh int ipv4 show dynamicport). */
  readonly ephemeral: PortRange;
}

const PLATFORMS: Readonly<Record<"linux" | "windows", Platform>> = {
  linux: { title: "Linux", node: "linux", ephemeral: { from: 32_768, to: 60_999 } },
  windows: { title: "Windows", node: "win32", ephemeral: { from: 49_152, to: 65_535 } },
};

/** Throws SettingsError with the next step. An overlap is accepted where the operator says that the ports are reserved. */
export function checkDataRange(
  range: PortRange,
  {
    key,
    platform,
    concurrentJobs = 1,
    allowOverlap = false,
  }: {
    /** What to name in the message: `port backup-data`. */
    readonly key: string;
    readonly platform: "linux" | "windows";
    readonly concurrentJobs?: number;
    readonly allowOverlap?: boolean;
  },
): void {
  const needed = dataPortsNeeded(concurrentJobs);
  if (rangeSize(range) < needed) {
    throw new SettingsError(
      key,
      `${formatRange(range)} holds ${rangeSize(range)} ports, ${needed} are needed (concurrent jobs: ${concurrentJobs}): widen it`,
    );
  }
  const { title, node, ephemeral } = PLATFORMS[platform];
  const verdict = ephemeralOverlap({ range, ephemeral, platform: node });
  if (verdict.kind !== "overlaps" || allowOverlap) return;
  throw new SettingsError(
    key,
    `${formatRange(range)} lies in the ports that ${title} takes for outgoing connections (${formatRange(ephemeral)}), where ` +
      `listeners fail at random: choose another range, or reserve this one on each agent (${verdict.command}) and add --allow-overlap`,
  );
}
