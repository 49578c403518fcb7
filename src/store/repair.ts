import { codeOf, reasonOf } from "../runtime/errors.ts";
import { checkStore } from "./check.ts";
import type { CheckProblem } from "./check-report.ts";
import { INDEX_FOLDER } from "./index-file.ts";
import { findLostRoots, recoverSnapshot } from "./lost-snapshots.ts";
import { kindOfPack, type PackObject } from "./pack.ts";
import type { PackEntry } from "./pack-registry.ts";
import { inspectPack, type PackFindings, readWhole } from "./pack-verification.ts";
import { mend, SECTOR_BYTES } from "./parity.ts";
import { isPassing } from "./patient-medium.ts";
import { parityOf } from "./protection.ts";
import { keepUpProtection } from "./protection-upkeep.ts";
import type { RepairAction, RepairActionKind, RepairOptions, RepairReport } from "./repair-report.ts";
import { setAside } from "./set-aside.ts";
import { SNAPSHOT_FOLDER, snapshotFile } from "./snapshot.ts";
import type { StoreCore } from "./store-core.ts";
import { findDamagedTwins } from "./twin-check.ts";
import { twinOf } from "./twin-files.ts";

// Mends what can be mended. Of a damaged pack everything that can be had, with the help of its parity, goes into new packs;
// only when those are durable is the damaged one moved below `damaged/`. At every moment, and so after a crash at any, each
// object is at least where it was before. Nothing is overwritten, nothing deleted.

export async function repairStore(core: StoreCore, options: RepairOptions = {}): Promise<RepairReport> {
  const { dryRun = false, signal, onProgress } = options;
  const found = await checkStore(core, { readData: true, signal, onProgress });
  const repair = new Repair(core, dryRun);
  if (core.packsIndexed > 0)
    repair.did("indexed", INDEX_FOLDER, `${core.packsIndexed} packs, when the store was opened`);
  await repair.smallFiles();
  const damagedPacks = found.problems.filter(
    ({ kind, what }) => kind !== "unprotected" && kindOfPack(what) !== undefined,
  );
  for (const { what } of damagedPacks) {
    signal?.throwIfAborted();
    await repair.pack(what);
  }
  const unprotected = found.problems.filter(
    ({ kind, what }) => kind === "unprotected" && kindOfPack(what) !== undefined,
  );
  for (const { what } of unprotected) await repair.dropParity(what);
  for (const name of await keepUpProtection(core, { dryRun })) repair.did("protected", name, "made anew");
  const isSomeLost = core.damages.snapshots.size > 0 || core.snapshots.size === 0;
  const recovered = options.findLost === true || isSomeLost ? await repair.lostSnapshots(signal) : [];
  const notMended = repair.notMended(found.problems);
  if (dryRun) return { found, actions: repair.actions, recovered, left: notMended };
  const { problems } = await checkStore(core, { signal });
  const left = problems.filter(({ kind }) => kind !== "unprotected");
  // The second look reads no data: what could not be read is still not known.
  const unread = notMended.filter(({ kind, what }) => kind === "unreadable" && !left.some((one) => one.what === what));
  return { found, actions: repair.actions, recovered, left: [...left, ...unread] };
}

class Repair {
  readonly #core: StoreCore;
  readonly #dryRun: boolean;
  readonly actions: RepairAction[] = [];
  /** Files that are as good as new. */
  readonly #mended = new Set<string>();

  constructor(core: StoreCore, dryRun: boolean) {
    this.#core = core;
    this.#dryRun = dryRun;
  }

  did(kind: RepairActionKind, what: string, detail: string): void {
    this.actions.push({ kind, what, detail });
  }

  notMended(problems: readonly CheckProblem[]): CheckProblem[] {
    return problems.filter(({ kind, what }) => kind !== "unprotected" && !this.#mended.has(what));
  }

  /** Of a pack that is whole itself: the parity is made anew from it. */
  async dropParity(pack: string): Promise<void> {
    if (this.#dryRun) return;
    await this.#core.medium.delete(parityOf(pack));
  }

  /** Of two copies the good one is written in the place of the other. */
  async smallFiles(): Promise<void> {
    const { medium, protection } = this.#core;
    for (const { name, file, copy } of await findDamagedTwins(this.#core)) {
      const [good, bad, badName] = file.state === "good" ? [file, copy, twinOf(name)] : ([copy, file, name] as const);
      if (good.state !== "good") continue;
      // What could not be read may be whole: it is left alone.
      if (bad.state !== "damaged" && bad.state !== "missing") continue;
      this.#mended.add(name);
      this.did("copied", badName, `${bad.problem}; made anew from its other copy`);
      if (this.#dryRun) continue;
      await protection.exclusively(async () => {
        const aside = await setAside(medium, badName);
        await medium.write(badName, [good.bytes]);
        if (aside !== undefined) this.did("set-aside", badName, aside);
      });
    }
  }

  /** The ids that they have now. */
  async lostSnapshots(signal: AbortSignal | undefined): Promise<string[]> {
    const ids: string[] = [];
    // What a running backup has put and not committed looks just the same.
    if (this.#core.sessions.size > 0) return ids;
    for (const lost of await findLostRoots(this.#core, signal)) {
      const detail = `tree ${lost.root.toString("hex")} and all below it`;
      if (this.#dryRun) {
        this.did("recovered", SNAPSHOT_FOLDER, detail);
        continue;
      }
      const { id } = await recoverSnapshot(this.#core, lost);
      ids.push(id);
      this.did("recovered", snapshotFile(id), detail);
    }
    return ids;
  }

  async pack(name: string): Promise<void> {
    const core = this.#core;
    const entry = [...core.packs.written()].find((pack) => pack.name === name);
    const damaged = await readLeniently(core, name);
    if (damaged === undefined) return;
    const mended = await this.#mend(name, damaged);
    const bytes = mended?.bytes ?? damaged.bytes;
    const findings = await inspectPack(core, { name, bytes, entry, keep: true });
    // What another pack holds as well needs no rescue.
    const wanted = findings.whole.filter(({ object }) => this.#isNeeded(object, name, entry));
    const lost = findings.damaged.filter(({ object }) => this.#isNeeded(object, name, entry));
    const isMended = findings.headProblem === undefined && findings.damaged.length === 0;
    if (isMended) this.#mended.add(name);
    if (isMended && mended === undefined) return this.#takeBack(name, entry, findings);
    const kept = `${findings.whole.length} of ${findings.whole.length + findings.damaged.length} objects`;
    if (isMended) this.did("mended", name, `${mended?.sectors} sectors from its parity`);
    else this.did("rescued", name, findings.directory === undefined ? "its directory is lost" : kept);
    if (this.#dryRun) return;
    await this.#rescue(
      name,
      entry,
      wanted,
      lost.map(({ object }) => object),
    );
    const aside = await setAside(core.medium, name);
    if (aside !== undefined) this.did("set-aside", name, aside);
    await setAside(core.medium, parityOf(name));
    core.damages.packs.delete(name);
    if (entry !== undefined) core.packs.remove(entry.number);
  }

  /** Nothing is wrong with bytes that can all be read now: whatever kept us from it has passed. */
  #takeBack(name: string, entry: PackEntry | undefined, { directory }: PackFindings): void {
    const { table, packs, damages } = this.#core;
    if (this.#dryRun || entry !== undefined || directory === undefined) return;
    const { number } = packs.addWritten(name, directory);
    for (const { id, offset, length } of directory.objects) {
      if (table.findPresent(id) < 0) table.put(Buffer.from(id), { pack: number, offset, length });
    }
    damages.packs.delete(name);
  }

  async #mend(name: string, damaged: { bytes: Buffer }): Promise<{ bytes: Buffer; sectors: number } | undefined> {
    const parity = await readLeniently(this.#core, parityOf(name));
    if (parity === undefined) return undefined;
    try {
      const mending = mend(damaged.bytes, parity.bytes, parityOf(name));
      if (mending.state !== "mended") return undefined;
      return { bytes: mending.file, sectors: mending.sectors };
    } catch (error) {
      this.#core.log.warn({ file: parityOf(name), problem: reasonOf(error) }, "parity cannot be used");
      return undefined;
    }
  }

  /** Whether the store has the object nowhere else. */
  #isNeeded({ id }: PackObject, name: string, entry: PackEntry | undefined): boolean {
    const kind = kindOfPack(name);
    const ordinal = kind === undefined ? -1 : this.#core.find(kind, id);
    return ordinal < 0 || this.#core.table.packOf(ordinal) === entry?.number;
  }

  async #rescue(
    name: string,
    entry: PackEntry | undefined,
    wanted: PackFindings["whole"],
    lost: readonly PackObject[],
  ): Promise<void> {
    const { table, writer, packs } = this.#core;
    const kind = kindOfPack(name);
    if (kind === undefined) return;
    for (const { object, encoded } of wanted) {
      await writer.room();
      writer.add(kind, Buffer.from(object.id), encoded);
    }
    await writer.flush();
    for (const { object } of wanted) {
      // The flush of somebody else may have met the error that concerns us: look at every object itself.
      const ordinal = table.findPresent(object.id);
      const at = ordinal < 0 ? undefined : packs.get(table.packOf(ordinal));
      if (at === undefined || at === entry || at.builder !== undefined)
        throw new Error(`${name}: what is whole of it could not be written elsewhere`);
    }
    for (const { id } of lost) {
      const ordinal = table.find(id);
      // The next backup that has it brings it again.
      if (ordinal >= 0 && entry !== undefined && table.packOf(ordinal) === entry.number) table.markGone(ordinal);
    }
  }
}

/** The bytes of a file, with zeros where a disk refuses to read; undefined where there is no such file or nothing of it is to be had. */
async function readLeniently(core: StoreCore, name: string): Promise<{ bytes: Buffer } | undefined> {
  const whole = await readWhole(core, name);
  if (whole.state === "read") return { bytes: whole.bytes };
  if (whole.state === "missing") return undefined;
  const size = (await core.medium.list(name)).find((file) => file.name === name)?.bytes ?? 0;
  const bytes = Buffer.alloc(size);
  let sectors = 0;
  for (let at = 0; at < size; at += SECTOR_BYTES) {
    try {
      (await core.medium.readRange(name, at, Math.min(SECTOR_BYTES, size - at))).copy(bytes, at);
      sectors++;
    } catch (error) {
      if (!isPassing(error)) throw error;
      // Too many open files is no reason to take anything for damaged.
      if (codeOf(error) !== "EIO") return undefined;
    }
  }
  return sectors === 0 ? undefined : { bytes };
}
