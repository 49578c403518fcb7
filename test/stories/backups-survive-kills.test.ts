import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Job } from "../../src/model/job.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { silentLog } from "../../src/runtime/log.ts";
import { systemRandom } from "../../src/runtime/random.ts";
import { openDirectoryMedium } from "../../src/store/directory-medium.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { compareTrees } from "../tree-comparer.ts";
import { moment, type Story, startStory } from "./agent-and-manager.ts";
import { type ChangingTree, makeChangingTree } from "./changing-tree.ts";
import { rollDice } from "./dice.ts";
import type { StoryProgram } from "./story-program.ts";

const KILLS = 20;
/** Node sets times in floating-point seconds. */
const SAME = { timeToleranceNs: 1_000n };

it("20 kill -9 of agent and manager during backups leave every listed snapshot identical, and nothing to repair", async () => {
  const dice = rollDice("backups survive kills");
  const story = await startStory();
  const tree = makeChangingTree(join(story.folder, "tree"), dice);
  /** The tree as it was, by the job that backed it up. */
  const kept = new Map<string, string>();
  const first = await story.backUp([tree.path]);
  let usualMs = durationOf(first);
  kept.set(first.snapshotId, await keep(story, tree, 0));

  const outcomes: string[] = [];
  for (let kill = 1; kill <= KILLS; kill++) {
    tree.change();
    const copy = await keep(story, tree, kill);
    const victims = kill % 5 === 0 ? [story.manager, story.agent] : [kill % 2 === 0 ? story.manager : story.agent];
    const job = await story.api.backupStart({ body: { host: story.hostId, paths: [tree.path] } });
    kept.set(job.id, copy);
    // A third of them late: while the last packs, the trees and the snapshot are written.
    await moment(usualMs * (kill % 3 === 0 ? 0.7 + 0.5 * dice.next() : dice.next()));
    await Promise.all(victims.map(strike));
    const ended = await story.awaitJob(job);
    outcomes.push(
      `${victims.map(({ name }) => name).join("+")}: ${ended.state}${ended.reason === null ? "" : `, ${ended.reason}`}`,
    );
    expectAnHonestEnd(ended, await story.snapshots());

    // Whatever was interrupted, the next one works, and finds out by itself what is missing.
    if (kill % 3 !== 0) continue;
    const next = await story.backUp([tree.path]);
    kept.set(next.id, copy);
    usualMs = durationOf(next);
  }
  const last = await story.backUp([tree.path]);
  // Each that was lost was told, and the one that worked ended it.
  const failed = (await story.alerts({ text: "backup.failed" })).filter(({ kind }) => kind === "raised");
  expect(failed.length).toBeGreaterThan(0);
  expect(failed.filter(({ state }) => state !== "cleared")).toEqual([]);
  kept.set(last.id, await keep(story, tree, KILLS + 1));

  const snapshots = await story.snapshots();
  process.stdout.write(`${outcomes.map((line) => `  ${line}\n`).join("")}  ${snapshots.length} snapshots\n`);
  expect(snapshots.length).toBeGreaterThanOrEqual(KILLS / 3);
  expect(outcomes.filter((line) => line.includes("failed")).length).toBeGreaterThan(KILLS / 4); // Or nothing was tried.
  for (const { id, jobId } of snapshots) await expectSame(story, id, kept.get(jobId), tree.path);

  await story.stop();
  await withStore(story, async (store) => {
    expect(
      store
        .listSnapshots()
        .map(({ id }) => id)
        .sort(),
    ).toEqual(snapshots.map(({ id }) => id).sort());
    // The copy or parity, too, that a kill kept from being written: the next backup has.
    expect((await store.check({ readData: true })).problems).toEqual([]);
    // What interrupted backups left is taken up by those that follow: nothing is stored twice.
    expect(store.stats().packBytes).toBeLessThan(tree.bytesWritten);
    await store.collectGarbage();
    expect((await store.check({ readData: true })).problems).toEqual([]);
  });
  // And the manager takes the store up again as if nothing had been.
  await story.manager.start();
  await story.agent.start();
  await expectSame(story, last.snapshotId, kept.get(last.id), tree.path);
}, 600_000);

async function strike(victim: StoryProgram<unknown>): Promise<void> {
  await victim.kill();
  await victim.start();
}

function durationOf({ startedAtMs, endedAtMs }: Job): number {
  return (endedAtMs ?? 0) - (startedAtMs ?? 0);
}

async function keep(story: Story, tree: ChangingTree, number: number): Promise<string> {
  const copy = join(story.folder, `kept-${number}`);
  await tree.copyTo(copy);
  return copy;
}

/** A job that is done has its snapshot; one that failed says why and has none. */
function expectAnHonestEnd({ id, state, reason, snapshotId }: Job, snapshots: readonly { jobId: string }[]): void {
  const isListed = snapshots.some(({ jobId }) => jobId === id);
  expect({ id, reason, state, isListed, snapshotId }).toEqual({
    id,
    reason: isListed ? null : expect.stringMatching(/^.{10}/),
    state: isListed ? "done" : "failed",
    isListed,
    snapshotId: isListed ? id : null,
  });
}

async function expectSame(story: Story, snapshot: string, copy: string | undefined, path: string): Promise<void> {
  if (copy === undefined) throw new Error(`snapshot ${snapshot} is listed, and no job is known to have made it`);
  const target = join(story.folder, "restored");
  const job = await story.awaitJob(await story.api.restoreStart({ body: { snapshot, target } }));
  expect(job).toMatchObject({ state: "done", reason: null });
  const { differences, entries } = compareTrees(copy, join(target, path), SAME);
  expect(differences).toEqual([]);
  expect(entries).toBeGreaterThan(900);
  await rm(target, { recursive: true });
}

/** The store as its owner has it while no manager runs. */
async function withStore(story: Story, look: (store: Store) => Promise<void>): Promise<void> {
  const folder = join(story.managerDirectory, "manager");
  const passphrase = (await readFile(join(folder, "store-passphrase"), "utf8")).trim();
  const medium = await openDirectoryMedium({ path: join(folder, "store"), random: systemRandom });
  const store = await openStore({ medium, passphrase, clock: systemClock, random: systemRandom, log: silentLog });
  try {
    await look(store);
  } finally {
    await store.close();
  }
}
