import { beforeEach, describe, expect, it } from "vitest";
import { type Database, openDatabase } from "../../database/open-database.ts";
import type { Job } from "../../model/job.ts";
import { openNdmpConnection } from "../../protocols/ndmp/connection.ts";
import { ConnectError } from "../../runtime/errors.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { systemRandom } from "../../runtime/random.ts";
import { type Channel, createChannelPair } from "../../wire/channel.ts";
import { createJobList, type JobList } from "./job-list.ts";
import { type BackupRequest, Jobs, type JobsNeeds } from "./jobs.ts";

const HOST = "0190b6a2-7e1c-7d3e-8a11-00000000000a";
const SNAPSHOT = "0190b6a2-7e1c-7d3e-8a11-00000000000b";
const request: BackupRequest = {
  kind: "backup",
  hostId: HOST,
  paths: [Buffer.from("/etc")],
  excludes: [],
  oneFileSystem: false,
  tags: [],
  requestedBy: "jo",
};

let clock: FakeClock;
let database: Database;
let list: JobList;

beforeEach(async () => {
  clock = new FakeClock();
  database = await openDatabase({ file: ":memory:", clock, log: silentLog });
  const host = {
    id: HOST,
    name: "web1",
    facts: "{}",
    address: "",
    ports: "{}",
    enrolled_at_ms: 0,
    last_seen_at_ms: 0,
    revoked_at_ms: null,
  };
  await database.insertInto("hosts").values(host).execute();
  list = createJobList(database);
  return () => database.destroy();
});

function createJobs(changed: Partial<JobsNeeds> = {}) {
  const ended: Job[] = [];
  const permits: string[] = [];
  const jobs = new Jobs({
    list,
    connect: async () => startAgent().channel,
    permit: ({ id }) => {
      permits.push(id);
      return async () => {
        permits.splice(permits.indexOf(id), 1);
        return undefined;
      };
    },
    madeBy: () => undefined,
    concurrent: 1,
    onChange: () => {},
    onEnded: async (job) => void ended.push(job),
    explain: async (_, { destination }) => `doctor: ${destination.flow}: closed`,
    clock,
    random: systemRandom,
    log: silentLog,
    ...changed,
  });
  return { jobs, ended, permits };
}

/** The agent's side of a control connection, told what to do. */
function startAgent({ outcome = "done" as const, holds = false, refuses = false, leaves = false } = {}) {
  const [near, far] = createChannelPair();
  const noError = { error: "noError" } as const;
  const end = async (how: "done" | "canceled") => {
    await agent.post("notifyOutcome", {
      outcome: how,
      reason: "",
      snapshotId: how === "done" ? SNAPSHOT : "00000000-0000-0000-0000-000000000000",
    });
    await agent.post("notifyDataHalted", { reason: "successful" });
  };
  const agent = openNdmpConnection(far, {
    clock,
    timeoutMs: 60_000,
    posts: {},
    calls: {
      connectOpen: () => noError,
      configSetExtList: () => noError,
      dataStop: () => noError,
      dataAbort: () => {
        void end("canceled");
        return noError;
      },
      startDedupBackup: () => {
        if (refuses) return { error: "permission", reason: "/etc is outside what this host allows" };
        if (leaves) setImmediate(() => agent.close());
        else if (!holds) {
          void agent
            .post("notifyProgress", { files: 3, bytes: 4, bytesSent: 5, problems: 1, current: "" })
            .then(() =>
              agent.post("notifyProblem", {
                path: Buffer.from([0x2f, 0xff]),
                errorCode: "EACCES",
                problem: "permission denied",
              }),
            )
            .then(() => end(outcome));
        }
        return { error: "noError", reason: "" };
      },
    },
  });
  void agent.post("notifyConnectionStatus", { reason: "connected", protocolVersion: 4, text: "" });
  return { channel: near, agent };
}

async function until(check: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 2_000; turn++) {
    if (await check()) return;
    await new Promise(setImmediate);
  }
  throw new Error("what was waited for did not come");
}

it("a job runs, leaves its progress and its log, and ends", async () => {
  const { jobs, ended, permits } = createJobs();
  const { id } = await jobs.submit(request);
  await until(() => ended.length === 1);
  expect(await list.find(id)).toMatchObject({
    state: "done",
    hostName: "web1",
    snapshotId: SNAPSHOT,
    paths: ["/etc"],
    progress: { files: 3, bytes: 4, bytesSent: 5, problems: 1 },
  });
  const texts = (await list.log(id, 0, 100)).map(({ text }) => text);
  expect(texts).toEqual(["backup of /etc", "/\ufffd: permission denied (EACCES)", "done"]);
  expect(permits).toEqual([]);
});

describe("failures end the job with a reason", () => {
  const reasonOf = async (connect: JobsNeeds["connect"]) => {
    const { jobs, ended, permits } = createJobs({ connect });
    const { id } = await jobs.submit(request);
    await until(() => ended.length === 1);
    expect(permits).toEqual([]);
    const job = await list.find(id);
    expect(job?.state).toBe("failed");
    return job?.reason;
  };

  it("no connection: the flow, the host and the port", async () => {
    const destination = { flow: "backup-control", host: "192.0.2.7", port: 4_000 };
    expect(
      await reasonOf(async () => {
        throw new ConnectError(destination, "ECONNREFUSED", "refused");
      }),
    ).toBe("backup-control to 192.0.2.7:4000: refused");
  });

  it("the host refuses, in its words", async () => {
    expect(await reasonOf(async () => startAgent({ refuses: true }).channel)).toBe(
      "the host refuses: /etc is outside what this host allows",
    );
  });

  it("the agent goes away in the middle", async () => {
    expect(await reasonOf(async () => startAgent({ leaves: true }).channel)).toMatch(/closed|went away/);
  });
});

it("jobs wait for their turn, and a waiting one can be canceled", async () => {
  const channels: Channel[] = [];
  const { jobs, ended } = createJobs({
    connect: async () => {
      const { channel } = startAgent({ holds: true });
      channels.push(channel);
      return channel;
    },
  });
  const first = await jobs.submit(request);
  const second = await jobs.submit(request);
  await until(() => channels.length === 1);
  expect((await list.find(second.id))?.state).toBe("queued");
  await jobs.cancel(second.id);
  expect(await list.find(second.id)).toMatchObject({ state: "canceled", reason: "canceled before it began" });
  await until(async () => (await list.log(first.id, 0, 1)).length === 0 && channels.length === 1);
  await jobs.cancel(first.id);
  await until(() => ended.length === 2);
  expect((await list.find(first.id))?.state).toBe("canceled");
  expect(channels).toHaveLength(1);
});

it.each([
  [0, "done", null],
  [2, "partly", "2 entries could not be read"],
])(
  "a backup whose snapshot is there (%i problems) is %s, although its agent died before it said so",
  async (problems, state, reason) => {
    const permit = () => async () => ({ id: SNAPSHOT, stats: { problems } });
    const { jobs, ended } = createJobs({ permit, connect: async () => startAgent({ leaves: true }).channel });
    const { id } = await jobs.submit(request);
    await until(() => ended.length === 1);
    expect(await list.find(id)).toMatchObject({ state, reason, snapshotId: SNAPSHOT });
  },
);

describe("what a killed manager left under way is ended at the next start", () => {
  async function leaveJobs() {
    const { jobs } = createJobs({ connect: () => new Promise(() => {}) });
    const running = await jobs.submit(request);
    const waiting = await jobs.submit(request);
    await until(async () => (await list.find(running.id))?.state === "running");
    return [running.id, waiting.id];
  }

  it("as failed, each with a reason, a line in its log, and told like every failure", async () => {
    const ids = await leaveJobs();
    const next = createJobs();
    await next.jobs.start();
    expect(next.ended.map(({ id }) => id)).toEqual(ids);
    for (const id of ids) {
      const reason = "the manager ended while this job was under way";
      expect(await list.find(id)).toMatchObject({ state: "failed", reason, snapshotId: null });
      expect((await list.log(id, 0, 9)).at(-1)).toMatchObject({ level: "error", text: `failed: ${reason}` });
    }
    await next.jobs.start();
    expect(next.ended).toHaveLength(2); // Not told again.
  });

  it("as done, where its snapshot is there", async () => {
    const [first, second] = await leaveJobs();
    const next = createJobs({ madeBy: (id) => (id === first ? { id, stats: { problems: 0 } } : undefined) });
    await next.jobs.start();
    expect(next.ended).toMatchObject([
      { id: first, state: "done", reason: null, snapshotId: first },
      { id: second, state: "failed" },
    ]);
  });
});

it("a job that the manager's stop cuts off has failed, not been canceled", async () => {
  const { jobs, ended } = createJobs({ connect: async () => startAgent({ holds: true }).channel });
  const { id } = await jobs.submit(request);
  await until(async () => (await list.find(id))?.state === "running");
  await jobs.stop();
  expect(ended).toMatchObject([{ id, state: "failed", reason: expect.stringContaining("the manager was stopped") }]);
});

it("whoever watches a job is woken, and no longer than its signal lasts", async () => {
  const { jobs, ended } = createJobs();
  const { id } = await jobs.submit(request);
  await jobs.changed(id, new AbortController().signal);
  await until(() => ended.length === 1);
  const abort = new AbortController();
  const waiting = jobs.changed(id, abort.signal);
  abort.abort();
  await waiting;
});

it("lists jobs newest first, page by page, by state and host", async () => {
  const { jobs, ended } = createJobs();
  const ids: string[] = [];
  for (let n = 0; n < 3; n++) ids.push((await jobs.submit(request)).id);
  await until(() => ended.length === 3);
  const first = await list.page({ limit: 2, states: ["done"], hostId: HOST, kind: "backup" });
  expect(first.map(({ job }) => job.id)).toEqual([ids[2], ids[1]]);
  const rest = await list.page({ limit: 2, after: first[1]?.cursor ?? 0 });
  expect(rest.map(({ job }) => job.id)).toEqual([ids[0]]);
  expect(await list.page({ limit: 5, states: ["failed"] })).toEqual([]);
});
