import type { Text } from "../ports/flow.ts";
import type { OptionShape } from "./define-command.ts";
import { EXIT } from "./output.ts";
import type { Session } from "./session.ts";
import type { Values } from "./words.ts";

const WORDS = {
  dryRun: { en: "only say what would be done", ja: "実行せず、何が行われるかだけを表示" },
  yes: { en: "do it without asking", ja: "確認せずに実行" },
  unasked: {
    en: "this cannot be undone, and there is nobody to ask",
    ja: "取り消せない操作ですが、確認を求める端末がありません",
  },
  sayYes: { en: "look with --dry-run, then add --yes", ja: "--dry-run で内容を確認してから --yes を付けてください" },
  declined: { en: "not confirmed: nothing was changed", ja: "確認されなかったため、何も変更していません" },
  typeYes: { en: "{question} Type yes to go on: ", ja: "{question} 実行するには yes と入力してください: " },
} as const satisfies Record<string, Text>;

export const DRY_RUN_OPTION: OptionShape = { flags: "--dry-run", about: WORDS.dryRun };
export const YES_OPTION: OptionShape = { flags: "--yes", about: WORDS.yes };

/** Returns when the person agreed, by `--yes` or by typing it. @throws CommandError where they did not or cannot be asked. */
export async function confirm(
  session: Session,
  { yes = false }: { yes?: boolean },
  question: Text,
  values: Values,
): Promise<void> {
  if (yes) return;
  const { ask } = session.world;
  if (ask === undefined)
    throw session.failure("not-confirmed", WORDS.unasked, { hint: WORDS.sayYes, exit: EXIT.usage });
  const answer = await ask(session.say(WORDS.typeYes, { question: session.say(question, values) }));
  if (!/^(yes|はい)$/i.test(answer.trim())) throw session.failure("not-confirmed", WORDS.declined);
}
