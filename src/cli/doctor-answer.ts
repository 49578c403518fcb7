import type { Command } from "commander";
import { AGENT_SETTINGS } from "../agent/settings.ts";
import { systemRandom } from "../runtime/random.ts";
import { defineCommand } from "./define-command.ts";
import { WORDS } from "./doctor-words.ts";
import { prepareProgram } from "./program-settings.ts";
import type { Cli, Session } from "./session.ts";

/** `rusuban doctor answer TOKEN`: on the far host, for the manager's doctor. */
export function answerCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "answer",
    about: WORDS.answerAbout,
    arguments: [["<token>", WORDS.answerToken]],
    examples: ["rusuban doctor answer AAAA…"],
    run: answer,
  });
}

async function answer(session: Session, token: string): Promise<void> {
  const { agentFiles } = await import("../agent/agent-data.ts");
  const { answerDoctorToken } = await import("../agent/agent.ts");
  const { dataDirectory, world } = session;
  const { settings, log } = prepareProgram(AGENT_SETTINGS, {
    name: "agent",
    file: agentFiles(dataDirectory).settings,
    flags: undefined,
    world,
  });
  const text = await answerDoctorToken({
    token,
    dataDirectory,
    settings,
    clock: world.clock,
    random: systemRandom,
    log,
  });
  session.result({ answer: text }, () => session.print(text));
}
