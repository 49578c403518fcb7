import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFailed, onTestFinished } from "vitest";
import type { AgentReady } from "../../src/agent/agent.ts";
import { AGENT_LISTENS } from "../../src/agent/settings.ts";
import type { ApiClient } from "../../src/api/client.ts";
import { openManagerApi } from "../../src/cli/manager-connection.ts";
import type { ManagerReady } from "../../src/manager/manager.ts";
import { MANAGER_LISTENS } from "../../src/manager/settings.ts";
import type { InboxAlert } from "../../src/model/alert.ts";
import type { Job } from "../../src/model/job.ts";
import type { Snapshot } from "../../src/model/snapshot.ts";
import { pause, systemClock } from "../../src/runtime/clock.ts";
import { reasonOf } from "../../src/runtime/errors.ts";
import { runCommand, StoryLog, StoryProgram } from "./story-program.ts";

// A whole manager and its agents, each a process of its own, on the loopback with free ports in a temporary folder. What a
// story starts ends with the test, however that ends; where it fails, the logs of all its programs are printed.

export interface StoryOptions {
  /** Settings beyond those that a story needs, as `--set` takes them. */
  readonly manager?: Readonly<Record<string, string>>;
  readonly agent?: Readonly<Record<string, string>>;
  /** For the certificate of the first host. */
  readonly certificateNames?: string[];
}

export interface StoryHost {
  readonly hostId: string;
  readonly program: StoryProgram<AgentReady>;
  /** Where it keeps things. */
  readonly dataDirectory: string;
}

export interface Story extends StoryHost {
  /** Temporary, removed at the end. */
  readonly folder: string;
  readonly managerDirectory: string;
  /** The administrator's. Calls fail while the manager is away; `persist` repeats them. */
  readonly api: ApiClient;
  readonly manager: StoryProgram<ManagerReady>;
  /** The first host's. */
  readonly agent: StoryProgram<AgentReady>;
  readonly log: StoryLog;
  killManager(): Promise<void>;
  killAgent(): Promise<void>;
  /** Kills and starts again. */
  restartManager(): Promise<void>;
  restartAgent(): Promise<void>;
  /** Another server with an agent of its own, enrolled and up. */
  addHost(name: string, settings?: Readonly<Record<string, string>>): Promise<StoryHost>;
  /** Repeats a call until the manager answers it; what it refuses by name in `fatal` is thrown. */
  persist<T>(what: string, call: () => Promise<T>): Promise<T>;
  /** Follows a job to its end, also across restarts of the manager. */
  awaitJob(job: Pick<Job, "id">): Promise<Job>;
  /** Backs up, and expects it to work. */
  backUp(paths: readonly string[]): Promise<Job & { readonly snapshotId: string }>;
  /** Every alert of the inbox, by the paged list, newest first. */
  alerts(query?: { readonly text?: string }): Promise<InboxAlert[]>;
  snapshots(): Promise<Snapshot[]>;
  /** Starts what is not running and stops everything in order; for looking at what is left behind. */
  stop(): Promise<void>;
}

const WAIT_MS = 60_000;
const POLL_MS = 20;
const HOST = "127.0.0.1";

/** A manager and one host, enrolled and up. */
export async function startStory(options: StoryOptions = {}): Promise<Story> {
  const folder = await mkdtemp(join(tmpdir(), "rusuban-story-"));
  const log = new StoryLog();
  const programs: StoryProgram<unknown>[] = [];
  const reserved: Socket[] = [];
  onTestFailed(() => void process.stdout.write(`\n--- what the programs of the story said ---\n${log}\n---\n`));
  onTestFinished(async () => {
    await Promise.all(programs.map((program) => program.kill()));
    for (const socket of reserved) socket.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  });

  const portSettings = async (flows: readonly string[]) => {
    const settings: Record<string, string> = {};
    for (const flow of flows) {
      const socket = await reservePort();
      reserved.push(socket);
      settings[`ports.${flow}`] = `${socket.address().port}`;
    }
    return settings;
  };
  const common = { "listen.host": HOST, "log.level": "info" };

  const managerDirectory = join(folder, "manager");
  const manager = new StoryProgram<ManagerReady>({
    name: "manager",
    args: [
      "manager",
      "run",
      "--data",
      managerDirectory,
      ...toFlags({ ...common, ...(await portSettings(MANAGER_LISTENS)), ...options.manager }),
    ],
    log,
  });
  programs.push(manager);
  await manager.start();
  const api = await openManagerApi({ dataDirectory: managerDirectory, language: "en", clock: systemClock });

  async function addHost(
    name: string,
    settings: Readonly<Record<string, string>> = {},
    certificateNames?: string[],
  ): Promise<StoryHost> {
    const dataDirectory = join(folder, name);
    const flags = toFlags({ ...common, ...(await portSettings(AGENT_LISTENS)), ...settings });
    const { token } = await api.hostToken({ body: { name, certificateNames } });
    // The token goes by the environment, as on a server where others can see the command line.
    const enrolment = {
      name: `enrolment of ${name}`,
      args: ["agent", "enroll", "--data", dataDirectory, ...flags],
      log,
    };
    await runCommand({ ...enrolment, env: { RUSUBAN_TOKEN: token } });
    const program = new StoryProgram<AgentReady>({
      name,
      args: ["agent", "run", "--data", dataDirectory, ...flags],
      log,
    });
    programs.push(program);
    const { hostId } = await program.start();
    await until(`${name} is up`, async () => (await api.hostShow({ params: { host: hostId } })).state === "up");
    return { hostId, program, dataDirectory };
  }

  const host = await addHost("agent", options.agent, options.certificateNames);
  const persist = <T>(what: string, call: () => Promise<T>): Promise<T> => {
    let last: unknown;
    return until(
      () => `${what}; the last answer: ${reasonOf(last)}`,
      async () => {
        try {
          return { answer: await call() };
        } catch (error) {
          last = error;
          return undefined;
        }
      },
    ).then(({ answer }) => answer);
  };

  const story: Story = {
    ...host,
    folder,
    managerDirectory,
    api,
    manager,
    agent: host.program,
    log,
    addHost,
    persist,
    killManager: () => manager.kill(),
    killAgent: () => host.program.kill(),
    async restartManager() {
      await manager.kill();
      await manager.start();
    },
    async restartAgent() {
      await host.program.kill();
      await host.program.start();
    },
    awaitJob: ({ id }) =>
      until(`the end of job ${id}`, async () => {
        const job = await persist(`job ${id}`, () => api.jobShow({ params: { id } }));
        return job.endedAtMs === null ? undefined : job;
      }),
    async backUp(paths) {
      const job = await story.awaitJob(await api.backupStart({ body: { host: host.hostId, paths: [...paths] } }));
      if (job.state !== "done" || job.snapshotId === null)
        throw new Error(`the backup of ${paths} ended as ${job.state}: ${job.reason}`);
      return { ...job, snapshotId: job.snapshotId };
    },
    alerts: (query = {}) => everyPage((after) => api.alertList({ query: { ...query, limit: 200, ...after } })),
    snapshots: () => everyPage((after) => api.snapshotList({ query: { limit: 200, ...after } })),
    async stop() {
      await Promise.all(programs.filter((program) => program !== manager).map((program) => program.stop()));
      await manager.stop();
    },
  };
  return story;
}

/** Asks until the answer is neither undefined nor false. What `ask` throws ends the wait. */
export async function until<T>(
  what: string | (() => string),
  ask: () => Promise<T | undefined | false>,
  { timeoutMs = WAIT_MS }: { readonly timeoutMs?: number } = {},
): Promise<T> {
  const deadline = systemClock.monotonic() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (systemClock.monotonic() > deadline)
      throw new Error(`waited ${timeoutMs} ms in vain: ${typeof what === "string" ? what : what()}`);
    await moment(POLL_MS);
  }
}

/** The system clock's timers do not keep a process alive; the runner of the tests does. */
export function moment(delayMs: number): Promise<void> {
  return pause(systemClock, delayMs);
}

async function everyPage<T>(ask: (after: { after?: string }) => Promise<{ items: T[]; next: string | null }>) {
  const all: T[] = [];
  let after: { after?: string } = {};
  for (;;) {
    const { items, next } = await ask(after);
    all.push(...items);
    if (next === null) return all;
    after = { after: next };
  }
}

function toFlags(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
}

/**
 * A port for one of our listeners, ours for the whole story although its program is killed and started again: its number
 * is held as a UDP port, which disturbs no TCP listener and keeps other stories away. Odd, because Linux gives even ones
 * to outgoing connections first (inet_hashtables.c), which might have it at the wrong moment.
 */
async function reservePort(): Promise<Socket> {
  for (;;) {
    const socket = createSocket("udp4");
    socket.bind({ address: HOST, port: 0, exclusive: true });
    await once(socket, "listening");
    const { port } = socket.address();
    if (port % 2 === 1 && (await isFree(port))) return socket.unref();
    socket.close();
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen({ host: HOST, port, exclusive: true });
  const listens = await once(server, "listening").then(
    () => true,
    () => false,
  );
  server.close();
  return listens;
}
