import type { Command } from "commander";
import type { Text } from "../ports/flow.ts";
import { confirm, DRY_RUN_OPTION, YES_OPTION } from "./confirm.ts";
import { defineCommand, defineGroup } from "./define-command.ts";
import { EXIT } from "./output.ts";
import type { Cli, Session } from "./session.ts";
import { type OpenedStore, type StoreOptions, withStore } from "./store-opening.ts";
import { readAddedPassphrase } from "./store-passphrase.ts";
import { PASSPHRASE_OPTION, STORE_ARGUMENT, STORE_WORDS } from "./store-words.ts";
import { LABELS } from "./words.ts";

const WORDS = {
  group: { en: "the passphrases that open a store", ja: "ストアを開くパスフレーズ" },
  add: { en: "let another passphrase open the store, too", ja: "ストアを開けるパスフレーズを追加" },
  list: { en: "list the store's keys, one for each passphrase", ja: "キー(パスフレーズごとに 1 つ)を一覧表示" },
  remove: { en: "make a passphrase useless", ja: "パスフレーズを無効にする" },
  key: { en: "key: its name or a unique beginning of it", ja: "キーの名前、または一意な先頭部分" },
  newFile: { en: "file whose first line is the new passphrase", ja: "1 行目に新しいパスフレーズを書いたファイル" },
  notes: {
    en: "The new passphrase comes from RUSUBAN_NEW_PASSPHRASE, from --new-passphrase-file, or is asked for. To change a\npassphrase, add the new one, then remove the old one's key. No data is written anew.",
    ja: "新しいパスフレーズは環境変数 RUSUBAN_NEW_PASSPHRASE か --new-passphrase-file で渡します。なければ入力を求めます。\n変更するには、新しいものを追加してから古いキーを削除してください。データは書き直しません。",
  },
  removeNotes: {
    en: "The key that opens the store now stays: open it with another passphrase to remove this one.",
    ja: "現在ストアを開いているキーは削除できません。別のパスフレーズで開いてください。",
  },
  added: { en: "key {key} was added", ja: "キー {key} を追加しました" },
  removed: { en: "key {key} was removed: its passphrase opens the store no longer", ja: "キー {key} を削除しました" },
  wouldRemove: { en: "key {key} would be removed", ja: "キー {key} を削除します" },
  question: { en: "Remove key {key}?", ja: "キー {key} を削除しますか?" },
  inUse: { en: "{key} opens the store at this moment", ja: "{key} は現在ストアを開いているキーです" },
  useAnother: {
    en: "open the store with another passphrase; `rusuban store key add {store}` adds one",
    ja: "別のパスフレーズで開いてください。追加は `rusuban store key add {store}`",
  },
  none: { en: "{ref}: no key has this name", ja: "{ref}: この名前のキーはありません" },
  many: { en: "{ref}: several keys begin so", ja: "{ref}: 該当するキーが複数あります" },
  listThem: { en: "`rusuban store key list {store}` lists them", ja: "一覧は `rusuban store key list {store}`" },
  openedWith: { en: "opened with this", ja: "使用中" },
} as const satisfies Record<string, Text>;

/** `rusuban store key add|list|remove STORE`. */
export function storeKeyCommand(cli: Cli): Command {
  return defineGroup(cli, "key", WORDS.group, [
    defineCommand(cli, {
      name: "add",
      about: WORDS.add,
      arguments: [STORE_ARGUMENT],
      options: [{ flags: "--new-passphrase-file <file>", about: WORDS.newFile }, PASSPHRASE_OPTION],
      examples: [
        "rusuban store key add /mnt/disk/backups",
        "rusuban store key add /mnt/disk/backups --new-passphrase-file /root/second-passphrase",
      ],
      notes: WORDS.notes,
      run: add,
    }),
    defineCommand(cli, {
      name: "list",
      about: WORDS.list,
      arguments: [STORE_ARGUMENT],
      options: [PASSPHRASE_OPTION],
      examples: ["rusuban store key list /mnt/disk/backups"],
      run: list,
    }),
    defineCommand(cli, {
      name: "remove",
      about: WORDS.remove,
      arguments: [STORE_ARGUMENT, ["<key>", WORDS.key]],
      options: [DRY_RUN_OPTION, YES_OPTION, PASSPHRASE_OPTION],
      examples: ["rusuban store key remove /mnt/disk/backups 3f9a --yes"],
      notes: WORDS.removeNotes,
      run: remove,
    }),
  ]);
}

const KEY_FOLDER = "keys/";
const nameOf = (file: string) => file.slice(KEY_FOLDER.length);

function add(session: Session, place: string, options: StoreOptions & { newPassphraseFile?: string }) {
  return withStore(session, place, { ...options, interrupted: STORE_WORDS.interruptedReading }, async ({ store }) => {
    const key = nameOf(await store.addPassphrase(await readAddedPassphrase(session, options.newPassphraseFile)));
    session.result({ key }, () => session.print(session.say(WORDS.added, { key })));
    return undefined;
  });
}

function list(session: Session, place: string, options: StoreOptions) {
  return withStore(session, place, { ...options, interrupted: STORE_WORDS.interruptedReading }, async (opened) => {
    const keys = (await listKeys(opened)).map((key) => ({ key, inUse: key === nameOf(opened.store.keyFile) }));
    session.result({ keys }, () =>
      session.table(
        [LABELS.id, LABELS.state],
        keys.map(({ key, inUse }) => [key, inUse ? session.say(WORDS.openedWith) : ""]),
      ),
    );
    return undefined;
  });
}

type RemoveOptions = StoreOptions & { readonly dryRun?: boolean; readonly yes?: boolean };

function remove(session: Session, place: string, ref: string, options: RemoveOptions) {
  return withStore(session, place, { ...options, interrupted: STORE_WORDS.interruptedReading }, async (opened) => {
    const matches = (await listKeys(opened)).filter((key) => ref !== "" && key.startsWith(ref.toLowerCase()));
    const [key] = matches;
    if (key === undefined || matches.length > 1) {
      const text = key === undefined ? WORDS.none : WORDS.many;
      const values = { ref, store: place };
      throw session.failure(key === undefined ? "not-found" : "ambiguous", text, { hint: WORDS.listThem, values });
    }
    if (key === nameOf(opened.store.keyFile)) {
      const values = { key, store: place };
      throw session.failure("key-in-use", WORDS.inUse, { hint: WORDS.useAnother, values, exit: EXIT.usage });
    }
    const { dryRun = false } = options;
    if (!dryRun) {
      await confirm(session, options, WORDS.question, { key });
      await opened.store.removeKeyFile(KEY_FOLDER + key);
    }
    session.result({ key, removed: !dryRun }, () =>
      session.print(session.say(dryRun ? WORDS.wouldRemove : WORDS.removed, { key })),
    );
    return undefined;
  });
}

async function listKeys({ medium }: OpenedStore): Promise<string[]> {
  const { listTwins } = await import("../store/twin-files.ts");
  return (await listTwins(medium, KEY_FOLDER)).map(nameOf).sort();
}
