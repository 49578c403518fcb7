import type { Command } from "commander";
import type { Text } from "../ports/flow.ts";
import { defineGroup } from "./define-command.ts";
import type { Cli } from "./session.ts";
import { storeBackupCommand } from "./store-backup.ts";
import { storeCheckCommand } from "./store-check.ts";
import { storeForgetCommand } from "./store-forget.ts";
import { storeGcCommand } from "./store-gc.ts";
import { storeHoldCommand, storeUnholdCommand } from "./store-hold.ts";
import { storeInitCommand } from "./store-init.ts";
import { storeKeyCommand } from "./store-key.ts";
import { storeLsCommand } from "./store-ls.ts";
import { storeRestoreCommand } from "./store-restore.ts";
import { storeSnapshotsCommand } from "./store-snapshots.ts";
import { storeStatsCommand } from "./store-stats.ts";

const ABOUT: Text = {
  en: "a store by itself, no manager needed: back up, restore, keep in order",
  ja: "マネージャなしで使うストア(バックアップ・復元・保守)",
};

/** `rusuban store …`. What opens a store is loaded only when a command runs. */
export function storeCommand(cli: Cli): Command {
  return defineGroup(cli, "store", ABOUT, [
    storeInitCommand(cli),
    storeBackupCommand(cli),
    storeRestoreCommand(cli),
    storeSnapshotsCommand(cli),
    storeLsCommand(cli),
    storeForgetCommand(cli),
    storeHoldCommand(cli),
    storeUnholdCommand(cli),
    storeGcCommand(cli),
    storeCheckCommand(cli),
    storeStatsCommand(cli),
    storeKeyCommand(cli),
  ]);
}
