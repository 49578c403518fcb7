import { resolve } from "node:path";
import type { Command } from "commander";
import type { Text } from "../ports/flow.ts";
import { makeFolders } from "../runtime/make-folders.ts";
import { systemRandom } from "../runtime/random.ts";
import { defineCommand } from "./define-command.ts";
import type { Cli, Session } from "./session.ts";
import { createStoreLog, explainStoreError, type StoreOptions } from "./store-opening.ts";
import { readFirstPassphrase } from "./store-passphrase.ts";
import { PASSPHRASE_OPTION, STORE_ARGUMENT } from "./store-words.ts";

const WORDS = {
  about: { en: "make a store in a directory", ja: "ディレクトリにストアを作成" },
  notes: {
    en: "Everything in the store is encrypted. Keep the passphrase in a second place: without it nobody can read the store,\nnot even you. It comes from RUSUBAN_PASSPHRASE, from --passphrase-file, or is asked for at the terminal.",
    ja: "ストアの内容はすべて暗号化されます。パスフレーズは別の場所にも保管してください。失うと、誰もストアを読めません。\nパスフレーズは環境変数 RUSUBAN_PASSPHRASE か --passphrase-file で渡します。なければ端末で入力を求めます。",
  },
  made: { en: "{store}: store {id} was made", ja: "{store}: ストア {id} を作成しました" },
  next: {
    en: "Keep its passphrase safe in another place. `rusuban store backup {store} DIR` makes the first snapshot.",
    ja: "パスフレーズは別の場所にも保管してください。最初のスナップショットは `rusuban store backup {store} DIR` で作成できます。",
  },
} as const satisfies Record<string, Text>;

/** `rusuban store init STORE`. */
export function storeInitCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "init",
    about: WORDS.about,
    arguments: [STORE_ARGUMENT],
    options: [PASSPHRASE_OPTION],
    examples: [
      "rusuban store init /mnt/disk/backups",
      "rusuban store init /mnt/disk/backups --passphrase-file /root/backup-passphrase",
    ],
    notes: WORDS.notes,
    run: init,
  });
}

async function init(session: Session, place: string, { passphraseFile }: StoreOptions): Promise<void> {
  const passphrase = await readFirstPassphrase(session, passphraseFile);
  const [{ createStore }, { openDirectoryMedium }] = await Promise.all([
    import("../store/store.ts"),
    import("../store/directory-medium.ts"),
  ]);
  const { clock } = session.world;
  const path = resolve(place);
  try {
    await makeFolders(path, 0o700);
    const medium = await openDirectoryMedium({ path, random: systemRandom });
    const store = await createStore({ medium, passphrase, clock, random: systemRandom, log: createStoreLog(session) });
    const { id } = store;
    await store.close();
    session.result({ id, path }, () => {
      session.print(session.say(WORDS.made, { store: place, id }));
      session.tell(WORDS.next, { store: place });
    });
  } catch (error) {
    throw explainStoreError(session, place, error);
  }
}
