import type { Machine } from "../../firewall/live/backend.ts";
import { createCommandRunner } from "../../firewall/live/command-runner.ts";
import { createLiveFirewall, type Drift } from "../../firewall/live/live-firewall.ts";
import { startRevertTimer } from "../../firewall/live/revert-timer.ts";
import { createSystemFiles } from "../../firewall/live/system-files.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Random } from "../../runtime/random.ts";

/** This machine's firewall as the agent uses it: it looks, and opens ports for jobs; it never applies rules. */
export function openFirewall(needs: { readonly stateFolder: string; readonly clock: Clock; readonly random: Random }): {
  readonly machine: Machine;
  look(): Promise<Drift | undefined>;
} {
  const machine: Machine = { run: createCommandRunner(needs.clock), files: createSystemFiles() };
  const { look } = createLiveFirewall({ ...needs, machine, startTimer: startRevertTimer });
  return { machine, look };
}
