// Applies rules inside a namespace as the command line does, and kills itself, as `kill -9` would, right after the
// n-th command that changes something. Arguments: STATE-FOLDER KILL-AFTER REVERT-AFTER-MS; the request as JSON on stdin.

import { text } from "node:stream/consumers";
import { type CommandRunner, createCommandRunner } from "../../src/firewall/live/command-runner.ts";
import { createLiveFirewall } from "../../src/firewall/live/live-firewall.ts";
import { startRevertTimer } from "../../src/firewall/live/revert-timer.ts";
import { createSystemFiles } from "../../src/firewall/live/system-files.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { systemRandom } from "../../src/runtime/random.ts";
import { isChanging } from "./firewall-managers.ts";

const [stateFolder = "", killAfter = "", revertAfterMs = ""] = process.argv.slice(2);
const alive = setInterval(() => {}, 2 ** 30);
const request = JSON.parse(await text(process.stdin));
const real = createCommandRunner(systemClock);
let changes = 0;
const run: CommandRunner = async (program, args, input) => {
  const result = await real(program, args, input);
  if (isChanging(program, args)) changes += 1;
  if (changes === Number(killAfter)) process.kill(process.pid, "SIGKILL");
  return result;
};
const machine = { run, files: createSystemFiles() };
const needs = { machine, stateFolder, clock: systemClock, random: systemRandom, startTimer: startRevertTimer };
await createLiveFirewall(needs).apply(request, { revertAfterMs: Number(revertAfterMs), permanent: false });
clearInterval(alive);
