import type { Command } from "commander";
import { CAUSES } from "../doctor/causes/causes.ts";
import { explain } from "../doctor/explain.ts";
import { flowName } from "../ports/port-map.ts";
import { defineCommand } from "./define-command.ts";
import { WORDS } from "./doctor-words.ts";
import { EXIT } from "./output.ts";
import type { Cli, Session } from "./session.ts";

/** `rusuban doctor explain CODE|LINE`. */
export function explainCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "explain",
    about: WORDS.explain,
    arguments: [["<line...>", WORDS.explainLine]],
    examples: [
      "rusuban doctor explain 0xE0000F25",
      'rusuban doctor explain "backup-control to 10.0.2.20:10000: refused: nothing listens there"',
    ],
    run: async (session, words: readonly string[]) => show(session, words.join(" ")),
  });
}

function show(session: Session, line: string): void {
  const found = explain(line);
  if (found.length === 0) {
    throw session.failure("not-understood", WORDS.nothingUnderstood, { hint: WORDS.examineHost, exit: EXIT.failed });
  }
  const { language } = session;
  const data = found.map(({ flows, ...rest }) => ({ ...rest, flows: flows.map(flowName) }));
  session.result({ explanations: data }, () => {
    for (const { about, meaning, flows, rows, causes } of data) {
      session.print(
        session.say({ en: "{about}: {meaning}", ja: "{about}: {meaning}" }, { about, meaning: meaning[language] }),
      );
      if (flows.length > 0) session.print(session.say(WORDS.check, { flows: flows.join(", ") }));
      if (rows.length > 0) session.print(session.say(WORDS.rows, { rows: rows.join(", ") }));
      if (causes.length === 0) continue;
      const titles = causes.map((cause) => CAUSES[cause].title[language]).join("; ");
      session.print(session.say(WORDS.may, { causes: titles }));
    }
    session.print(session.say(WORDS.test, { command: "rusuban doctor HOST" }));
  });
}
