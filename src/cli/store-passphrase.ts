import { readFile } from "node:fs/promises";
import type { Text } from "../ports/flow.ts";
import { reasonOf } from "../runtime/errors.ts";
import { EXIT } from "./output.ts";
import type { Session } from "./session.ts";

// A store's passphrase comes from a file, from the environment or from the person at the terminal; never from a flag,
// which every user of the machine can read. It goes nowhere but to the store.

const WORDS = {
  question: { en: "Passphrase of {store}: ", ja: "{store} のパスフレーズ: " },
  newQuestion: { en: "New passphrase: ", ja: "新しいパスフレーズ: " },
  repeat: { en: "The same again: ", ja: "もう一度入力してください: " },
  differ: { en: "the two passphrases differ: nothing was done", ja: "2 回の入力が一致しません。何も行っていません" },
  isEmpty: { en: "the passphrase is empty", ja: "パスフレーズが空です" },
  unreadable: { en: "{file} cannot be read: {problem}", ja: "{file} を読めません: {problem}" },
  none: { en: "no passphrase, and there is nobody to ask", ja: "パスフレーズがなく、入力を求める端末もありません" },
  give: {
    en: "set {variable}, or give {option} FILE",
    ja: "環境変数 {variable} を設定するか、{option} FILE を指定してください",
  },
} as const satisfies Record<string, Text>;

/** How much of a file is taken for a passphrase. */
const PASSPHRASE_BYTES_MAX = 64 * 1024;

/** The passphrase of a store that is there already. @throws CommandError where there is none to be had. */
export function readPassphrase(
  session: Session,
  { store, passphraseFile }: { store: string; passphraseFile?: string | undefined },
): Promise<string> {
  const place = { variable: "RUSUBAN_PASSPHRASE", option: "--passphrase-file" };
  return given(session, { ...place, file: passphraseFile }, async (ask) => ask(session.say(WORDS.question, { store })));
}

/** A passphrase that is to be from now on: a person types it twice. */
export function readFirstPassphrase(session: Session, passphraseFile: string | undefined): Promise<string> {
  const place = { variable: "RUSUBAN_PASSPHRASE", option: "--passphrase-file", file: passphraseFile };
  return given(session, place, (ask) => askTwice(session, ask));
}

/** A further passphrase of a store. */
export function readAddedPassphrase(session: Session, passphraseFile: string | undefined): Promise<string> {
  const place = { variable: "RUSUBAN_NEW_PASSPHRASE", option: "--new-passphrase-file", file: passphraseFile };
  return given(session, place, (ask) => askTwice(session, ask));
}

type Ask = (question: string) => Promise<string>;

async function given(
  session: Session,
  { file, variable, option }: { file: string | undefined; variable: string; option: string },
  fromPerson: (ask: Ask) => Promise<string>,
): Promise<string> {
  const { env, askSecret } = session.world;
  const fromEnvironment = env[variable];
  let passphrase: string;
  if (file !== undefined) passphrase = await firstLine(session, file);
  else if (fromEnvironment !== undefined) passphrase = fromEnvironment;
  else if (askSecret !== undefined) passphrase = await fromPerson(askSecret);
  else {
    const hint = { hint: WORDS.give, values: { variable, option } };
    throw session.failure("no-passphrase", WORDS.none, { ...hint, exit: EXIT.usage });
  }
  if (passphrase === "") throw session.failure("no-passphrase", WORDS.isEmpty, { exit: EXIT.usage });
  return passphrase;
}

async function askTwice(session: Session, ask: Ask): Promise<string> {
  const first = await ask(session.say(WORDS.newQuestion));
  if (first !== "" && (await ask(session.say(WORDS.repeat))) !== first)
    throw session.failure("passphrases-differ", WORDS.differ, { exit: EXIT.usage });
  return first;
}

async function firstLine(session: Session, file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const values = { file, problem: reasonOf(error) };
    throw session.failure("no-passphrase", WORDS.unreadable, { values, exit: EXIT.usage });
  }
  return (text.slice(0, PASSPHRASE_BYTES_MAX).split("\n")[0] ?? "").replace(/\r$/, "");
}
