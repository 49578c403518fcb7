import { access, readFile } from "node:fs/promises";
import { findInstallations } from "../doctor/installations.ts";
import { isOwnProcess } from "../doctor/probes/own-process.ts";
import { readSocketTable } from "../doctor/probes/socket-table.ts";
import { createFirewallReader } from "../doctor/read-firewall.ts";
import { checkSelf, type SelfFlow, type SelfReport } from "../doctor/self-check.ts";
import { portBookOf } from "../net/port-settings.ts";
import { readSystemPorts } from "../ports/ephemeral-ports.ts";
import { loadSettings } from "../runtime/settings.ts";
import { causesText, exitOf, STATE_STYLES } from "./doctor-verdict.ts";
import { STATE_WORDS, WORDS } from "./doctor-words.ts";
import type { ExitCode } from "./output.ts";
import type { Session } from "./session.ts";

/** This computer's own listeners and ports, its firewall, and what was installed before. */
export async function checkThisComputer(session: Session): Promise<ExitCode> {
  const readFirewall = createFirewallReader(session.world.clock);
  const report = await checkSelf({
    flows: await ownFlows(session),
    readSockets: async (spans) =>
      (await readSocketTable(spans, { isOwn: (pid) => isOwnProcess(pid) }))?.sockets ?? null,
    systemPorts: () => readSystemPorts((path) => readFile(path, "utf8")),
    firewall: async () => (await readFirewall())?.kind,
    installations: () => findInstallations(),
  });
  session.result(report, () => show(session, report));
  return exitOf(
    report.entries
      .filter(({ state }) => state !== "free")
      .map(({ state }) => ({ state: state === "free" ? "open" : state })),
  );
}

/** What listens on this computer, after its data folder: a manager, an agent, or both. */
async function ownFlows({ world, dataDirectory }: Session): Promise<SelfFlow[]> {
  const [{ MANAGER_LISTENS, MANAGER_SETTINGS }, { AGENT_LISTENS, AGENT_SETTINGS }] = await Promise.all([
    import("../manager/settings.ts"),
    import("../agent/settings.ts"),
  ]);
  const { managerFiles } = await import("../manager/manager-data.ts");
  const { agentFiles } = await import("../agent/agent-data.ts");
  const { env } = world;
  const [hasManager, hasAgent] = await Promise.all(
    [managerFiles(dataDirectory).identity, agentFiles(dataDirectory).identity].map(exists),
  );
  const isNeither = !hasManager && !hasAgent;
  const flows: SelfFlow[] = [];
  if (hasManager || isNeither) {
    const settings = loadSettings(MANAGER_SETTINGS, { env, file: managerFiles(dataDirectory).settings });
    const book = portBookOf(settings, 1);
    const host = settings["listen.host"];
    const listens =
      settings["events.collect"] === "on" ? [...MANAGER_LISTENS, "eventCollector" as const] : MANAGER_LISTENS;
    flows.push(...listens.map((flow) => ({ flow, range: book.rangeOf(flow), isPool: false, host })));
  }
  if (hasAgent || isNeither) {
    const settings = loadSettings(AGENT_SETTINGS, { env, file: agentFiles(dataDirectory).settings });
    const book = portBookOf(settings, 1);
    const host = settings["listen.host"];
    flows.push(...AGENT_LISTENS.map((flow) => ({ flow, range: book.rangeOf(flow), isPool: false, host })));
    flows.push({ flow: "backupData", range: book.rangeOf("backupData"), isPool: true, host });
  }
  return flows;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function show(session: Session, { entries, ephemeral, firewall, installations }: SelfReport): void {
  session.table(
    [WORDS.flow, WORDS.ports, WORDS.state, WORDS.cause, WORDS.owners],
    entries.map(({ flow, ports, transport, state, causes, owners, reach }) => [
      flow,
      `${ports}/${transport}`,
      { text: STATE_WORDS[state]?.[session.language] ?? state, style: STATE_STYLES[state] ?? "dim" },
      state === "open" && reach === "this-computer"
        ? session.say(WORDS.thisComputerOnly)
        : causesText(session, causes, true),
      owners.join(", "),
    ]),
  );
  session.print("");
  session.print(
    firewall === null ? session.say(WORDS.firewallUnknown) : session.say(WORDS.firewallInCharge, { kind: firewall }),
  );
  if (ephemeral.kind === "clear" || ephemeral.kind === "reserved") session.print(session.say(WORDS.ephemeralClear));
  else if (ephemeral.kind === "overlaps") {
    session.print(session.say(WORDS.ephemeralOverlaps, { command: ephemeral.command }));
  }
  for (const { name, path, advice } of installations) {
    session.print(session.say(WORDS.installation, { name, path, advice: advice[session.language] }));
  }
}
