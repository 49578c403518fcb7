import type { Command } from "commander";
import { formatBytes } from "../model/quantity.ts";
import type { Text } from "../ports/flow.ts";
import type { Snapshot } from "../store/snapshot.ts";
import { defineCommand } from "./define-command.ts";
import { formatCount } from "./quantities.ts";
import type { Cli, Session } from "./session.ts";
import { shortIds } from "./short-ids.ts";
import { pathText } from "./store-bytes.ts";
import { filterSnapshots, type SnapshotFilter, snapshotJson } from "./store-choice.ts";
import { type StoreOptions, withStore } from "./store-opening.ts";
import { FILTER_OPTIONS, PASSPHRASE_OPTION, STORE_ARGUMENT, STORE_WORDS } from "./store-words.ts";
import { LABELS } from "./words.ts";

const WORDS = {
  about: { en: "list snapshots, oldest first", ja: "スナップショットを古い順に一覧表示" },
  tags: { en: "TAGS", ja: "タグ" },
  held: { en: "(held)", ja: "(保護)" },
  none: {
    en: "No snapshots. `rusuban store backup {store} DIR` makes one.",
    ja: "スナップショットがありません。`rusuban store backup {store} DIR` で作成できます。",
  },
} as const satisfies Record<string, Text>;

/** `rusuban store snapshots STORE`. */
export function storeSnapshotsCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "snapshots",
    about: WORDS.about,
    arguments: [STORE_ARGUMENT],
    options: [...FILTER_OPTIONS, PASSPHRASE_OPTION],
    examples: [
      "rusuban store snapshots /mnt/disk/backups",
      "rusuban store snapshots /mnt/disk/backups --host web1 --tag daily --json",
    ],
    run: list,
  });
}

function list(session: Session, place: string, options: StoreOptions & SnapshotFilter): Promise<undefined> {
  return withStore(session, place, { ...options, interrupted: STORE_WORDS.interruptedReading }, async ({ store }) => {
    const snapshots = filterSnapshots(store.listSnapshots(), options);
    const holds = new Map(store.listHolds().map(({ snapshot, reason }) => [snapshot, reason]));
    const json = snapshots.map((each) => ({ ...snapshotJson(each), hold: holds.get(each.id) ?? null }));
    session.result({ snapshots: json }, () => {
      if (snapshots.length === 0) session.tell(WORDS.none, { store: place });
      else tabulateSnapshots(session, snapshots, holds);
    });
    return undefined;
  });
}

function tabulateSnapshots(session: Session, snapshots: readonly Snapshot[], holds: ReadonlyMap<string, string>): void {
  const marksOf = ({ id, tags }: Snapshot) => [...tags, ...(holds.has(id) ? [session.say(WORDS.held)] : [])];
  const ids = shortIds(snapshots.map(({ id }) => id));
  session.table(
    [
      LABELS.id,
      LABELS.host,
      LABELS.when,
      LABELS.files,
      LABELS.size,
      LABELS.added,
      LABELS.problems,
      WORDS.tags,
      LABELS.paths,
    ],
    snapshots.map((snapshot, index) => {
      const { id, hostName, finishedAtMs, stats, paths } = snapshot;
      return [
        ids[index] ?? id,
        hostName,
        session.moment(finishedAtMs),
        formatCount(stats.files),
        formatBytes(stats.bytes),
        formatBytes(stats.storedBytes),
        stats.problems === 0 ? "0" : { text: formatCount(stats.problems), style: "yellow" },
        marksOf(snapshot).join(" ") || "-",
        paths.map(pathText).join(" "),
      ];
    }),
  );
}
