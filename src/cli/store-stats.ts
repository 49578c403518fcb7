import type { Command } from "commander";
import { formatBytes } from "../model/quantity.ts";
import type { Text } from "../ports/flow.ts";
import { defineCommand } from "./define-command.ts";
import { formatCount } from "./quantities.ts";
import type { Cli, Session } from "./session.ts";
import { type StoreOptions, withStore } from "./store-opening.ts";
import { PASSPHRASE_OPTION, STORE_ARGUMENT, STORE_WORDS } from "./store-words.ts";

const WORDS = {
  about: { en: "how much is in a store", ja: "ストアの使用状況を表示" },
  id: { en: "Id", ja: "ID" },
  snapshots: { en: "Snapshots", ja: "スナップショット" },
  size: { en: "Size of all snapshots, as restored", ja: "全スナップショットの合計(復元時)" },
  packBytes: { en: "Size of the store", ja: "ストアのサイズ" },
  ratio: { en: "Ratio", ja: "圧縮・重複排除率" },
  packs: { en: "Packs", ja: "パック" },
  objects: { en: "Objects", ja: "オブジェクト" },
  memory: { en: "Memory of the index", ja: "索引のメモリ" },
} as const satisfies Record<string, Text>;

/** `rusuban store stats STORE`. */
export function storeStatsCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "stats",
    about: WORDS.about,
    arguments: [STORE_ARGUMENT],
    options: [PASSPHRASE_OPTION],
    examples: ["rusuban store stats /mnt/disk/backups", "rusuban store stats /mnt/disk/backups --json"],
    run: stats,
  });
}

function stats(session: Session, place: string, options: StoreOptions): Promise<undefined> {
  return withStore(session, place, { ...options, interrupted: STORE_WORDS.interruptedReading }, async ({ store }) => {
    const { snapshots, packs, objects, packBytes, indexMemoryBytes } = store.stats();
    const bytes = store.listSnapshots().reduce((sum, snapshot) => sum + snapshot.stats.bytes, 0);
    const result = { id: store.id, snapshots, bytes, packBytes, packs, objects, indexMemoryBytes };
    session.result(result, () =>
      session.facts([
        [WORDS.snapshots, formatCount(snapshots)],
        [WORDS.size, formatBytes(bytes)],
        [WORDS.packBytes, formatBytes(packBytes)],
        [WORDS.ratio, packBytes === 0 ? "-" : (bytes / packBytes).toFixed(2)],
        [WORDS.packs, formatCount(packs)],
        [WORDS.objects, formatCount(objects)],
        [WORDS.memory, formatBytes(indexMemoryBytes)],
        [WORDS.id, store.id],
      ]),
    );
    return undefined;
  });
}
