import { type RuleSettings, rulesFrom, withOwn } from "../../judging/thresholds.ts";
import type { HostThresholds, Levels, ThresholdSet } from "../../model/thresholds.ts";
import type { ManagerSettings } from "../settings.ts";
import type { AgentlessList } from "./agentless/agentless-list.ts";

// From where on readings of servers without our agent are bad: for all by the manager's settings, and for one by what an
// operator decided of it.

/** From where on the readings of a server without our agent are bad. */
export interface JudgedBy {
  readonly own: HostThresholds;
  readonly effective: ThresholdSet & { readonly fileSystems: Readonly<Record<string, Levels>> };
}

/** Undefined for a host that is not in the list. */
export interface ThresholdDesk {
  of(hostId: string): Promise<JudgedBy | undefined>;
  /** Throws SettingsError for levels that contradict each other. */
  set(hostId: string, own: HostThresholds): Promise<JudgedBy | undefined>;
}

export function createThresholdDesk({
  list,
  settings,
  onChanged,
}: {
  readonly list: Pick<AgentlessList, "thresholdsOf" | "setThresholds">;
  readonly settings: RuleSettings;
  readonly onChanged: (hostId: string) => void;
}): ThresholdDesk {
  const judgedBy = (own: HostThresholds): JudgedBy => {
    const { intervalMs: _, ...effective } = withOwn(settings, own);
    return { own, effective };
  };
  return {
    async of(hostId) {
      const own = await list.thresholdsOf(hostId);
      return own && judgedBy(own);
    },
    async set(hostId, own) {
      rulesFrom(withOwn(settings, own));
      if (!(await list.setThresholds(hostId, own))) return undefined;
      onChanged(hostId);
      return judgedBy(own);
    },
  };
}

export function ruleSettingsFrom(settings: ManagerSettings): RuleSettings {
  const levels = (name: "filesystem" | "memory" | "load") => ({
    warning: settings[`watch.${name}.warning`],
    critical: settings[`watch.${name}.critical`],
  });
  return {
    intervalMs: settings["hosts.pollSeconds"] * 1_000,
    ...{ fileSystem: levels("filesystem"), fileSystems: {}, memory: levels("memory"), load: levels("load") },
    // A processor that works is not a fault: the load says when there is too much of it.
    processor: { warning: null, critical: null },
  };
}
