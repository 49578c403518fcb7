import { readFile } from "node:fs/promises";
import type { Text } from "../ports/flow.ts";
import { reasonOf } from "../runtime/errors.ts";
import { EXIT } from "./output.ts";
import type { Session } from "./session.ts";

// A secret comes from a file, from the environment or from the person at the terminal; never from a flag, which every user
// of the machine can read.

const WORDS = {
  unreadable: { en: "{file} cannot be read: {problem}", ja: "{file} を読めません: {problem}" },
  give: {
    en: "set {variable}, or give {option} FILE",
    ja: "環境変数 {variable} を設定するか、{option} FILE を指定してください",
  },
} as const satisfies Record<string, Text>;

/** How much of a file is taken for a secret. */
const SECRET_BYTES_MAX = 64 * 1024;

export type Ask = (question: string) => Promise<string>;

export interface SecretPlace {
  readonly file: string | undefined;
  /** Of the environment. */
  readonly variable: string;
  /** The flag that names the file. */
  readonly option: string;
  /** The error's code. */
  readonly code: string;
  /** There is none, and nobody to ask. */
  readonly none: Text;
  readonly isEmpty: Text;
}

/** @throws CommandError where there is none to be had. */
export async function readSecret(
  session: Session,
  { file, variable, option, code, none, isEmpty }: SecretPlace,
  fromPerson: (ask: Ask) => Promise<string>,
): Promise<string> {
  const { env, askSecret } = session.world;
  const fromEnvironment = env[variable];
  let secret: string;
  if (file !== undefined) secret = await firstLine(session, file);
  else if (fromEnvironment !== undefined) secret = fromEnvironment;
  else if (askSecret !== undefined) secret = await fromPerson(askSecret);
  else throw session.failure(code, none, { hint: WORDS.give, values: { variable, option }, exit: EXIT.usage });
  if (secret === "") throw session.failure(code, isEmpty, { exit: EXIT.usage });
  return secret;
}

async function firstLine(session: Session, file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const values = { file, problem: reasonOf(error) };
    throw session.failure("no-passphrase", WORDS.unreadable, { values, exit: EXIT.usage });
  }
  return (text.slice(0, SECRET_BYTES_MAX).split("\n")[0] ?? "").replace(/\r$/, "");
}
