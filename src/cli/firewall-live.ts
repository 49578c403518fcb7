// `rusuban firewall diff|confirm|revert|remove`: this host's own firewall.

import type { Command } from "commander";
import { entriesOf, isSame } from "../firewall/live/difference.ts";
import { confirm, DRY_RUN_OPTION, YES_OPTION } from "./confirm.ts";
import { defineCommand } from "./define-command.ts";
import { openFirewallHere, planData, printDifference, type StateOption, tellPersistence } from "./firewall-here.ts";
import { HERE_OPTIONS, LIVE_WORDS, STATE_OPTION } from "./firewall-live-words.ts";
import { type HereOptions, requestHere } from "./firewall-rules-here.ts";
import { EXIT } from "./output.ts";
import type { Cli } from "./session.ts";

export function firewallDiffCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "diff",
    about: {
      en: "what would change in this host's firewall (exit code 0: nothing, 3: something)",
      ja: "このホストのファイアウォールへの変更点(終了コード 0: なし、3: あり)",
    },
    options: HERE_OPTIONS,
    examples: ["rusuban firewall diff", "rusuban firewall diff --side manager --agent 192.0.2.0/24 --json"],
    async run(session, options: HereOptions & StateOption) {
      const { firewall } = openFirewallHere(session, options);
      const plan = await firewall.plan(await requestHere(session, options));
      session.result(planData(plan), () => printDifference(session, plan));
      return isSame(plan.difference) ? EXIT.done : EXIT.partly;
    },
  });
}

export function firewallConfirmCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "confirm",
    about: { en: "keep the change that waits", ja: "確認待ちの変更を確定" },
    options: [STATE_OPTION],
    examples: ["rusuban firewall confirm"],
    async run(session, options: StateOption) {
      const { rules, persistence } = await openFirewallHere(session, options).firewall.confirm();
      const count = entriesOf(rules).length;
      session.result({ rules: count, persistence }, () => session.print(session.say(LIVE_WORDS.confirmed, { count })));
      return tellPersistence(session, persistence);
    },
  });
}

export function firewallRevertCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "revert",
    about: { en: "take the change that waits back now", ja: "確認待ちの変更を今すぐ元に戻す" },
    options: [STATE_OPTION],
    examples: ["rusuban firewall revert"],
    async run(session, options: StateOption) {
      const reverted = await openFirewallHere(session, options).firewall.revert();
      const words = reverted ? LIVE_WORDS.reverted : LIVE_WORDS.nothingWaits;
      session.result({ reverted }, () => session.print(session.say(words)));
    },
  });
}

export function firewallRemoveCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "remove",
    about: { en: "take every rule of ours away, without a trace", ja: "適用した規則をすべて跡形なく削除" },
    options: [STATE_OPTION, DRY_RUN_OPTION, YES_OPTION],
    examples: ["rusuban firewall remove --dry-run", "rusuban firewall remove --yes"],
    async run(session, options: StateOption & { readonly dryRun?: boolean; readonly yes?: boolean }) {
      const { firewall } = openFirewallHere(session, options);
      const { live } = (await firewall.status()).status;
      const count = entriesOf(live).length;
      if (options.dryRun) {
        const words = () => session.print(session.say(LIVE_WORDS.wouldRemove, { count }));
        return session.result({ dryRun: true, rules: count }, words);
      }
      await confirm(session, options, LIVE_WORDS.removeQuestion, { count });
      const { isAnything, persistence } = await firewall.remove();
      const words = isAnything ? LIVE_WORDS.removed : LIVE_WORDS.nothingThere;
      session.result({ removed: count, persistence }, () => session.print(session.say(words, { count })));
      tellPersistence(session, persistence);
    },
  });
}
