import type { Command } from "commander";
import type { DoctorEntry, DoctorReport } from "../api/doctor-routes.ts";
import { isLoopback } from "../doctor/address-text.ts";
import { defineCommand } from "./define-command.ts";
import { answerCommand } from "./doctor-answer.ts";
import { explainCommand } from "./doctor-explain.ts";
import { examineIdle, idleSecondsOf } from "./doctor-idle.ts";
import { checkThisComputer } from "./doctor-self.ts";
import { causesText, exitOf, STATE_STYLES, wordOf } from "./doctor-verdict.ts";
import { DIRECTION_WORDS, STATE_WORDS, WHERE_WORDS, WORDS } from "./doctor-words.ts";
import type { ExitCode } from "./output.ts";
import { findHost } from "./references.ts";
import type { Cli, Session } from "./session.ts";

interface Options {
  readonly answer?: string;
  /** Without its argument: true. */
  readonly idle?: string | true;
}

/** `rusuban doctor [HOST]`, `doctor explain`, `doctor answer`. */
export function doctorCommand(cli: Cli): Command {
  const command = defineCommand(cli, {
    name: "doctor",
    about: WORDS.about,
    arguments: [["[host]", WORDS.host]],
    options: [
      { flags: "--answer <text>", about: WORDS.answer },
      { flags: "--idle [seconds]", about: WORDS.idleOption },
    ],
    examples: [
      "rusuban doctor web1",
      "rusuban doctor web1 --json",
      "rusuban doctor web1 --idle 60",
      "rusuban doctor",
      "rusuban doctor explain 0xE0000F02",
    ],
    run: (session, host: string | undefined, options: Options) =>
      host === undefined ? checkThisComputer(session) : examineHost(session, host, options),
  });
  command.addCommand(explainCommand(cli));
  command.addCommand(answerCommand(cli));
  return command;
}

async function examineHost(session: Session, reference: string, { answer, idle }: Options): Promise<ExitCode> {
  const idleSeconds = idle === undefined ? undefined : idleSecondsOf(session, idle);
  const api = await session.api();
  const { id, name } = await findHost(session, api, reference);
  if (idleSeconds !== undefined) {
    session.tell(WORDS.testingIdle, { host: name, seconds: idleSeconds, long: 4 * idleSeconds });
    const idled = await examineIdle(session, api, { host: id, seconds: idleSeconds });
    session.result(idled, () => show(session, idled));
    if (idled.entries.every((entry) => entry.idle === null)) session.tell(WORDS.idleUntried);
    return exitOf(idled.entries);
  }
  session.tell(WORDS.testing, { host: name });
  const body = answer === undefined ? {} : { answer: answer === "-" ? await readInput(session) : answer };
  const report = await api.doctorExamine({ params: { host: id }, body });
  session.result(report, () => show(session, report));
  return exitOf(report.entries);
}

async function readInput({ world }: Session): Promise<string> {
  if (world.readInput === undefined) return "";
  return (await world.readInput()).trim();
}

function show(session: Session, report: DoctorReport): void {
  const { host, entries, via, paste } = report;
  session.table(
    [WORDS.flow, WORDS.family, WORDS.direction, WORDS.ports, WORDS.state, WORDS.cause, WORDS.where],
    entries.map((entry) => [
      entry.flow,
      entry.family === "ipv4" ? "IPv4" : "IPv6",
      wordOf(session, DIRECTION_WORDS, entry.direction),
      entry.ports === "" ? "" : `${entry.ports}/${entry.transport}`,
      { text: wordOf(session, STATE_WORDS, entry.state), style: STATE_STYLES[entry.state] ?? "dim" },
      // The names of docs/doctor.md: titles stand below, where there is room.
      entry.causes.join(session.say(entry.proven ? WORDS.and : WORDS.or)),
      entry.where.map((where) => wordOf(session, WHERE_WORDS, where)).join(session.say(WORDS.or)),
    ]),
  );
  for (const entry of entries.filter(({ state }) => state !== "open")) showEntry(session, entry);
  for (const { idle, family, state } of entries) {
    if (idle === null || state !== "open") continue;
    session.tell(WORDS.idleLives, { family: family === "ipv4" ? "IPv4" : "IPv6", long: 4 * idle.seconds });
  }
  const seconds = (report.tookMs / 1_000).toFixed(1);
  session.print("");
  if (entries.length > 0 && entries.every(({ to }) => isLoopback(to))) session.tell(WORDS.oneComputer);
  if (via === null) session.tell(WORDS.oneEnd, { host, seconds });
  else session.tell(WORDS.bothEnds, { host, seconds, via });
  if (paste === null) return;
  session.tell(WORDS.paste, { host });
  session.printText(`rusuban doctor answer ${paste}`);
}

function showEntry(session: Session, entry: DoctorEntry): void {
  const { language } = session;
  session.print("");
  const ports = entry.failedPorts === "" ? entry.ports : entry.failedPorts;
  const place = ports === "" ? entry.to : `${entry.to} ${ports}/${entry.transport}`;
  session.printText(`${entry.flow} ${entry.from || "?"} → ${place}`);
  if (entry.causes.length > 0) {
    session.print(session.say(WORDS.what, { line: causesText(session, entry.causes, entry.proven) }));
  }
  for (const line of entry.evidence) session.print(session.say(WORDS.known, { line: line[language] }));
  if (entry.nextTest !== null) session.print(session.say(WORDS.decides, { line: entry.nextTest[language] }));
  for (const { where, firewall, command } of entry.commands) {
    const values = { where: wordOf(session, WHERE_WORDS, where), firewall: firewall === "" ? "" : `, ${firewall}` };
    session.print(session.say(WORDS.mends, { ...values, line: command[language] }));
  }
}
