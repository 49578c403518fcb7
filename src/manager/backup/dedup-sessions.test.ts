import { beforeEach, describe, expect, it } from "vitest";
import { DEDUP_VERSION, type DedupEngineReply, type DedupManagerReply } from "../../protocols/dedup/messages.ts";
import { silentLog } from "../../runtime/log.ts";
import { systemRandom } from "../../runtime/random.ts";
import { chunkId } from "../../store/chunk-id.ts";
import { encodeObject } from "../../store/codec.ts";
import type { Store } from "../../store/store.ts";
import { createFixtureStore, leafOf } from "../../store/store-fixture.ts";
import { DedupSessions, type Permit } from "./dedup-sessions.ts";

// Two hosts and one store: what each may learn, read and write.

const JOB_A = "0190b6a2-7e1c-7d3e-8a11-00000000000a";
const JOB_B = "0190b6a2-7e1c-7d3e-8a11-00000000000b";
const version = DEDUP_VERSION;

let store: Store;
let sessions: DedupSessions;

beforeEach(async () => {
  ({ store } = await createFixtureStore());
  sessions = new DedupSessions({ store, random: systemRandom, log: silentLog });
  return () => store.close();
});

function permitBackup(hostId: string, jobId: string): Permit & { kind: "backup" } {
  return {
    kind: "backup",
    jobId,
    hostId,
    draft: { paths: [Buffer.from("/srv")], tags: [], managerVersion: "0.1.0" },
    describeHost: async () => ({ hostName: `name of ${hostId}`, agentVersion: "0.1.0" }),
  };
}

function expectKind<R extends { kind: string }, K extends R["kind"]>(reply: R, kind: K): Extract<R, { kind: K }> {
  expect(reply).toMatchObject({ kind });
  return reply as Extract<R, { kind: K }>;
}

const codeOf = (reply: DedupManagerReply | DedupEngineReply) => (reply.kind === "refused" ? reply.code : reply.kind);

async function openBackup(hostId: string, jobId: string) {
  const { sessionId } = expectKind(
    await sessions.answerManager(hostId, { kind: "openBackup", version, jobId }),
    "backupOpened",
  );
  const put = async (chunk: "data" | "tree", plaintext: Buffer) => {
    const id = chunkId(store.chunking.idKey, chunk, plaintext);
    const encoded = await encodeObject(plaintext);
    expectKind(await sessions.answerEngine(hostId, sessionId, { kind: "put", chunk, id, encoded }), "taken");
    return id;
  };
  return { sessionId, put };
}

const commitOf = (sessionId: Buffer, root: Buffer) =>
  ({
    kind: "commit",
    sessionId,
    root,
    startedAtMs: 1,
    finishedAtMs: 2,
    files: 1,
    directories: 0,
    bytes: 5,
    newBytes: 5,
    chunks: 1,
    problems: 0,
  }) as const;

/** One whole backup of one file; the ids of its chunk and its tree. */
async function backUp(hostId: string, jobId: string, content: string) {
  const withdraw = sessions.permit(permitBackup(hostId, jobId));
  const { sessionId, put } = await openBackup(hostId, jobId);
  const chunk = await put("data", Buffer.from(content));
  const root = await put("tree", leafOf([{ name: "file", id: chunk, bytes: content.length }]));
  const reply = await sessions.answerManager(hostId, commitOf(sessionId, root));
  await withdraw();
  return { chunk, root, snapshotId: expectKind(reply, "committed").snapshotId };
}

it("a backup becomes a snapshot that says what the manager knows of it", async () => {
  const { snapshotId } = await backUp("a", JOB_A, "hello");
  expect(store.findSnapshot(snapshotId)).toMatchObject({ id: JOB_A, hostId: "a", hostName: "name of a", jobId: JOB_A });
});

it("committing again, because the answer was lost, is one snapshot", async () => {
  sessions.permit(permitBackup("a", JOB_A));
  const { sessionId, put } = await openBackup("a", JOB_A);
  const root = await put("tree", leafOf([]));
  const first = await sessions.answerManager("a", commitOf(sessionId, root));
  expect(await sessions.answerManager("a", commitOf(sessionId, root))).toEqual(first);
  expect(store.listSnapshots()).toHaveLength(1);
});

it("the next backup of the same paths is given the last one's tree to compare with, another host's never", async () => {
  const { root } = await backUp("a", JOB_A, "hello");
  sessions.permit(permitBackup("a", JOB_B));
  expect(await sessions.answerManager("a", { kind: "openBackup", version, jobId: JOB_B })).toMatchObject({
    parentRoot: root,
  });
  const other = "0190b6a2-7e1c-7d3e-8a11-00000000000c";
  sessions.permit(permitBackup("b", other));
  expect(await sessions.answerManager("b", { kind: "openBackup", version, jobId: other })).toMatchObject({
    parentRoot: undefined,
  });
});

describe("another host", () => {
  it("does not learn that a chunk is there, and is not served it", async () => {
    const { chunk } = await backUp("a", JOB_A, "the secret of a");
    sessions.permit(permitBackup("b", JOB_B));
    const { sessionId } = await openBackup("b", JOB_B);
    expect(await sessions.answerEngine("b", sessionId, { kind: "which", chunk: "data", ids: [chunk] })).toEqual({
      kind: "presence",
      present: Buffer.of(0),
    });
    expect(codeOf(await sessions.answerEngine("b", sessionId, { kind: "get", chunk: "data", id: chunk }))).toBe(
      "notYours",
    );
  });

  it("cannot name it in a snapshot of its own", async () => {
    const { chunk } = await backUp("a", JOB_A, "the secret of a");
    sessions.permit(permitBackup("b", JOB_B));
    const { sessionId, put } = await openBackup("b", JOB_B);
    const root = await put("tree", leafOf([{ name: "stolen", id: chunk, bytes: 15 }]));
    expect(codeOf(await sessions.answerManager("b", commitOf(sessionId, root)))).toBe("missingChunks");
    expect(store.listSnapshots()).toHaveLength(1);
  });

  it("cannot use another's job or session", async () => {
    sessions.permit(permitBackup("a", JOB_A));
    const { sessionId } = await openBackup("a", JOB_A);
    expect(codeOf(await sessions.answerManager("b", { kind: "openBackup", version, jobId: JOB_A }))).toBe("unknownJob");
    expect(codeOf(sessions.answerAttach("b", { kind: "attach", version, sessionId }, 16))).toBe("unknownSession");
    expect(codeOf(await sessions.answerEngine("b", sessionId, { kind: "which", chunk: "data", ids: [] }))).toBe(
      "unknownSession",
    );
    expect(codeOf(await sessions.answerManager("b", { kind: "close", sessionId }))).toBe("unknownSession");
  });

  it("stores what both have once", async () => {
    await backUp("a", JOB_A, "shared");
    const before = store.stats().objects;
    await backUp("b", JOB_B, "shared");
    expect(store.stats().objects).toBe(before);
  });
});

it("a job that ends while its snapshot is written has made it", async () => {
  const withdraw = sessions.permit(permitBackup("a", JOB_A));
  const { sessionId, put } = await openBackup("a", JOB_A);
  const chunk = await put("data", Buffer.from("told to nobody"));
  const root = await put("tree", leafOf([{ name: "file", id: chunk, bytes: 14 }]));
  const commit = sessions.answerManager("a", commitOf(sessionId, root)); // Its agent dies now.
  const made = await withdraw();
  expect(made).toMatchObject({ id: JOB_A, hostId: "a", root });
  expect(store.findSnapshot(JOB_A)).toBe(made);
  expectKind(await commit, "committed");
  await store.collectGarbage();
  expect((await store.check({ readData: true })).problems).toEqual([]);
  expect(codeOf(await sessions.answerManager("a", commitOf(sessionId, root)))).toBe("unknownSession");
});

describe("refusals", () => {
  it("a session ends with its job", async () => {
    const withdraw = sessions.permit(permitBackup("a", JOB_A));
    const { sessionId } = await openBackup("a", JOB_A);
    expect(await withdraw()).toBeUndefined();
    expect(codeOf(await sessions.answerEngine("a", sessionId, { kind: "which", chunk: "data", ids: [] }))).toBe(
      "unknownSession",
    );
    expect(codeOf(await sessions.answerManager("a", { kind: "openBackup", version, jobId: JOB_A }))).toBe("unknownJob");
  });

  it("a false id, and bytes that are no object", async () => {
    sessions.permit(permitBackup("a", JOB_A));
    const { sessionId } = await openBackup("a", JOB_A);
    const put = (encoded: Buffer) =>
      sessions.answerEngine("a", sessionId, { kind: "put", chunk: "data", id: Buffer.alloc(32, 1), encoded });
    expect(codeOf(await put(await encodeObject(Buffer.from("hello"))))).toBe("falseId");
    expect(codeOf(await put(Buffer.from("rubbish")))).toBe("malformed");
    expect(codeOf(await put(Buffer.from("01ffffffff00", "hex")))).toBe("malformed");
    expect(store.stats().objects).toBe(0);
  });

  it("a snapshot that names what was never put", async () => {
    sessions.permit(permitBackup("a", JOB_A));
    const { sessionId } = await openBackup("a", JOB_A);
    expect(codeOf(await sessions.answerManager("a", commitOf(sessionId, Buffer.alloc(32, 7))))).toBe("missingChunks");
  });

  it("another version, and a job of the other kind", async () => {
    sessions.permit(permitBackup("a", JOB_A));
    expect(codeOf(await sessions.answerManager("a", { kind: "openBackup", version: 99, jobId: JOB_A }))).toBe(
      "unsupportedVersion",
    );
    expect(codeOf(await sessions.answerManager("a", { kind: "openRestore", version, jobId: JOB_A }))).toBe(
      "unknownJob",
    );
  });

  it("more sessions of one job than a lost connection explains", async () => {
    sessions.permit(permitBackup("a", JOB_A));
    const codes: string[] = [];
    for (let n = 0; n < 6; n++)
      codes.push(codeOf(await sessions.answerManager("a", { kind: "openBackup", version, jobId: JOB_A })));
    expect(codes).toEqual([...Array(4).fill("backupOpened"), "tooMany", "tooMany"]);
  });
});

describe("a restore", () => {
  it("reads the snapshot it was given, on whichever host, and writes nothing", async () => {
    const { chunk, root, snapshotId } = await backUp("a", JOB_A, "hello");
    sessions.permit({ kind: "restore", jobId: JOB_B, hostId: "b", snapshotId });
    const opened = expectKind(
      await sessions.answerManager("b", { kind: "openRestore", version, jobId: JOB_B }),
      "restoreOpened",
    );
    expect(opened.root).toEqual(root);
    expect(codeOf(await sessions.answerEngine("b", opened.sessionId, { kind: "get", chunk: "data", id: chunk }))).toBe(
      "chunk",
    );
    const put = { kind: "put", chunk: "data", id: chunk, encoded: await encodeObject(Buffer.from("hello")) } as const;
    expect(codeOf(await sessions.answerEngine("b", opened.sessionId, put))).toBe("notYours");
    expect(codeOf(await sessions.answerManager("b", commitOf(opened.sessionId, root)))).toBe("notYours");
  });

  it("of a snapshot that is gone is refused", async () => {
    sessions.permit({ kind: "restore", jobId: JOB_B, hostId: "b", snapshotId: JOB_A });
    expect(codeOf(await sessions.answerManager("b", { kind: "openRestore", version, jobId: JOB_B }))).toBe(
      "unknownJob",
    );
  });
});
