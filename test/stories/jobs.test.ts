import { randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { InboxAlert } from "../../src/model/alert.ts";
import { compareTrees } from "../tree-comparer.ts";
import { type Story, startStory, until } from "./agent-and-manager.ts";
import { makeChangingTree } from "./changing-tree.ts";
import { createDice } from "./dice.ts";
import { signIn } from "./signed-in.ts";

const SAME = { timeToleranceNs: 1_000n };
const dice = () => createDice(7); // Content only: the moments below are conditions.

const LONG_FILES = 12;
const LONG_FILE_BYTES = 16 * 1024 * 1024;

it("a restore that a kill -9 interrupted is ended with a reason, and done again it is identical", async () => {
  const story = await startStory();
  const tree = makeChangingTree(join(story.folder, "tree"), dice());
  // Long enough to be killed in, whatever else the machine does meanwhile.
  for (let number = 0; number < LONG_FILES; number++) {
    writeFileSync(join(tree.path, `long ${number}`), randomBytes(LONG_FILE_BYTES));
  }
  const { snapshotId } = await story.backUp([tree.path]);
  for (const victim of [story.manager, story.agent]) {
    const target = join(story.folder, `restored after the ${victim.name}'s death`);
    const order = { snapshot: snapshotId, target, overwrite: "always" } as const;
    const job = await story.api.restoreStart({ body: order });
    // Its directory comes first, a file only when it is whole: by then the small tree might be all there.
    await until("the restore has begun", async () => existsSync(join(target, tree.path)));
    await victim.kill();
    await victim.start();
    expect(await story.awaitJob(job)).toMatchObject({
      state: "failed",
      reason: expect.stringMatching(/the manager ended while|agent went away|closed|reset/),
    });
    expect(compareTrees(tree.path, join(target, tree.path), SAME).differences.length).toBeGreaterThan(0); // Or it was over.

    const again = await story.persist("the restore again", () => story.api.restoreStart({ body: order }));
    expect(await story.awaitJob(again)).toMatchObject({ state: "done", reason: null });
    const { differences } = compareTrees(tree.path, join(target, tree.path), SAME);
    expect(differences).toEqual([]);
  }
}, 120_000);

it("a running backup is canceled at once, makes no snapshot, and leaves its place to the next", async () => {
  const story = await startStory();
  const tree = makeChangingTree(join(story.folder, "tree"), dice());
  // Far more than can be read before the cancel: whatever the machine has.
  const job = await story.api.backupStart({ body: { host: story.hostId, paths: ["/usr"] } });
  await until("the agent reads", async () => {
    const { state, progress } = await story.api.jobShow({ params: { id: job.id } });
    return state === "running" && progress.files > 0;
  });
  const canceledAt = performance.now();
  await story.api.jobCancel({ params: { id: job.id } });
  expect(await story.awaitJob(job)).toMatchObject({ state: "canceled", reason: "canceled", snapshotId: null });
  expect(performance.now() - canceledAt).toBeLessThan(5_000);
  expect(await story.snapshots()).toEqual([]);
  const { snapshotId } = await story.backUp([tree.path]);
  expect((await story.snapshots()).map(({ id }) => id)).toEqual([snapshotId]);
  expect(await failures(story)).toEqual([]); // A person's wish is no failure.
}, 120_000);

it("two backups run at once and a third waits for its turn, each into a snapshot of its own", async () => {
  const story = await startStory();
  const trees = ["one", "two", "three"].map((name) => makeChangingTree(join(story.folder, name), dice()));
  const jobs = await Promise.all(
    trees.map(({ path }) => story.api.backupStart({ body: { host: story.hostId, paths: [path] } })),
  );
  const ended = await Promise.all(jobs.map((job) => story.awaitJob(job)));
  expect(ended.map(({ state }) => state)).toEqual(["done", "done", "done"]);
  const startedAt = ended.map(({ startedAtMs }) => startedAtMs ?? 0).sort();
  const endedAt = ended.map(({ endedAtMs }) => endedAtMs ?? 0).sort();
  expect(startedAt[1]).toBeLessThan(endedAt[0] ?? 0);
  expect(startedAt[2]).toBeGreaterThanOrEqual(endedAt[0] ?? 0);
  for (const [index, { snapshotId }] of ended.entries()) {
    const target = join(story.folder, `restored ${index}`);
    const path = trees[index]?.path ?? "";
    const restore = await story.api.restoreStart({ body: { snapshot: snapshotId ?? "", target } });
    expect(await story.awaitJob(restore)).toMatchObject({ state: "done" });
    expect(compareTrees(path, join(target, path), SAME).differences).toEqual([]);
  }
}, 120_000);

it("who may restore is the manager's to say, and where, the host's", async () => {
  const story = await startStory({ agent: { "backup.paths": tmpdir() } });
  const tree = makeChangingTree(join(story.folder, "tree"), dice());
  const allowed = join(story.folder, "allowed");
  await mkdir(allowed);
  const other = await story.addHost("other", { "backup.targets": allowed });
  const operator = await signIn(story, { name: "olga", role: "operator" });
  const administrator = await signIn(story, { name: "anna", role: "administrator" });

  // An operator backs up; restoring overwrites what is there, which only an administrator may order.
  const backup = await story.awaitJob(await operator.backupStart({ body: { host: story.hostId, paths: [tree.path] } }));
  expect(backup).toMatchObject({ state: "done", requestedBy: "olga" });
  const snapshot = backup.snapshotId ?? "";
  const body = { snapshot, target: join(allowed, "here"), host: other.hostId };
  await expect(operator.restoreStart({ body })).rejects.toMatchObject({ code: "forbidden" });
  expect(existsSync(body.target)).toBe(false);

  const restore = await story.awaitJob(await administrator.restoreStart({ body }));
  expect(restore).toMatchObject({ state: "done", requestedBy: "anna", hostId: other.hostId });
  expect(compareTrees(tree.path, join(body.target, tree.path), SAME).differences).toEqual([]);

  // Whoever orders it: nothing is written outside what the host's own settings allow, and nothing read.
  for (const target of [join(story.folder, "elsewhere"), `${allowed}/../elsewhere`, `${allowed}-too`]) {
    const refused = await story.awaitJob(await administrator.restoreStart({ body: { ...body, target } }));
    expect(refused).toMatchObject({ state: "failed", reason: expect.stringContaining("backup.targets") });
  }
  expect(existsSync(join(story.folder, "elsewhere"))).toBe(false);
  const stolen = await story.api.backupStart({ body: { host: story.hostId, paths: ["/etc"] } });
  expect(await story.awaitJob(stolen)).toMatchObject({
    state: "failed",
    reason: expect.stringContaining("backup.paths"),
    snapshotId: null,
  });
  expect(await failures(story)).toMatchObject([{ state: "open", severity: "major", component: "backup of /etc" }]);
}, 120_000);

async function failures(story: Story): Promise<InboxAlert[]> {
  return (await story.alerts({ text: "backup.failed" })).filter(({ kind }) => kind === "raised");
}
