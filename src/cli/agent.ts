import type { Command } from "commander";
import { AGENT_SETTINGS } from "../agent/settings.ts";
import type { Text } from "../ports/flow.ts";
import { SettingsError } from "../runtime/errors.ts";
import { systemRandom } from "../runtime/random.ts";
import { runUntilStopped } from "../runtime/supervised.ts";
import { agentAccountCommand } from "./agent-account.ts";
import { defineCommand, defineGroup } from "./define-command.ts";
import { EXIT, type ExitCode } from "./output.ts";
import { prepareProgram, SET_OPTION } from "./program-settings.ts";
import type { Cli, Session } from "./session.ts";
import { LABELS } from "./words.ts";

const WORDS = {
  group: { en: "the agent of this computer", ja: "このコンピュータのエージェント" },
  run: { en: "run the agent until it is stopped", ja: "エージェントを実行" },
  enroll: {
    en: "become a host of a manager, with a token of `rusuban host token`",
    ja: "`rusuban host token` のトークンでマネージャに登録",
  },
  token: {
    en: "the token; RUSUBAN_TOKEN where it is left out, so that it need not stand in the command line",
    ja: "トークン。省略時は環境変数 RUSUBAN_TOKEN から読み取ります(コマンド行に残りません)",
  },
  manager: {
    en: "name or address of the manager instead of those in the token (repeatable)",
    ja: "トークン内の値の代わりに使うマネージャの名前またはアドレス(複数指定可)",
  },
  status: {
    en: "tell whether this computer is enrolled, with whom, and until when its certificate lasts",
    ja: "登録状況(マネージャ、証明書の有効期限)を表示",
  },
  enrolled: {
    en: "This computer is now {name} at the manager {manager}.",
    ja: "このコンピュータはマネージャ {manager} に {name} として登録されました。",
  },
  runIt: { en: "`rusuban agent run` starts its agent.", ja: "`rusuban agent run` でエージェントを起動してください。" },
  notEnrolled: { en: "This computer is not enrolled.", ja: "このコンピュータは登録されていません。" },
  howToEnroll: {
    en: "Make a token on the manager with `rusuban host token`, then `rusuban agent enroll TOKEN` here.",
    ja: "マネージャで `rusuban host token` を実行し、ここで `rusuban agent enroll TOKEN` を実行してください。",
  },
  expires: { en: "Certificate until", ja: "証明書の有効期限" },
  addresses: { en: "Manager at", ja: "マネージャの所在" },
  managerId: { en: "Manager", ja: "マネージャ" },
} as const satisfies Record<string, Text>;

type Options = { set?: readonly string[]; manager?: readonly string[] };

export function agentCommand(cli: Cli): Command {
  return defineGroup(cli, "agent", WORDS.group, [
    defineCommand(cli, {
      name: "run",
      about: WORDS.run,
      options: [SET_OPTION],
      examples: ["rusuban agent run", "rusuban agent run --set watch.services=sshd,postgresql"],
      run,
    }),
    defineCommand(cli, {
      name: "enroll",
      about: WORDS.enroll,
      arguments: [["[token]", WORDS.token]],
      options: [{ flags: "--manager <address>", about: WORDS.manager, isRepeatable: true }, SET_OPTION],
      examples: [
        "rusuban agent enroll rusuban1_…",
        "RUSUBAN_TOKEN=rusuban1_… rusuban agent enroll --manager 192.0.2.10",
      ],
      run: enroll,
    }),
    agentAccountCommand(cli),
    defineCommand(cli, { name: "status", about: WORDS.status, examples: ["rusuban agent status"], run: status }),
  ]);
}

async function prepare(session: Session, { set }: Options) {
  const { agentFiles } = await import("../agent/agent-data.ts");
  const files = agentFiles(session.dataDirectory);
  const { settings, log } = prepareProgram(AGENT_SETTINGS, {
    name: "agent",
    file: files.settings,
    flags: set,
    world: session.world,
  });
  const { dataDirectory, world } = session;
  return { files, log, needs: { dataDirectory, settings, clock: world.clock, random: systemRandom, log } };
}

async function run(session: Session, options: Options): Promise<ExitCode> {
  const { log, needs } = await prepare(session, options);
  const { createAgent } = await import("../agent/agent.ts");
  return (await runUntilStopped(createAgent(needs), log)) === 0 ? EXIT.done : EXIT.failed;
}

async function enroll(session: Session, argument: string | undefined, options: Options): Promise<void> {
  const token = argument ?? session.world.env.RUSUBAN_TOKEN;
  if (token === undefined)
    throw new SettingsError("token", "none was given: `rusuban host token` on the manager makes one");
  const { needs } = await prepare(session, options);
  const { enrollAgent } = await import("../agent/agent.ts");
  const addresses = options.manager === undefined ? {} : { addresses: options.manager };
  const { hostId, name, manager } = await enrollAgent({ ...needs, token, ...addresses });
  session.result({ hostId, name, managerId: manager.managerId }, () => {
    session.print(session.say(WORDS.enrolled, { name, manager: manager.managerId }));
    session.tell(WORDS.runIt);
  });
}

async function status(session: Session): Promise<ExitCode> {
  const { readEnrolment } = await import("../agent/agent-data.ts");
  const enrolment = await readEnrolment(session.dataDirectory);
  if (enrolment === undefined) {
    session.result({ enrolled: false }, () => {
      session.print(session.say(WORDS.notEnrolled));
      session.tell(WORDS.howToEnroll);
    });
    return EXIT.failed;
  }
  const { hostId, identity, manager } = enrolment;
  const facts = { managerId: manager.managerId, addresses: manager.addresses };
  session.result({ enrolled: true, hostId, certificateExpiresAtMs: identity.expiresAt, ...facts }, () => {
    session.facts([
      [LABELS.id, hostId],
      [WORDS.managerId, facts.managerId],
      [WORDS.addresses, facts.addresses.join(", ")],
      [WORDS.expires, session.moment(identity.expiresAt)],
    ]);
  });
  return EXIT.done;
}
