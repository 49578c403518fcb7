// What the commands about this host's own firewall share: the way to it, and how its plans are shown.

import type { Plan } from "../firewall/live/all-managers.ts";
import type { Machine, PersistenceReport } from "../firewall/live/backend.ts";
import { createCommandRunner } from "../firewall/live/command-runner.ts";
import { unifiedText } from "../firewall/live/difference.ts";
import { createLiveFirewall, type Recovery } from "../firewall/live/live-firewall.ts";
import { openingLine } from "../firewall/live/opening.ts";
import { startRevertTimer } from "../firewall/live/revert-timer.ts";
import { DEFAULT_STATE_FOLDER } from "../firewall/live/state-folder.ts";
import { createSystemFiles } from "../firewall/live/system-files.ts";
import { systemRandom } from "../runtime/random.ts";
import { LIVE_WORDS } from "./firewall-live-words.ts";
import { EXIT, paint } from "./output.ts";
import type { Session } from "./session.ts";

export interface StateOption {
  readonly state?: string;
}

/** The firewall of this host. Throws CommandError where this process cannot work on it. */
export function openFirewallHere(session: Session, { state = DEFAULT_STATE_FOLDER }: StateOption) {
  if (process.platform !== "linux") {
    const values = { platform: process.platform };
    throw session.failure("not-linux", LIVE_WORDS.noLinux, { hint: LIVE_WORDS.noLinuxHint, values });
  }
  if (process.geteuid?.() !== 0)
    throw session.failure("not-root", LIVE_WORDS.notRoot, { hint: LIVE_WORDS.notRootHint });
  const { clock } = session.world;
  const machine: Machine = { run: createCommandRunner(clock), files: createSystemFiles() };
  const needs = { machine, stateFolder: state, startTimer: startRevertTimer, clock, random: systemRandom };
  return { machine, firewall: createLiveFirewall(needs) };
}

export function planData({ detection, leftOut, difference }: Plan) {
  const { inCharge, evidence, beside } = detection;
  return {
    inCharge,
    evidence,
    beside,
    changes: difference.filter(({ sign }) => sign !== " ").map(({ sign, text }) => ({ sign, rule: text })),
    kept: difference.filter(({ sign }) => sign === " ").length,
    leftOut: leftOut.map(({ opening, reason }) => ({ rule: openingLine(opening), reason })),
  };
}

export function printDifference(session: Session, plan: Plan): void {
  printLines(session, plan);
  const count = plan.difference.filter(({ sign }) => sign !== " ").length;
  tellLeftOut(session, plan);
  if (count === 0) session.tell(LIVE_WORDS.same);
  else session.tell(LIVE_WORDS.differences, { count });
}

/** As `diff -u` does, in its colours. */
export function printLines({ world, print }: Session, { difference }: Pick<Plan, "difference">): void {
  for (const line of unifiedText(difference)) {
    const style = line.startsWith("@@")
      ? "cyan"
      : line.startsWith("+")
        ? "green"
        : line.startsWith("-")
          ? "red"
          : undefined;
    print(style === undefined ? line : paint(world.output, { text: line, style }));
  }
}

export function tellLeftOut(session: Session, { leftOut }: Plan): void {
  for (const { opening, reason } of leftOut) session.tell(LIVE_WORDS.leftOut, { rule: openingLine(opening), reason });
}

export function tellRecovery(session: Session, recovery: Recovery): void {
  if (recovery === "taken back") session.tell(LIVE_WORDS.takenBackBefore);
  if (recovery === "finished") session.tell(LIVE_WORDS.finishedBefore);
}

export function tellPersistence(session: Session, { done, missing }: PersistenceReport) {
  for (const what of done) session.tell(LIVE_WORDS.persisted, { what });
  for (const what of missing) session.tell(LIVE_WORDS.notPersisted, { what });
  return missing.length > 0 ? EXIT.partly : EXIT.done;
}
