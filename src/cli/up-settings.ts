import { AGENT_LISTENS, AGENT_SETTINGS, type AgentSettings } from "../agent/settings.ts";
import { MANAGER_LISTENS, MANAGER_SETTINGS, type ManagerSettings } from "../manager/settings.ts";
import { portBookOf, portOverridesOf } from "../net/port-settings.ts";
import { type FlowKey, flowOf } from "../ports/port-map.ts";
import { SettingsError } from "../runtime/errors.ts";
import { prepareProgram } from "./program-settings.ts";
import type { UpFolders } from "./up-set-up.ts";
import type { World } from "./world.ts";

export interface UpSettings {
  readonly manager: ManagerSettings;
  readonly agent: AgentSettings;
}

/**
 * The settings of both programs of this computer, read before either is started: what is wrong in them is told once, and
 * so is a port that both would open, which each of the two files alone cannot show. Throws SettingsError.
 */
export function readUpSettings(folders: UpFolders, world: World): UpSettings {
  const read = { flags: undefined, world };
  const manager = prepareProgram(MANAGER_SETTINGS, { ...read, name: "manager", file: folders.managerSettings });
  const agent = prepareProgram(AGENT_SETTINGS, { ...read, name: "agent", file: folders.agentSettings });
  const settings = { manager: manager.settings, agent: agent.settings };
  refuseSharedPorts(settings, folders);
  return settings;
}

function refuseSharedPorts({ manager, agent }: UpSettings, folders: UpFolders): void {
  if (!mayMeet(manager["listen.host"], agent["listen.host"])) return;
  const ofManager = portBookOf(manager, manager["jobs.concurrent"]);
  const ofAgent = portBookOf(agent, agent["backup.concurrentJobs"]);
  for (const one of MANAGER_LISTENS) {
    for (const other of AGENT_LISTENS) {
      const port = ofManager.portOf(one);
      if (port !== ofAgent.portOf(other) || flowOf(one).transport !== flowOf(other).transport) continue;
      const isMoved = portOverridesOf(manager)[one] !== undefined;
      throw new SettingsError(
        isMoved ? settingOf(one) : settingOf(other),
        `${port}/${flowOf(one).transport} would be opened by both programs of this computer, as ${settingOf(one)} of ` +
          `${folders.managerSettings} and as ${settingOf(other)} of ${folders.agentSettings}: give one of them another port`,
      );
    }
  }
}

function settingOf<K extends FlowKey>(flow: K): `ports.${K}` {
  return `ports.${flow}`;
}

/** Whether two listeners on these addresses would be in one another's way. */
function mayMeet(one: string, other: string): boolean {
  const isEverywhere = (host: string) => host === "::" || host === "0.0.0.0";
  return one === other || isEverywhere(one) || isEverywhere(other);
}
