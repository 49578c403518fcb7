import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Command } from "commander";
import type { AgentReady } from "../agent/agent.ts";
import { AGENT_SETTINGS } from "../agent/settings.ts";
import type { ManagerReady } from "../manager/manager.ts";
import type { Text } from "../ports/flow.ts";
import { createLog } from "../runtime/create-log.ts";
import { SettingsError } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import { PACKAGE_FOLDER } from "../runtime/package.ts";
import { systemRandom } from "../runtime/random.ts";
import { DEFAULT_ACCOUNT } from "./console.ts";
import { defineCommand } from "./define-command.ts";
import { awaitJob } from "./job-progress.ts";
import { CommandError, EXIT, type ExitCode } from "./output.ts";
import { prepareProgram } from "./program-settings.ts";
import { formatBytes, formatCount } from "./quantities.ts";
import { type Cli, createSession, type Session } from "./session.ts";
import { createSupervisor, type Supervisor } from "./supervisor.ts";
import { setUp, type UpFolders } from "./up-set-up.ts";
import { createStages, type Stages } from "./up-stages.ts";
import { makeBackup, raiseTestAlert, restoreSample, type TourNeeds, waitForHost, waitForReadings } from "./up-tour.ts";

const WORDS = {
  about: {
    en: "run a manager and an agent for this computer, and show that they work: state, a backup, a restore, an alert",
    ja: "このコンピュータのマネージャとエージェントを起動し、動作を確認(状態・バックアップ・復元・通報)",
  },
  protect: {
    en: "directory to back up (repeatable; default: {directory})",
    ja: "バックアップするディレクトリ(複数指定可。既定: {directory})",
  },
  once: {
    en: "make the tour once and stop; without --data in a new folder that is removed again",
    ja: "一度だけ確認して終了(--data がなければ一時フォルダを使い、終了時に削除)",
  },
  listen: {
    en: "address to listen on, at the first start; 0.0.0.0 or :: lets other computers in (default: 127.0.0.1)",
    ja: "初回起動時の待ち受けアドレス。0.0.0.0 または :: で他のコンピュータからも接続可(既定: 127.0.0.1)",
  },
  freePorts: {
    en: "at the first start take free ports instead of the declared ones (`rusuban ports list`)",
    ja: "初回起動時に、既定のポート(`rusuban ports list`)ではなく空きポートを使う",
  },
  notes: {
    en: "The data folder keeps everything; a second run goes on where the first left off. Ctrl-C stops both programs.",
    ja: "すべてデータフォルダに保存され、次回はそこから続きます。Ctrl-C で両方のプログラムが停止します。",
  },
  settingUp: { en: "data folder", ja: "データフォルダ" },
  buildingConsole: { en: "web console", ja: "Web コンソール" },
  manager: { en: "manager", ja: "マネージャ" },
  managerListens: { en: "{count} ports open, process {pid}", ja: "{count} ポートで待ち受け、プロセス {pid}" },
  agent: { en: "agent", ja: "エージェント" },
  agentIs: { en: "enrolled as {name}, process {pid}", ja: "{name} として登録、プロセス {pid}" },
  state: { en: "state", ja: "状態" },
  stateIs: { en: "{count} readings, all told {worst}", ja: "計測 {count} 件、総合 {worst}" },
  backup: { en: "backup", ja: "バックアップ" },
  backupIs: {
    en: "{paths}: {files} files, {bytes}, sent {sent}",
    ja: "{paths}: {files} ファイル、{bytes}、送信 {sent}",
  },
  backupPartly: {
    en: "{paths}: {files} files, {bytes}, sent {sent}; {problems} could not be read by this user",
    ja: "{paths}: {files} ファイル、{bytes}、送信 {sent}(このユーザーでは読めないもの {problems} 件)",
  },
  restore: { en: "restore", ja: "復元" },
  restoreIs: { en: "{path} came back identical ({bytes})", ja: "{path} を復元し、元と一致({bytes})" },
  alert: { en: "test alert", ja: "テスト通報" },
  alertIs: { en: "in the manager's inbox after {ms} ms", ja: "{ms} ミリ秒後にマネージャが受信・保存" },
  console: { en: "Console:", ja: "コンソール:" },
  signIn: { en: "Sign in once with:", ja: "一度限りのサインイン:" },
  fingerprint: {
    en: "The browser will not know the certificate; its authority's SHA-256 is {fingerprint}",
    ja: "ブラウザは証明書を確認できません。認証局の SHA-256: {fingerprint}",
  },
  moreServers: {
    en: "Another server: `rusuban host token` prints the line to paste there.",
    ja: "サーバの追加: `rusuban host token` が貼り付ける 1 行を表示します。",
  },
  onlyHere: {
    en: "Only this computer can connect; to let others in, set listen.host in {file} to 0.0.0.0 and start again.",
    ja: "現在はこのコンピュータからのみ接続できます。他からも接続するには {file} の listen.host を 0.0.0.0 にして再起動してください。",
  },
  serving: {
    en: "Ready after {seconds} s. Ctrl-C stops everything.",
    ja: "{seconds} 秒で準備完了。Ctrl-C ですべて停止します。",
  },
  notAll: {
    en: "Running, but not every step of the tour held.",
    ja: "起動しましたが、成功しなかった確認項目があります。",
  },
  stopping: { en: "Stopping…", ja: "停止しています…" },
  stopped: { en: "Stopped.", ja: "停止しました。" },
  portsTaken: { en: "ports could not be opened", ja: "開けないポートがあります" },
  portsHint: {
    en: "stop what holds them, move ours in {file}, or start with --free-ports on a new data folder",
    ja: "使用中のプログラムを止めるか、{file} でポートを変更するか、新しいデータフォルダで --free-ports を指定してください",
  },
} as const satisfies Record<string, Text>;

const DEFAULT_PROTECTED = process.platform === "win32" ? "C:\\Windows\\System32\\drivers\\etc" : "/etc";
/** Together below the five seconds that are promised; the agent first, so that its last word still finds the manager. */
const AGENT_STOP_MS = 2_000;
const MANAGER_STOP_MS = 2_500;

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
  const stopping = createStopping();
  const stages = createStages(session);
  const own = createSession(session.world, session.language, { json: session.json, data: dataDirectory });
  const programs: { agent?: Supervisor; manager?: Supervisor } = {};
  try {
    const done = await tour({ session: own, options, isTrial, stages, programs, signal: stopping.signal });
    const held = stages.allHeld();
    if (options.once) {
      if (session.json) stages.print(done);
      return held && !stopping.signal.aborted ? EXIT.done : EXIT.failed;
    }
    tellWhatNext(own, done, { held, seconds: stages.seconds() });
    if (session.json) stages.print(done);
    await stopping.told;
    session.tell(WORDS.stopping);
    return EXIT.done;
  } finally {
    await programs.agent?.stop(AGENT_STOP_MS);
    await programs.manager?.stop(MANAGER_STOP_MS);
    stopping.close();
    if (isTrial) await rm(dataDirectory, { recursive: true, force: true });
    if (!options.once) session.tell(WORDS.stopped);
  }
}

interface Tour {
  readonly session: Session;
  readonly options: Options;
  readonly isTrial: boolean;
  readonly stages: Stages;
  readonly programs: { agent?: Supervisor; manager?: Supervisor };
  readonly signal: AbortSignal;
}

interface Outcome {
  readonly dataDirectory: string;
  readonly consoleUrl: string | null;
  readonly signInUrl: string | null;
  readonly authorityFingerprint: string | null;
}

async function tour({ session, options, isTrial, stages, programs, signal }: Tour): Promise<Outcome> {
  const { world, dataDirectory } = session;
  const { clock } = world;
  const log = createLog({ level: "info", pretty: process.stderr.isTTY === true, name: "up" });
  const protect = (options.protect ?? [DEFAULT_PROTECTED]).map((path) => resolve(path));

  const folders = await stages.must("set-up", WORDS.settingUp, async () => {
    const made = await setUp({
      dataDirectory,
      listen: options.listen ?? "127.0.0.1",
      freePorts: options.freePorts ?? isTrial,
    });
    return { value: made, detail: dataDirectory };
  });
  await stages.attempt("console", WORDS.buildingConsole, async () => {
    // Built by a release, or here where it is missing; the build tools come with `npm ci`.
    const { ensureConsole } = (await import(pathToFileURL(join(PACKAGE_FOLDER, "scripts/build.js")).href)) as {
      ensureConsole: (options: { log: Pick<Log, "info"> }) => Promise<unknown>;
    };
    await ensureConsole({ log });
    return { value: undefined, detail: join(PACKAGE_FOLDER, "dist/console") };
  });
  const ready = await stages.must("manager", WORDS.manager, async () => {
    const { supervisor, value } = await startProgram<ManagerReady>("manager", { dataDirectory, clock, log });
    programs.manager = supervisor;
    const closed = value.flows.filter(({ listening }) => !listening);
    if (closed.length > 0) {
      throw new CommandError(
        "ports",
        [session.say(WORDS.portsTaken), ...closed.map(({ problem }) => `  ${problem}`)].join("\n"),
        {
          hint: session.say(WORDS.portsHint, { file: folders.managerSettings }),
        },
      );
    }
    return {
      value,
      detail: session.say(WORDS.managerListens, { count: value.flows.length, pid: supervisor.pid ?? 0 }),
    };
  });
  const api = await session.api();
  const needs: TourNeeds = { api, clock, signal, awaitJob: (job) => awaitJob(session, api, job) };

  const host = await stages.must("agent", WORDS.agent, async () => {
    await enrollThisComputer(session, folders);
    const { supervisor, value } = await startProgram<AgentReady>("agent", { dataDirectory, clock, log });
    programs.agent = supervisor;
    const found = await waitForHost(needs, value.hostId);
    return { value: found, detail: session.say(WORDS.agentIs, { name: found.name, pid: supervisor.pid ?? 0 }) };
  });
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
  const link = await api.signInLink({ body: { account: DEFAULT_ACCOUNT } }).catch(() => undefined);
  return {
    dataDirectory,
    consoleUrl: ready.consoleUrl,
    signInUrl: link?.url ?? null,
    authorityFingerprint: ready.authorityFingerprint,
  };
}

async function startProgram<Ready>(
  name: "manager" | "agent",
  {
    dataDirectory,
    ...needs
  }: { dataDirectory: string; clock: Session["world"]["clock"]; log: ReturnType<typeof createLog> },
): Promise<{ supervisor: Supervisor; value: Ready }> {
  let value: Ready | undefined;
  const supervisor = createSupervisor<Ready>({
    ...needs,
    name,
    script: join(PACKAGE_FOLDER, "bin/rusuban.js"),
    args: [name, "run", "--data", dataDirectory],
    onReady: (ready) => {
      value = ready;
    },
  });
  await supervisor.start();
  if (value === undefined) throw new Error(`assertion failed: the ${name} is ready`);
  return { supervisor, value };
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
function createStopping() {
  const controller = new AbortController();
  let resolveTold = () => {};
  const told = new Promise<void>((resolve) => {
    resolveTold = resolve;
  });
  const stop = () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
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
