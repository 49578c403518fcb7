import type { Command } from "commander";
import type { Text } from "../ports/flow.ts";
import { defineCommand } from "./define-command.ts";
import type { Cli, Session } from "./session.ts";
import { chooseSnapshot, type SnapshotFilter } from "./store-choice.ts";
import { type StoreOptions, withStore } from "./store-opening.ts";
import { PASSPHRASE_OPTION, STORE_ARGUMENT, STORE_WORDS } from "./store-words.ts";

const WORDS = {
  hold: {
    en: "keep snapshots from being forgotten until unhold",
    ja: "スナップショットを保護し、削除されないようにする",
  },
  unhold: { en: "take the hold of snapshots back", ja: "スナップショットの保護を解除" },
  reason: { en: "why, for people", ja: "保護の理由" },
  held: { en: "snapshot {id}: on hold", ja: "スナップショット {id}: 保護しました" },
  released: { en: "snapshot {id}: no longer on hold", ja: "スナップショット {id}: 保護を解除しました" },
} as const satisfies Record<string, Text>;

const SNAPSHOTS = ["<snapshot...>", STORE_WORDS.snapshot] as const;

interface Options extends StoreOptions, SnapshotFilter {
  readonly reason?: string;
}

/** `rusuban store hold STORE SNAPSHOT…`. */
export function storeHoldCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "hold",
    about: WORDS.hold,
    arguments: [STORE_ARGUMENT, SNAPSHOTS],
    options: [{ flags: "--reason <text>", about: WORDS.reason }, PASSPHRASE_OPTION],
    examples: [
      "rusuban store hold /mnt/disk/backups 0193a1b2 --reason 'audit 2026'",
      "rusuban store hold /mnt/disk/backups latest",
    ],
    run: (session, place: string, refs: string[], options: Options) =>
      eachSnapshot(session, place, refs, options, { isHeld: true }),
  });
}

/** `rusuban store unhold STORE SNAPSHOT…`. */
export function storeUnholdCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "unhold",
    about: WORDS.unhold,
    arguments: [STORE_ARGUMENT, SNAPSHOTS],
    options: [PASSPHRASE_OPTION],
    examples: ["rusuban store unhold /mnt/disk/backups 0193a1b2"],
    run: (session, place: string, refs: string[], options: Options) =>
      eachSnapshot(session, place, refs, options, { isHeld: false }),
  });
}

function eachSnapshot(
  session: Session,
  place: string,
  refs: readonly string[],
  options: Options,
  { isHeld }: { isHeld: boolean },
): Promise<undefined> {
  return withStore(
    session,
    place,
    { ...options, interrupted: STORE_WORDS.interruptedForgetting },
    async ({ store }) => {
      const snapshots = store.listSnapshots();
      const ids = refs.map((ref) => chooseSnapshot(session, snapshots, { ref, store: place }).id);
      for (const id of ids) await (isHeld ? store.holdSnapshot(id, options.reason ?? "") : store.releaseHold(id));
      session.result({ snapshots: ids, held: isHeld }, () => {
        for (const id of ids) session.print(session.say(isHeld ? WORDS.held : WORDS.released, { id }));
      });
      return undefined;
    },
  );
}
