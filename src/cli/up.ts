import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Command } from "commander";
import type { AgentReady } from "../agent/agent.ts";
import { AGENT_SETTINGS } from "../agent/settings.ts";
import type { HostOverview } from "../api/host-routes.ts";
import type { ManagerReady } from "../manager/manager.ts";
import { formatBytes } from "../model/quantity.ts";
import { flowName } from "../ports/port-map.ts";
import type { Clock } from "../runtime/clock.ts";
import { createLog } from "../runtime/create-log.ts";
import { codeOf, reasonOf, SettingsError } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import { PACKAGE_FOLDER } from "../runtime/package.ts";
import { takeProcessLock } from "../runtime/process-lock.ts";
import { systemRandom } from "../runtime/random.ts";
import { DEFAULT_ACCOUNT } from "./console.ts";
import { defineCommand } from "./define-command.ts";
import { Interruption } from "./interruption.ts";
import { awaitJob } from "./job-progress.ts";
import { CommandError, EXIT, type ExitCode } from "./output.ts";
import { prepareProgram } from "./program-settings.ts";
import { formatCount } from "./quantities.ts";
import { type Cli, createSession, type Session } from "./session.ts";
import { createSupervisor, type Supervisor } from "./supervisor.ts";
import { setUp, type UpFolders } from "./up-set-up.ts";
import { readUpSettings } from "./up-settings.ts";
import { createStages, type Stages } from "./up-stages.ts";
import { makeBackup, raiseTestAlert, restoreSample, type TourNeeds, waitForHost, waitForReadings } from "./up-tour.ts";
import { WORDS } from "./up-words.ts";
import { visible } from "./visible.ts";

const DEFAULT_PROTECTED = process.platform === "win32" ? "C:\\Windows\\System32\\drivers\\etc" : "/etc";
/** Together below the five seconds that are promised; the agent first, so that its last word still finds the manager. */
const AGENT_STOP_MS = 2_000;
const MANAGER_STOP_MS = 2_500;
/** `npm start` hands a Ctrl-C on that the terminal has sent here as well: two signals so close are one wish. */
const SAME_WISH_MS = 1_000;

interface Options {
  readonly protect?: readonly string[];
  readonly once?: boolean;
  readonly listen?: string;
  readonly freePorts?: boolean;
  readonly data?: string;
}

export function upCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "up",
    about: WORDS.about,
    options: [
      {
        flags: "--protect <directory>",
        about: {
          en: WORDS.protect.en.replace("{directory}", DEFAULT_PROTECTED),
          ja: WORDS.protect.ja.replace("{directory}", DEFAULT_PROTECTED),
        },
        isRepeatable: true,
      },
      { flags: "--once", about: WORDS.once },
      { flags: "--listen <address>", about: WORDS.listen },
      { flags: "--free-ports", about: WORDS.freePorts },
    ],
    examples: ["rusuban up", "rusuban up --protect /home --protect /srv", "rusuban up --once --json"],
    notes: WORDS.notes,
    run: up,
  });
}

async function up(session: Session, options: Options): Promise<ExitCode> {
  const isTrial = options.once === true && options.data === undefined;
  const dataDirectory = isTrial ? await mkdtemp(join(tmpdir(), "rusuban-once-")) : resolve(session.dataDirectory);
  const stopping = createStopping(session.world.clock);
  const stages = createStages(session, stopping.signal);
  const own = createSession(session.world, session.language, { json: session.json, data: dataDirectory });
  const running: Running = {};
  let hasToured = false; // A tour that was broken off is told by what broke it.
  try {
    const done = await tour({ session: own, options, isTrial, stages, running, signal: stopping.signal });
    hasToured = true;
    const held = stages.allHeld();
    if (session.json) stages.print(done);
    if (options.once) return held ? EXIT.done : EXIT.failed;
    tellWhatNext(own, done, { held, seconds: stages.seconds() });
    await stopping.told;
    session.tell(WORDS.stopping);
    return EXIT.done;
  } catch (error) {
    // Ctrl-C is how this command ends; a tour that was to be made once was not made.
    if (!(error instanceof Interruption) || options.once) throw error;
    session.tell(WORDS.stopping);
    return EXIT.done;
  } finally {
    await running.agent?.stop(AGENT_STOP_MS);
    await running.manager?.stop(MANAGER_STOP_MS);
    stopping.close();
    running.lock?.release();
    if (isTrial) await removeTrial(own);
    if (!options.once && running.manager !== undefined) session.tell(WORDS.stopped);
    // Last, for whoever looks at the end only: what decided the exit code may stand far above.
    const failed = hasToured && options.once && !session.json ? stages.failed().map(visible).join("; ") : "";
    if (failed !== "") session.tell(WORDS.notHeld, { failed });
  }
}

/** What is left of a trial is told; whether the tour held is another matter. */
async function removeTrial(session: Session): Promise<void> {
  const { dataDirectory } = session;
  try {
    // Again where a program that was killed had something written yet.
    await rm(dataDirectory, { recursive: true, force: true, maxRetries: 5 });
  } catch (error) {
    session.tell(WORDS.notRemoved, { directory: dataDirectory, reason: codeOf(error) || reasonOf(error) });
  }
}

/** What has to be ended, as soon as it has begun. */
interface Running {
  agent?: Supervisor;
  manager?: Supervisor;
  lock?: { release(): void };
}

interface Tour {
  readonly session: Session;
  readonly options: Options;
  readonly isTrial: boolean;
  readonly stages: Stages;
  readonly running: Running;
  readonly signal: AbortSignal;
}

interface Outcome {
  readonly dataDirectory: string;
  readonly consoleUrl: string | null;
  readonly signInUrl: string | null;
  readonly authorityFingerprint: string | null;
}

async function tour({ session, options, isTrial, stages, running, signal }: Tour): Promise<Outcome> {
  const { world, dataDirectory } = session;
  const { clock } = world;
  const log = createLog({ level: "info", pretty: process.stderr.isTTY === true, name: "up" });
  const protect = (options.protect ?? [DEFAULT_PROTECTED]).map((path) => resolve(path));

  // First what takes long: a port that is found free below may be another's when the manager comes to it.
  await stages.attempt("console", WORDS.buildingConsole, async () => {
    // Built by a release, or here where it is missing; the build tools come with `npm ci`.
    const { ensureConsole } = (await import(pathToFileURL(join(PACKAGE_FOLDER, "scripts/build.js")).href)) as {
      ensureConsole: (options: { log: Pick<Log, "info"> }) => Promise<unknown>;
    };
    await ensureConsole({ log });
    return { value: undefined, detail: join(PACKAGE_FOLDER, "dist/console") };
  });
  const folders = await stages.must("set-up", WORDS.settingUp, async () => {
    const made = await setUp({
      dataDirectory,
      listen: options.listen ?? "127.0.0.1",
      freePorts: options.freePorts ?? isTrial,
    });
    running.lock = lockFolder(session, dataDirectory);
    readUpSettings(made, world);
    return { value: made, detail: dataDirectory };
  });
  const program = { dataDirectory, clock, log };
  const ready = await stages.must("manager", WORDS.manager, async () => {
    signal.throwIfAborted(); // What starts after the end has begun would be stopped by nobody.
    const supervisor = createProgramSupervisor<ManagerReady>("manager", program);
    running.manager = supervisor;
    const value = await supervisor.start();
    return { value, ...tellPorts(session, value.flows, { pid: supervisor.pid ?? 0, file: folders.managerSettings }) };
  });
  const api = await session.api();
  const needs: TourNeeds = { api, clock, signal, awaitJob: (job) => awaitJob(session, api, job) };

  const host = await stages.attempt("agent", WORDS.agent, async () => {
    await enrollThisComputer(session, folders);
    signal.throwIfAborted();
    const supervisor = createProgramSupervisor<AgentReady>("agent", program);
    running.agent = supervisor;
    const { hostId, problems } = await supervisor.start();
    const found = await waitForHost(needs, hostId);
    const detail = session.say(WORDS.agentIs, { name: found.name, pid: supervisor.pid ?? 0 });
    return { value: found, detail, problems };
  });
  if (host !== undefined) await lookAtHost({ session, stages, needs, protect, host });
  const link = await api.signInLink({ body: { account: DEFAULT_ACCOUNT } }).catch(() => undefined);
  return {
    dataDirectory,
    consoleUrl: ready.consoleUrl,
    signInUrl: link?.url ?? null,
    authorityFingerprint: ready.authorityFingerprint,
  };
}

/** Which ports the manager has, and for each that it has not, whose it is and what to do. */
function tellPorts(session: Session, flows: ManagerReady["flows"], { pid, file }: { pid: number; file: string }) {
  const closed = flows.filter(({ listening }) => !listening);
  const words = { open: flows.length - closed.length, count: flows.length, pid };
  if (closed.length === 0) return { detail: session.say(WORDS.managerListens, words) };
  const problems = closed.map(({ problem }) => problem ?? "");
  const administration = closed.find(({ flow }) => flow === flowName("administration"));
  if (administration !== undefined) {
    throw new CommandError("ports", `${session.say(WORDS.noAdministration)}: ${administration.problem}`, {
      hint: session.say(WORDS.portsHint, { file }),
    });
  }
  return { detail: session.say(WORDS.portsTaken, words), problems, lines: [session.say(WORDS.portsHint, { file })] };
}

interface Look {
  readonly session: Session;
  readonly stages: Stages;
  readonly needs: TourNeeds;
  readonly protect: readonly string[];
  readonly host: HostOverview;
}

/** What the product is for, on this computer: its state, a backup, a restore, an alert. */
async function lookAtHost({ session, stages, needs, protect, host }: Look): Promise<void> {
  const { api } = needs;
  await stages.attempt("state", WORDS.state, async () => {
    const { readings } = await waitForReadings(needs, host.id);
    const { readingState } = await api.hostShow({ params: { host: host.id } });
    const lines = readings
      .filter(({ unit, state }) => unit === "ratio" || state !== "ok")
      .map(({ component, summary }) => `${component}: ${summary}`);
    return {
      value: readings,
      detail: session.say(WORDS.stateIs, { count: readings.length, worst: readingState ?? "unknown" }),
      lines,
    };
  });
  const backup = await stages.attempt("backup", WORDS.backup, async () => {
    for (const path of protect) {
      await stat(path).catch((error: unknown) => {
        throw new Error(session.say(WORDS.cannotProtect, { path, reason: codeOf(error) || reasonOf(error) }));
      });
    }
    const job = await makeBackup(needs, host.id, protect);
    const { files, bytes, bytesSent, problems } = job.progress;
    const words = {
      paths: protect.join(", "),
      files: formatCount(files),
      bytes: formatBytes(bytes),
      sent: formatBytes(bytesSent),
      problems,
    };
    return { value: job, detail: session.say(job.state === "partly" ? WORDS.backupPartly : WORDS.backupIs, words) };
  });
  await stages.attempt("restore", WORDS.restore, async () => {
    const snapshotId = backup?.snapshotId;
    if (snapshotId === undefined || snapshotId === null) throw new Error("there is no snapshot to restore from");
    const sample = await restoreSample(needs, { snapshotId, paths: protect });
    return {
      value: sample,
      detail: session.say(WORDS.restoreIs, { path: sample.path, bytes: formatBytes(sample.bytes) }),
    };
  });
  await stages.attempt("alert", WORDS.alert, async () => {
    const alert = await raiseTestAlert(needs, host.id);
    return { value: alert, detail: session.say(WORDS.alertIs, { ms: alert.afterMs }) };
  });
}

/** One `rusuban up` at a time has a data folder: two would undo what the other does. */
function lockFolder(session: Session, directory: string): { release(): void } {
  const lock = takeProcessLock(join(directory, "up.lock"));
  if (lock.held) return lock;
  const pid = lock.holder ?? "PID";
  const who = lock.holder === undefined ? "" : session.say(WORDS.inUseBy, { pid });
  throw session.failure("data-in-use", WORDS.inUse, { hint: WORDS.inUseHint, values: { directory, who, pid } });
}

function createProgramSupervisor<Ready>(
  name: "manager" | "agent",
  { dataDirectory, ...needs }: { dataDirectory: string; clock: Clock; log: Log },
): Supervisor<Ready> {
  const script = join(PACKAGE_FOLDER, "bin/rusuban.js");
  return createSupervisor<Ready>({ ...needs, name, script, args: [name, "run", "--data", dataDirectory] });
}

/** Enrols the agent unless it is already; the token goes from hand to hand in this process. */
async function enrollThisComputer(session: Session, folders: UpFolders): Promise<void> {
  const { readEnrolment } = await import("../agent/agent-data.ts");
  if ((await readEnrolment(folders.data)) !== undefined) return;
  const { enrollAgent } = await import("../agent/agent.ts");
  const { token } = await (await session.api()).hostToken({ body: { validSeconds: 600 } });
  const { settings, log } = prepareProgram(AGENT_SETTINGS, {
    name: "agent",
    file: folders.agentSettings,
    flags: undefined,
    world: session.world,
  });
  try {
    await enrollAgent({
      token,
      dataDirectory: folders.data,
      settings,
      clock: session.world.clock,
      random: systemRandom,
      log,
    });
  } catch (error) {
    if (error instanceof SettingsError) throw error;
    throw new CommandError(
      "enrolment",
      `the agent could not be enrolled: ${error instanceof Error ? error.message : error}`,
    );
  }
}

function tellWhatNext(session: Session, done: Outcome, { held, seconds }: { held: boolean; seconds: number }): void {
  const { output } = session.world;
  if (session.json) return;
  output.write("\n");
  session.print(`${session.say(WORDS.console)} ${done.consoleUrl}`);
  if (done.signInUrl !== null) session.print(`${session.say(WORDS.signIn)} ${done.signInUrl}`);
  session.print(session.say(WORDS.fingerprint, { fingerprint: done.authorityFingerprint ?? "" }));
  session.print(session.say(WORDS.moreServers));
  if (done.consoleUrl?.includes("127.0.0.1")) {
    session.print(session.say(WORDS.onlyHere, { file: join(done.dataDirectory, "manager.toml") }));
  }
  session.print(held ? session.say(WORDS.serving, { seconds: seconds.toFixed(1) }) : session.say(WORDS.notAll));
}

/** Ctrl-C, or the request of a service manager. A second Ctrl-C ends the process at once. */
function createStopping(clock: Clock) {
  const controller = new AbortController();
  let resolveTold = () => {};
  const told = new Promise<void>((resolve) => {
    resolveTold = resolve;
  });
  let firstAt = 0;
  const stop = () => {
    if (controller.signal.aborted) {
      if (clock.monotonic() - firstAt < SAME_WISH_MS) return;
      process.exit(EXIT.interrupted); // The programs see the channel close and stop by themselves.
    }
    firstAt = clock.monotonic();
    controller.abort();
    resolveTold();
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, stop);
  return {
    signal: controller.signal,
    told,
    close: () => {
      for (const signal of signals) process.off(signal, stop);
    },
  };
}
