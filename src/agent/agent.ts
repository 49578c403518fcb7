import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { OwnFlow } from "../doctor/helper.ts";
import type { Alert } from "../model/alert.ts";
import type { HostFacts } from "../model/host.ts";
import type { HostReadings } from "../model/reading.ts";
import { Connections } from "../net/connections.ts";
import { portBookOf, portOverridesOf, portsToTell } from "../net/port-settings.ts";
import { createPrivateDirectory } from "../net/private-file.ts";
import { ephemeralOverlap, readSystemPorts } from "../ports/ephemeral-ports.ts";
import type { PortBook } from "../ports/port-settings.ts";
import { REPORT_RECORD_BYTES_MAX } from "../protocols/report/messages.ts";
import type { Clock } from "../runtime/clock.ts";
import { ConnectError, reasonOf, SettingsError } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import { VERSION } from "../runtime/package.ts";
import { takeProcessLock } from "../runtime/process-lock.ts";
import type { Random } from "../runtime/random.ts";
import { type Service, startAll } from "../runtime/service.ts";
import type { Program } from "../runtime/supervised.ts";
import { agentFiles, readEnrolment } from "./agent-data.ts";
import { createCommandListener } from "./commands.ts";
import { createDoctorHelp } from "./doctor/help-service.ts";
import { createOutageLine } from "./doctor/outage-line.ts";
import { makePasteAnswer, usedManagerFlows } from "./doctor/paste-answer.ts";
import { createDriftWatcher, mendingCommand } from "./firewall/drift-watcher.ts";
import { openFirewall } from "./firewall/open-firewall.ts";
import { createAdvertiser } from "./fleet/advertiser.ts";
import { type Enrolled, enroll } from "./fleet/enroll.ts";
import { ManagerLink } from "./fleet/manager-link.ts";
import { createFileSystemSurvey } from "./providers/file-system-survey.ts";
import { readHostFacts, thisMachine } from "./providers/host-facts.ts";
import { createHostProviders } from "./providers/host-providers.ts";
import { createHostSystem } from "./providers/host-system.ts";
import { readBootId } from "./providers/uptime.ts";
import { openSpool } from "./reporting/open-spool.ts";
import { createReporter } from "./reporting/reporter.ts";
import { AGENT_LISTENS, type AgentSettings } from "./settings.ts";
import { createStandards } from "./standards.ts";
import { createWatchMemory } from "./watch/watch-memory.ts";
import { WATCH_DEFAULTS } from "./watch/watch-settings.ts";
import { createWatcher } from "./watch/watcher.ts";

// The agent's composition root: builds every part, ties them together, starts them in order and stops them last-first.

export interface AgentNeeds {
  readonly dataDirectory: string;
  readonly settings: AgentSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What an agent that has started says of itself. */
export interface AgentReady {
  readonly hostId: string;
  readonly managerId: string;
  /** Ports that could not be opened, a line each with what to do. */
  readonly problems: readonly string[];
}

const CONNECT_TIMEOUT_MS = 15_000;
/** Above the manager's interval of polling a job, and its heartbeats. */
const IDLE_TIMEOUT_MS = 120_000;

export function createAgent(needs: AgentNeeds): Program<AgentReady> {
  let stopAll = async () => {};
  return {
    async start() {
      const { ready, stop } = await startAgent(needs);
      stopAll = stop;
      return ready;
    },
    stop: () => stopAll(),
  };
}

/** Enrols this host with a token; its agent can run from then on. */
export async function enrollAgent({
  token,
  addresses,
  ...needs
}: AgentNeeds & { readonly token: string; readonly addresses?: readonly string[] }): Promise<Enrolled> {
  const { dataDirectory, settings, clock } = needs;
  const directory = agentFiles(dataDirectory).identity;
  if ((await readEnrolment(dataDirectory)) !== undefined) {
    throw new SettingsError("agent", `this host is enrolled already: remove ${directory} first to enrol it anew`);
  }
  const ports = portsToTell(portOverridesOf(settings));
  const options = { token, directory, ports, clock, facts: await readFacts() };
  return enroll(addresses === undefined ? options : { ...options, addresses });
}

async function readFacts(): Promise<HostFacts> {
  return readHostFacts({ agentVersion: VERSION, machine: thisMachine(), system: createHostSystem() });
}

async function startAgent({ dataDirectory, settings, clock, random, log }: AgentNeeds) {
  const files = agentFiles(dataDirectory);
  const book = portBookOf(settings, settings["backup.concurrentJobs"]);
  const enrolment = await readEnrolment(dataDirectory);
  if (enrolment === undefined) {
    throw new SettingsError(
      "agent",
      "this host is not enrolled: run `rusuban agent enroll TOKEN` with a token of `rusuban host token`",
    );
  }
  const { hostId, manager: managerFacts } = enrolment;
  let { identity } = enrolment;
  await createPrivateDirectory(files.agent);
  const lock = takeProcessLock(join(files.agent, "lock"));
  if (!lock.held) {
    const who = lock.holder === undefined ? "another agent" : `another agent (process ${lock.holder})`;
    throw new SettingsError(
      "agent",
      `${files.agent} is in use by ${who}: stop it, or name another folder with --data DIR`,
    );
  }
  const system = createHostSystem();
  const facts = await readFacts();
  const link = new ManagerLink({ facts: managerFacts, identity: () => identity, clock });
  await warnOfEphemeralOverlap(book.rangeOf("backupData"), log);

  const problems: string[] = [];
  const ownFlows = () => agentFlows(book, problems);
  const doctorHelp = createDoctorHelp({ link, identity: () => identity, flows: ownFlows, clock, random, log });
  const explainOutage = createOutageLine({
    identity: () => identity,
    managerId: () => link.facts.managerId,
    clock,
    random,
    log,
  });

  // Reporting
  const spool = await openSpool({ file: files.spool, clock, random, log });
  const reporter = createReporter({
    spool,
    async connect(signal) {
      try {
        return await link.connect("managerReport", {
          recordBytesMax: REPORT_RECORD_BYTES_MAX,
          idleTimeoutMs: IDLE_TIMEOUT_MS,
          timeoutMs: CONNECT_TIMEOUT_MS,
          signal,
        });
      } catch (error) {
        if (error instanceof ConnectError && !signal.aborted) explainOutage(error);
        throw error;
      }
    },
    answerDoctor: doctorHelp.forAsker({ address: "" }),
    agentVersion: VERSION,
    clock,
    random,
    log,
  });

  // Management by the standards
  const survey = createFileSystemSurvey({ system, clock });
  const connections = new Connections();
  let latest: HostReadings | undefined;
  const management = await createStandards({
    ...{ files, settings, book, system, survey, connections, clock, random, log },
    identity: () => identity,
    managerId: () => link.facts.managerId,
    latestReadings: () => latest,
  });
  /** To the manager, and to whoever else has subscribed. */
  const raise = async (alerts: readonly Alert[]) => {
    await reporter.raise(alerts);
    for (const alert of alerts) management.tell(alert);
  };

  // Watching
  const services = settings["watch.services"];
  const watcher = createWatcher({
    settings: {
      ...WATCH_DEFAULTS,
      intervalMs: settings["watch.seconds"] * 1_000,
      providerTimeoutMs: Math.min(WATCH_DEFAULTS.providerTimeoutMs, settings["watch.seconds"] * 500),
      services,
      fileSystem: { warning: settings["watch.filesystem.warning"], critical: settings["watch.filesystem.critical"] },
      memory: { warning: settings["watch.memory.warning"], critical: settings["watch.memory.critical"] },
      load: { warning: settings["watch.load.warning"], critical: settings["watch.load.critical"] },
    },
    providers: createHostProviders({
      platform: process.platform,
      system,
      survey,
      clock,
      services,
    }),
    memory: createWatchMemory(files.watch),
    bootId: await readBootId(system),
    onReadings(readings) {
      latest = readings;
      reporter.tellReadings(readings);
    },
    onAlert: (alert) => raise([alert]),
    clock,
    random,
    log,
  });

  const stateFolder = settings["firewall.state"];
  const firewall = openFirewall({ stateFolder, clock, random });
  const driftWatcher = createDriftWatcher({
    look: firewall.look,
    intervalMs: 1_000 * settings["firewall.lookSeconds"],
    mend: mendingCommand(stateFolder),
    file: files.firewallDrift,
    onAlert: (alert) => raise([alert]),
    clock,
    random,
    log,
  });
  const controlListener = createCommandListener({
    ...{ dataDirectory, settings, book, identity, link, firewall, doctorHelp, raise, connections, clock, log },
    host: { hostId, facts },
  });
  const advertiser = createAdvertiser({
    link,
    directory: files.identity,
    identity: () => identity,
    onRenewed: (renewed) => {
      identity = renewed;
      controlListener.setIdentity(renewed);
      management.setIdentity(renewed);
    },
    facts: readFacts,
    ports: portsToTell(portOverridesOf(settings)),
    clock,
    log,
  });

  const withoutPort = (consequence: string) => (problem: string) => {
    log.error({ reason: problem, consequence }, "a port could not be opened; the rest goes on");
    problems.push(`${problem}; ${consequence}`);
  };
  const stop = await startAll(
    [
      { name: "lock", start: async () => {}, stop: async () => lock.release() },
      { name: "spool", start: async () => {}, stop: async () => spool.close() },
      reporter,
      watcher,
      // Only Linux has firewalls that this looks at.
      ...(process.platform === "linux" ? [driftWatcher] : []),
      orWithout(controlListener, withoutPort("without it the manager can command no backup and no restore here")),
      ...management.services,
      ...management.listeners.map((listener) =>
        orWithout(listener, withoutPort("without it this host's state cannot be read that way")),
      ),
      advertiser,
    ],
    { clock, log },
  );
  log.info({ hostId, managerId: managerFacts.managerId, version: VERSION }, "agent is ready");
  return { ready: { hostId, managerId: managerFacts.managerId, problems }, stop };
}

/** The flows on which this agent listens, for the doctor: a pool of ports waits for a job. */
function agentFlows(book: PortBook, problems: readonly string[]): OwnFlow[] {
  const listening = AGENT_LISTENS.map((flow) => {
    const port = book.portOf(flow);
    const problem = problems.find((each) => each.startsWith(`ports.${flow}:`)) ?? "";
    return { flow, transport: "tcp" as const, from: port, to: port, isPool: false, problem };
  });
  return [
    ...listening,
    { flow: "backupData", transport: "tcp", ...book.rangeOf("backupData"), isPool: true, problem: "" },
  ];
}

/** What a person pastes back to the manager's doctor, where it cannot ask this host. */
export async function answerDoctorToken({ token, ...needs }: AgentNeeds & { readonly token: string }): Promise<string> {
  const { dataDirectory, settings, clock, random } = needs;
  const enrolment = await readEnrolment(dataDirectory);
  if (enrolment === undefined) {
    throw new SettingsError("agent", "this host is not enrolled: only its agent's key can sign the answer");
  }
  const { hostId, identity, manager } = enrolment;
  const book = portBookOf(settings, settings["backup.concurrentJobs"]);
  const link = new ManagerLink({ facts: manager, identity: () => identity, clock });
  const flows = { own: agentFlows(book, []), managers: usedManagerFlows() };
  return makePasteAnswer({ token, hostId, identity, link, flows, clock, random });
}

/** A service that says why it cannot start and is then left out: an agent without its control port still reports. */
function orWithout(service: Service, onProblem: (problem: string) => void): Service {
  let isRunning = false;
  return {
    name: service.name,
    async start() {
      try {
        await service.start();
        isRunning = true;
      } catch (error) {
        onProblem(reasonOf(error));
      }
    },
    async stop() {
      if (isRunning) await service.stop();
    },
  };
}

/** Ports that the system gives to outgoing connections are no place to listen: it would fail now and then, at random. */
async function warnOfEphemeralOverlap(range: { readonly from: number; readonly to: number }, log: Log): Promise<void> {
  const ports = await readSystemPorts((path) => readFile(path, "utf8"));
  if (ports.kind === "unknown") return;
  const verdict = ephemeralOverlap({ range, ...ports });
  if (verdict.kind === "overlaps") log.warn({ ...verdict }, "the data ports lie among the system's ephemeral ports");
}
