import { codeOf, reasonOf } from "../runtime/errors.ts";
import { isAllThere, nameAffected } from "./affected-files.ts";
import type { CheckOptions, CheckReport } from "./check-report.ts";
import { Fault, ObjectFaults } from "./faults.ts";
import { INDEX_FOLDER } from "./index-file.ts";
import { assertPackHeader, readPackDirectory } from "./pack.ts";
import type { PackEntry } from "./pack-registry.ts";
import { inspectPack, knownDirectory, readWhole } from "./pack-verification.ts";
import { parityBytes, problemOfParity } from "./parity.ts";
import { PARITY_FOLDER, parityOf } from "./protection.ts";
import { FILE_HEADER_BYTES } from "./sealing.ts";
import { SNAPSHOT_FOLDER } from "./snapshot.ts";
import type { StoreCore } from "./store-core.ts";
import { findDamagedTwins } from "./twin-check.ts";
import { twinOf } from "./twin-files.ts";
import { LEDGER_INTERVAL_BYTES, readLedger, type Verification, writeLedger } from "./verification-ledger.ts";

// Looks and tells; of the store it changes nothing. A pack that is read is read once, whole; each of its objects is opened,
// decoded and its id computed anew. Packs of trees are always read. What snapshots need is then walked.

export async function checkStore(core: StoreCore, options: CheckOptions = {}): Promise<CheckReport> {
  const check = new Check(core, options);
  await check.smallFiles();
  await check.packs();
  await check.parity();
  return check.report();
}

class Check {
  readonly #core: StoreCore;
  readonly #options: CheckOptions;
  readonly #startedAt: number;
  /** In the order in which they were found; by file of the medium. */
  readonly #faults = new Map<string, Fault>();
  readonly #objectFaults: ObjectFaults;
  #ledger = new Map<string, Verification>();
  #objects = 0;
  #bytesRead = 0;
  #packsRead = 0;
  #packs = 0;

  constructor(core: StoreCore, options: CheckOptions) {
    this.#core = core;
    this.#options = options;
    this.#startedAt = core.clock.monotonic();
    this.#objectFaults = new ObjectFaults(core);
  }

  async smallFiles(): Promise<void> {
    const core = this.#core;
    for (const { name, file, copy, value } of await findDamagedTwins(core)) {
      if ("problem" in file) {
        const isLost = value === undefined;
        const fault = this.#fault(file.state, name, isLost ? file.problem : `${file.problem}; its copy is whole`);
        if (isLost && name.startsWith(SNAPSHOT_FOLDER)) fault.touches(name.slice(SNAPSHOT_FOLDER.length));
      } else if ("problem" in copy) this.#fault("unprotected", name, `${twinOf(name)} ${copy.problem}`);
    }
  }

  async packs(): Promise<void> {
    const { damages, packs, keys, medium, log } = this.#core;
    for (const [name, { kind, problem }] of damages.packs) {
      if (!name.startsWith(INDEX_FOLDER)) this.#fault(kind, name, problem);
    }
    this.#ledger = await readLedger({ medium, sealingKey: keys.sealingKey, log });
    const all = [...packs.written()];
    this.#packs = all.length;
    const round = 1 + Math.max(0, ...[...this.#ledger.values()].map((verified) => verified.round));
    const trees = all.filter(({ kind }) => kind === "tree");
    const data = all.filter(({ kind }) => kind === "data");
    const order = ({ name }: PackEntry) => this.#ledger.get(name)?.round ?? 0;
    data.sort((a, b) => order(a) - order(b) || (a.name < b.name ? -1 : 1));
    const toRead = this.#options.readData === true ? [...trees, ...data] : trees;
    try {
      await this.#readAll(toRead, round);
      for (const pack of this.#options.readData === true ? [] : data) {
        // What was found damaged when the store was opened: which objects, only reading it tells.
        if (damages.packs.has(pack.name)) await this.#readPack(pack, round);
        else await this.#lookAtDirectory(pack);
      }
    } finally {
      await this.#saveLedger();
    }
  }

  async #readAll(packs: readonly PackEntry[], round: number): Promise<void> {
    const { clock } = this.#core;
    const deadline = this.#startedAt + (this.#options.maxSeconds ?? Number.POSITIVE_INFINITY) * 1000;
    const bytes = packs.reduce((sum, pack) => sum + pack.bytes, 0);
    let bytesDone = 0;
    let bytesUnsaved = 0;
    let dataPacks = 0;
    /** Once more at the end: what could not be read may have passed by then. */
    const again: PackEntry[] = [];
    for (const [index, pack] of packs.entries()) {
      this.#options.signal?.throwIfAborted();
      // One at least, so that checks of any length get round all in the end.
      if (pack.kind === "data" && dataPacks++ > 0 && clock.monotonic() >= deadline) break;
      if ((await this.#readPack(pack, round)) === "unreadable") again.push(pack);
      bytesDone += pack.bytes;
      bytesUnsaved += pack.bytes;
      if (bytesUnsaved > LEDGER_INTERVAL_BYTES) {
        await this.#saveLedger();
        bytesUnsaved = 0;
      }
      this.#options.onProgress?.({ packsDone: index + 1, packs: packs.length, bytesDone, bytes });
    }
    for (const pack of again) {
      this.#faults.delete(pack.name);
      await this.#readPack(pack, round);
    }
  }

  async #readPack(pack: PackEntry, round: number): Promise<"read" | "missing" | "unreadable"> {
    const core = this.#core;
    const { name } = pack;
    const reading = await readWhole(core, name);
    if (reading.state !== "read") {
      if (!this.#isThere(pack)) return "missing";
      const fault = this.#fault(reading.state, name, reading.problem);
      for (const { id } of knownDirectory(core, pack).objects) {
        this.#objectFaults.add(pack.kind, id, pack.number, fault);
      }
      return reading.state;
    }
    this.#bytesRead += reading.bytes.length;
    this.#packsRead++;
    const { bytes } = reading;
    const { directory, headProblem, damaged } = await inspectPack(core, { name, bytes, entry: pack, keep: false });
    this.#objects += directory?.objects.length ?? 0;
    const problems: string[] = [];
    if (headProblem !== undefined) problems.push(headProblem);
    if (bytes.length < pack.bytes) problems.push(`${bytes.length} of ${pack.bytes} bytes are left`);
    const [first] = damaged;
    if (first !== undefined) {
      problems.push(`${damaged.length} of ${directory?.objects.length} objects are damaged: ${first.problem}`);
    }
    if (problems.length > 0) {
      const fault = this.#fault("damaged", name, problems.join("; "));
      for (const { object } of damaged) this.#objectFaults.add(pack.kind, object.id, pack.number, fault);
      this.#ledger.delete(name);
    } else this.#ledger.set(name, { round, atMs: core.clock.now() });
    return "read";
  }

  /** Collected or repaired while it was looked at. */
  #isThere(pack: PackEntry): boolean {
    return [...this.#core.packs.written()].includes(pack);
  }

  async #lookAtDirectory(pack: PackEntry): Promise<void> {
    this.#options.signal?.throwIfAborted();
    const { name } = pack;
    const { medium, keys } = this.#core;
    try {
      const readRange = (offset: number, length: number) => medium.readRange(name, offset, length);
      assertPackHeader(name, await readRange(0, FILE_HEADER_BYTES));
      this.#objects += (await readPackDirectory({ name, sealingKey: keys.sealingKey }, readRange)).objects.length;
      // The last byte: a pack that was cut short since the store was opened.
      if ((await readRange(pack.bytes - 1, 1)).length === 0) this.#fault("damaged", name, "is cut short");
    } catch (error) {
      if (!this.#isThere(pack)) return;
      const isMissing = codeOf(error) === "ENOENT";
      const fault = this.#fault(
        isMissing ? "missing" : kindOfError(error),
        name,
        isMissing ? "is missing" : reasonOf(error),
      );
      if (!isMissing) return;
      for (const { id } of knownDirectory(this.#core, pack).objects) {
        this.#objectFaults.add(pack.kind, id, pack.number, fault);
      }
    }
  }

  /** Of every pack, whether its parity is there; where packs are read, whether it is whole. */
  async parity(): Promise<void> {
    const core = this.#core;
    if (!core.protection.hasParity) return;
    const before = [...core.packs.written()];
    await core.protection.settled();
    const sizes = new Map((await core.medium.list(PARITY_FOLDER)).map(({ name, bytes }) => [name, bytes]));
    for (const pack of before) {
      const name = parityOf(pack.name);
      const bytes = sizes.get(name);
      let problem: string | undefined;
      if (bytes === undefined) problem = "has no parity";
      else if (bytes !== parityBytes(pack.bytes))
        problem = `${name} has ${bytes} bytes, not ${parityBytes(pack.bytes)}`;
      else if (this.#options.readData === true && this.#ledger.has(pack.name)) {
        const reading = await readWhole(core, name);
        problem =
          reading.state === "read"
            ? problemOfParity(reading.bytes, { what: name, length: pack.bytes })
            : `${name} ${reading.problem}`;
      }
      if (problem !== undefined && this.#isThere(pack) && !this.#faults.has(pack.name)) {
        this.#fault("unprotected", pack.name, problem);
      }
    }
  }

  async report(): Promise<CheckReport> {
    const core = this.#core;
    const snapshots = [...core.snapshots.values()];
    const isSound = this.#objectFaults.isEmpty && (await isAllThere(core, snapshots));
    const more = isSound
      ? []
      : await nameAffected(core, this.#objectFaults, { snapshots, signal: this.#options.signal });
    const { missing } = this.#objectFaults;
    const faults = [...this.#faults.values(), ...more, ...(missing.touchesNothing ? [] : [missing])];
    const written = [...core.packs.written()].map(({ name }) => name);
    const verified = written.flatMap((name) => this.#ledger.get(name)?.atMs ?? []);
    return {
      problems: faults.map((fault) => fault.report()),
      ...{ snapshots: snapshots.length, packs: this.#packs, objects: this.#objects },
      ...{ bytesRead: this.#bytesRead, packsRead: this.#packsRead },
      packsNeverVerified: written.length - verified.length,
      oldestVerifiedAtMs: verified.length === written.length && verified.length > 0 ? smallest(verified) : undefined,
    };
  }

  /** What was found when the store was opened is found again, and then better known: the later replaces the earlier. */
  #fault(kind: Fault["kind"], what: string, problem: string): Fault {
    const fault = new Fault(kind, what, problem);
    this.#faults.set(what, fault);
    return fault;
  }

  async #saveLedger(): Promise<void> {
    const { medium, keys, random, log, packs } = this.#core;
    const written = new Set([...packs.written()].map(({ name }) => name));
    for (const name of this.#ledger.keys()) if (!written.has(name)) this.#ledger.delete(name);
    try {
      await writeLedger({ medium, sealingKey: keys.sealingKey, random, log }, this.#ledger);
    } catch (error) {
      // On a full disk a check must still tell what it found.
      log.warn({ problem: reasonOf(error) }, "ledger of verifications could not be written");
    }
  }
}

function kindOfError(error: unknown): "damaged" | "unreadable" {
  return codeOf(error) === "" ? "damaged" : "unreadable";
}

function smallest(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value));
}
