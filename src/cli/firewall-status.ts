import type { Command } from "commander";
import { entriesOf } from "../firewall/live/difference.ts";
import type { Status } from "../firewall/live/live-firewall.ts";
import { placedLine } from "../firewall/live/opening.ts";
import { defineCommand } from "./define-command.ts";
import { openFirewallHere, tellRecovery } from "./firewall-here.ts";
import { LIVE_WORDS, STATE_OPTION } from "./firewall-live-words.ts";
import { EXIT } from "./output.ts";
import type { Cli, Session } from "./session.ts";

/** `rusuban firewall status`: who decides on this host, what of ours is there, what waits, what has changed since. */
export function firewallStatusCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "status",
    about: {
      en: "who decides on this host, and what of ours is there (exit code 3: it has changed since)",
      ja: "このホストを制御しているものと適用状態(終了コード 3: 適用後に変化あり)",
    },
    options: [STATE_OPTION],
    examples: ["rusuban firewall status", "rusuban firewall status --json"],
    async run(session, options: { readonly state?: string }) {
      const { recovery, status } = await openFirewallHere(session, options).firewall.status();
      tellRecovery(session, recovery);
      session.result({ recovery, ...statusData(status) }, () => printStatus(session, status));
      return changesOf(status).length > 0 ? EXIT.partly : EXIT.done;
    },
  });
}

function changesOf({ drift = [] }: Status) {
  return drift.filter(({ sign }) => sign !== " ");
}

function statusData(status: Status) {
  const { detection, applied, change, live, strange } = status;
  return {
    inCharge: detection.inCharge,
    evidence: detection.evidence,
    beside: detection.beside,
    appliedAtMs: applied?.appliedAtMs ?? null,
    permanent: applied?.isPermanent ?? null,
    waitsUntilMs: change?.deadlineAtMs ?? null,
    rules: entriesOf(live).map(placedLine),
    strange,
    drift: changesOf(status).map(({ sign, text }) => ({ sign, rule: text })),
  };
}

function printStatus(session: Session, status: Status): void {
  const { detection, applied, change, live, strange } = status;
  const { say } = session;
  const changes = changesOf(status);
  const left = change?.deadlineAtMs == null ? 0 : Math.ceil((change.deadlineAtMs - session.world.clock.now()) / 1_000);
  session.facts([
    [LIVE_WORDS.inCharge, detection.inCharge === "none" ? say(LIVE_WORDS.nobody) : detection.inCharge],
    ...detection.evidence.map((text) => [LIVE_WORDS.evidence, text] as const),
    ...detection.beside.map((text) => [LIVE_WORDS.beside, text] as const),
    [LIVE_WORDS.applied, applied === undefined ? say(LIVE_WORDS.never) : session.moment(applied.appliedAtMs)],
    ...(applied === undefined
      ? []
      : [[LIVE_WORDS.afterRestart, say(applied.isPermanent ? LIVE_WORDS.isPermanent : LIVE_WORDS.isRuntime)] as const]),
    ...(change === undefined ? [] : [[LIVE_WORDS.waiting, say(LIVE_WORDS.waitingValue, { seconds: left })] as const]),
    ...(applied === undefined || change !== undefined
      ? []
      : [
          [
            LIVE_WORDS.drift,
            changes.length === 0
              ? say(LIVE_WORDS.noDrift)
              : { text: say(LIVE_WORDS.driftValue, { count: changes.length }), style: "red" as const },
          ] as const,
        ]),
  ]);
  for (const line of entriesOf(live).map(placedLine)) session.printText(line);
  for (const line of strange) session.printText(line);
  for (const { sign, text } of changes) session.printText(`${sign}${text}`);
}
