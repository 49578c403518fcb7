import type { Command } from "commander";
import { formatBytes } from "../model/quantity.ts";
import type { Text } from "../ports/flow.ts";
import type { CollectionReport } from "../store/garbage.ts";
import { DRY_RUN_OPTION } from "./confirm.ts";
import { defineCommand } from "./define-command.ts";
import { formatCount } from "./quantities.ts";
import type { Cli, Session } from "./session.ts";
import { type StoreOptions, withStore } from "./store-opening.ts";
import { PASSPHRASE_OPTION, STORE_ARGUMENT } from "./store-words.ts";

const WORDS = {
  about: { en: "give back the space of forgotten snapshots", ja: "削除済みスナップショットの領域を回収" },
  freed: {
    en: "freed {freed}: {deleted} packs deleted, {rewritten} rewritten; {left} of garbage stay in packs not worth rewriting",
    ja: "{freed} を回収しました: 削除 {deleted} パック、書き直し {rewritten} パック。書き直すほどでない不要分 {left} は残ります",
  },
  wouldFree: {
    en: "would free {freed}: {deleted} packs deleted, {rewritten} rewritten; {left} of garbage would stay",
    ja: "{freed} を回収できます: 削除 {deleted} パック、書き直し {rewritten} パック。不要分 {left} は残ります",
  },
  interrupted: {
    en: "stopped; the store is good, and the next collection goes on",
    ja: "中止しました。ストアは正常です。次回の回収で続きが行われます。",
  },
} as const satisfies Record<string, Text>;

interface Options extends StoreOptions {
  readonly dryRun?: boolean;
}

/** `rusuban store gc STORE`. */
export function storeGcCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "gc",
    about: WORDS.about,
    arguments: [STORE_ARGUMENT],
    options: [DRY_RUN_OPTION, PASSPHRASE_OPTION],
    examples: ["rusuban store gc /mnt/disk/backups --dry-run", "rusuban store gc /mnt/disk/backups"],
    run: collect,
  });
}

function collect(session: Session, place: string, options: Options): Promise<undefined> {
  const { dryRun = false } = options;
  return withStore(session, place, { ...options, interrupted: WORDS.interrupted }, async ({ store, signal }) => {
    const report = await store.collectGarbage({ dryRun, signal });
    session.result({ dryRun, ...report }, () => tellCollected(session, report, { dryRun }));
    return undefined;
  });
}

/** One line of data on what a collection gave back. */
export function tellCollected(session: Session, report: CollectionReport, { dryRun }: { dryRun: boolean }): void {
  const packs = { deleted: formatCount(report.packsDeleted), rewritten: formatCount(report.packsRewritten) };
  const sizes = { freed: formatBytes(report.bytesFreed), left: formatBytes(report.bytesLeft) };
  session.print(session.say(dryRun ? WORDS.wouldFree : WORDS.freed, { ...packs, ...sizes }));
}
