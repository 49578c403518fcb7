// Takes a change back when its time is over and nobody has confirmed it, and at once when whoever makes it has died in
// the middle. A process of its own, in a session of its own:
// it outlives the one that started it and the terminal. Called as `node revert-timer.ts STATE-FOLDER CHANGE-ID`.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { type Clock, pause, systemClock } from "../../runtime/clock.ts";
import { PeerError } from "../../runtime/errors.ts";
import { systemRandom } from "../../runtime/random.ts";
import { createCommandRunner } from "./command-runner.ts";
import { createLiveFirewall, type LiveFirewall } from "./live-firewall.ts";
import { openStateFolder } from "./state-folder.ts";
import { createSystemFiles } from "./system-files.ts";

const RETRY_MS = 2_000;
/** Between looks whether the change is made: half of it may be there for so long after its maker died. */
const LOOK_MS = 250;
/** Ten minutes: what fails for so long (a firewall manager that hangs) is for a person, whom `status` tells. */
const TRIES_MAX = 300;

/** Starts that process; its process id. */
export async function startRevertTimer({
  stateFolder,
  changeId,
}: {
  readonly stateFolder: string;
  readonly changeId: string;
}): Promise<number> {
  const file = fileURLToPath(new URL(`./revert-timer${extname(import.meta.url)}`, import.meta.url));
  const child = spawn(process.execPath, [file, stateFolder, changeId], { detached: true, stdio: "ignore", cwd: "/" });
  await once(child, "spawn");
  child.unref();
  return child.pid as number;
}

/**
 * Waits until the change is made, or takes it back where its maker died; then waits for the deadline and takes it back,
 * trying again while it fails. Ends when it is nobody's business any more.
 */
export async function watchChange({
  stateFolder,
  changeId,
  firewall,
  clock,
}: {
  readonly stateFolder: string;
  readonly changeId: string;
  readonly firewall: Pick<LiveFirewall, "revert" | "recover">;
  readonly clock: Clock;
}): Promise<void> {
  const state = openStateFolder(stateFolder);
  const ours = async () => {
    const change = await state.readChange();
    return change?.id === changeId ? change : undefined;
  };
  let tries = 0;
  for (let change = await ours(); change?.phase !== "waiting"; change = await ours()) {
    if (change === undefined || tries === TRIES_MAX) return;
    try {
      // Its maker has the lock as long as it lives.
      await firewall.recover();
    } catch {
      tries += 1;
    }
    await pause(clock, LOOK_MS);
  }
  const deadlineAtMs = (await ours())?.deadlineAtMs ?? null;
  if (deadlineAtMs === null) return;
  await pause(clock, Math.max(0, deadlineAtMs - clock.now()));
  for (let attempt = 1; attempt <= TRIES_MAX; attempt += 1) {
    try {
      await firewall.revert({ changeId });
      return;
    } catch (error) {
      // Another command has the lock, or the firewall's program fails: neither lasts.
      if (!(error instanceof PeerError) && attempt === TRIES_MAX) throw error;
      await pause(clock, RETRY_MS);
    }
  }
}

if (import.meta.main) {
  const [stateFolder = "", changeId = ""] = process.argv.slice(2);
  const alive = setInterval(() => {}, 2 ** 30);
  // Its terminal is gone when it matters.
  process.on("SIGHUP", () => {});
  const machine = { run: createCommandRunner(systemClock), files: createSystemFiles() };
  const needs = { machine, stateFolder, clock: systemClock, random: systemRandom, startTimer: async () => process.pid };
  await watchChange({ stateFolder, changeId, firewall: createLiveFirewall(needs), clock: systemClock });
  clearInterval(alive);
}
