// `rusuban firewall apply`: on trial until confirmed.

import type { Command } from "commander";
import type { Plan } from "../firewall/live/all-managers.ts";
import type { Machine } from "../firewall/live/backend.ts";
import { entriesOf } from "../firewall/live/difference.ts";
import { notAdmitted, readInboundConnections } from "../firewall/live/inbound-connections.ts";
import type { LiveFirewall } from "../firewall/live/live-firewall.ts";
import { JOB_PEERS } from "../firewall/live/opening.ts";
import type { Request } from "../firewall/live/state-folder.ts";
import { seconds } from "../runtime/setting-kinds.ts";
import { DRY_RUN_OPTION } from "./confirm.ts";
import { defineCommand } from "./define-command.ts";
import {
  openFirewallHere,
  planData,
  printDifference,
  printLines,
  type StateOption,
  tellLeftOut,
  tellPersistence,
  tellRecovery,
} from "./firewall-here.ts";
import { HERE_OPTIONS, LIVE_WORDS } from "./firewall-live-words.ts";
import { type HereOptions, requestHere } from "./firewall-rules-here.ts";
import { EXIT } from "./output.ts";
import type { Cli, Session } from "./session.ts";

interface ApplyOptions extends HereOptions, StateOption {
  readonly permanent?: boolean;
  readonly revertAfter?: number;
  readonly again?: boolean;
  readonly dryRun?: boolean;
}

/** Long enough to try a second sign-in and a backup's first connection. */
const REVERT_SECONDS = 60;
const REVERT_SECONDS_MAX = 86_400;
const CONNECTIONS_SHOWN = 5;

export function firewallApplyCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "apply",
    about: {
      en: "let through what this host needs; taken back by itself unless confirmed",
      ja: "このホストに必要な通信を許可(確認しなければ自動で元に戻る)",
    },
    options: [
      ...HERE_OPTIONS,
      {
        flags: "--again",
        about: { en: "what was applied last, without naming it anew", ja: "前回適用した内容をもう一度適用" },
      },
      {
        flags: "--permanent",
        about: {
          en: "also after a restart (written when confirmed; from then on until removed)",
          ja: "再起動後も維持(確定時に書き込み。削除するまで有効)",
        },
      },
      {
        flags: "--revert-after <time>",
        about: {
          en: "taken back after this time unless confirmed; 0: at once for good (default 60s)",
          ja: "この時間内に確認がなければ元に戻す。0 で即時確定(既定 60s)",
        },
        kind: seconds({ min: 0, max: REVERT_SECONDS_MAX }),
      },
      DRY_RUN_OPTION,
    ],
    examples: [
      "rusuban firewall apply",
      "rusuban firewall apply --permanent --revert-after 5m",
      "rusuban firewall apply --manager 192.0.2.10 --manager 2001:db8::10",
    ],
    run: apply,
  });
}

async function apply(session: Session, options: ApplyOptions) {
  const { firewall, machine } = openFirewallHere(session, options);
  const request = options.again ? await lastRequest(session, firewall) : await requestHere(session, options);
  const trial = await firewall.plan(request);
  await refuseWhatCannotBe(session, { plan: trial, request, machine });
  if (options.dryRun) {
    session.result({ dryRun: true, ...planData(trial) }, () => printDifference(session, trial));
    return EXIT.done;
  }
  const { permanent = false } = options;
  const { recovery, plan, outcome } = await firewall.apply(request, {
    permanent,
    revertAfterMs: 1_000 * (options.revertAfter ?? REVERT_SECONDS),
  });
  const { changed, deadlineAtMs, persistence } = outcome;
  tellRecovery(session, recovery);
  const data = { changed, permanent, deadlineAtMs, persistence, recovery, ...planData(plan) };
  session.result(data, () => {
    if (!changed) return session.print(session.say(LIVE_WORDS.same));
    printLines(session, plan);
    const count = entriesOf(plan.wanted).length;
    session.print(session.say(LIVE_WORDS.appliedNow, { manager: managerName(plan.detection.inCharge), count }));
  });
  if (plan.detection.inCharge === "none" && !request.denying) session.tell(LIVE_WORDS.nobodyDenies);
  tellLeftOut(session, plan);
  if (deadlineAtMs !== null) {
    const left = Math.max(0, Math.ceil((deadlineAtMs - session.world.clock.now()) / 1_000));
    session.tell(LIVE_WORDS.confirmBefore, { seconds: left });
    if (permanent) session.tell(LIVE_WORDS.permanentLater);
  }
  return tellPersistence(session, persistence);
}

async function lastRequest(session: Session, firewall: LiveFirewall): Promise<Request> {
  const applied = await firewall.readApplied();
  if (applied === undefined) throw session.failure("nothing-applied", LIVE_WORDS.noRecord, { exit: EXIT.usage });
  return applied.request;
}

/** Before anything is touched: what would shut somebody out, and what this firewall cannot do. */
async function refuseWhatCannotBe(
  session: Session,
  given: {
    readonly plan: Plan;
    readonly request: Request;
    readonly machine: Machine;
  },
): Promise<void> {
  const { plan, request, machine } = given;
  const noJobs = plan.leftOut.find(({ opening }) => opening.from.includes(JOB_PEERS));
  if (noJobs !== undefined) {
    const values = { reason: noJobs.reason };
    throw session.failure("no-job-openings", LIVE_WORDS.noJobOpenings, { hint: LIVE_WORDS.dropJobOpenings, values });
  }
  if (!request.denying) return;
  if (plan.detection.inCharge !== "none") {
    const values = { manager: plan.detection.inCharge };
    throw session.failure("denied-already", LIVE_WORDS.denyNotOurs, { hint: LIVE_WORDS.denyNotOursHint, values });
  }
  const cut = notAdmitted(await readInboundConnections(machine.run), request.openings);
  if (cut.length === 0) return;
  const shown = cut
    .slice(0, CONNECTIONS_SHOWN)
    .map(({ peer, port }) => (peer.includes(":") ? `[${peer}]:${port}` : `${peer}:${port}`));
  const connections = `${shown.join(", ")}${cut.length > shown.length ? ` (+${cut.length - shown.length})` : ""}`;
  throw session.failure("would-cut", LIVE_WORDS.cutsConnections, {
    hint: LIVE_WORDS.cutsConnectionsHint,
    values: { connections },
  });
}

function managerName(inCharge: string): string {
  return inCharge === "none" ? "nftables (inet rusuban)" : inCharge;
}
