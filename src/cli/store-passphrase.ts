import type { Text } from "../ports/flow.ts";
import { EXIT } from "./output.ts";
import { type Ask, readSecret } from "./secret-input.ts";
import type { Session } from "./session.ts";

// A store's passphrase comes from a file, from the environment or from the person at the terminal; never from a flag,
// which every user of the machine can read. It goes nowhere but to the store.

const WORDS = {
  question: { en: "Passphrase of {store}: ", ja: "{store} のパスフレーズ: " },
  newQuestion: { en: "New passphrase: ", ja: "新しいパスフレーズ: " },
  repeat: { en: "The same again: ", ja: "もう一度入力してください: " },
  differ: { en: "the two passphrases differ: nothing was done", ja: "2 回の入力が一致しません。何も行っていません" },
  isEmpty: { en: "the passphrase is empty", ja: "パスフレーズが空です" },
  none: { en: "no passphrase, and there is nobody to ask", ja: "パスフレーズがなく、入力を求める端末もありません" },
} as const satisfies Record<string, Text>;

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

function given(
  session: Session,
  place: { readonly file: string | undefined; readonly variable: string; readonly option: string },
  fromPerson: (ask: Ask) => Promise<string>,
): Promise<string> {
  const { none, isEmpty } = WORDS;
  return readSecret(session, { ...place, code: "no-passphrase", none, isEmpty }, fromPerson);
}

async function askTwice(session: Session, ask: Ask): Promise<string> {
  const first = await ask(session.say(WORDS.newQuestion));
  if (first !== "" && (await ask(session.say(WORDS.repeat))) !== first)
    throw session.failure("passphrases-differ", WORDS.differ, { exit: EXIT.usage });
  return first;
}
