import { type AffectedFile, CHECK_FILES_MAX, type CheckProblem, type CheckProblemKind } from "./check-report.ts";
import type { ObjectKind } from "./chunk-id.ts";
import type { StoreCore } from "./store-core.ts";

const OBJECTS_NAMED_MAX = 64;
/** Paths that are counted beyond those that are listed. */
const FILES_COUNTED_MAX = 100_000;

/** One problem while it is found out what it touches. */
export class Fault {
  readonly kind: CheckProblemKind;
  readonly what: string;
  problem: string;
  readonly #objects: string[] = [];
  readonly #snapshots = new Set<string>();
  readonly #files = new Map<string, { path: Buffer; isDirectory: boolean; snapshots: Set<string> }>();
  readonly #more = new Set<string>();

  constructor(kind: CheckProblemKind, what: string, problem: string) {
    this.kind = kind;
    this.what = what;
    this.problem = problem;
  }

  addObject(id: Buffer): void {
    if (this.#objects.length < OBJECTS_NAMED_MAX) this.#objects.push(id.toString("hex"));
  }

  touches(snapshot: string): void {
    this.#snapshots.add(snapshot);
  }

  touchesPath(snapshot: string, path: Buffer, isDirectory: boolean): void {
    this.#snapshots.add(snapshot);
    const key = `${path.toString("latin1")}${isDirectory ? "/" : ""}`;
    const known = this.#files.get(key);
    if (known !== undefined) known.snapshots.add(snapshot);
    else if (this.#files.size < CHECK_FILES_MAX)
      this.#files.set(key, { path, isDirectory, snapshots: new Set([snapshot]) });
    else if (this.#more.size < FILES_COUNTED_MAX) this.#more.add(key);
  }

  get touchesNothing(): boolean {
    return this.#snapshots.size === 0;
  }

  report(): CheckProblem {
    const files: AffectedFile[] = [...this.#files.values()]
      .sort((a, b) => Buffer.compare(a.path, b.path))
      .map(({ path, isDirectory, snapshots }) => ({ path, isDirectory, snapshots: [...snapshots] }));
    return {
      ...{ kind: this.kind, what: this.what, problem: this.problem, objects: this.#objects },
      ...{ snapshots: [...this.#snapshots], files, filesMore: this.#more.size },
    };
  }
}

/** Which objects cannot be had, and why. */
export class ObjectFaults {
  readonly #core: StoreCore;
  readonly #byOrdinal = new Map<number, Fault>();
  /** Objects that a damaged pack held and nothing else does. */
  readonly #lost = new Map<string, Fault>();
  /** What is named and in no pack. */
  readonly missing = new Fault("missing", "objects", "");
  readonly #missing = new Set<string>();

  constructor(core: StoreCore) {
    this.#core = core;
  }

  /** The object is bad in the pack `number`; no loss where the store reads it from another. */
  add(kind: ObjectKind, id: Buffer, number: number | undefined, fault: Fault): void {
    fault.addObject(id);
    const ordinal = this.#core.find(kind, id);
    if (ordinal < 0) this.#lost.set(kind + id.toString("hex"), fault);
    else if (this.#core.table.packOf(ordinal) === number) this.#byOrdinal.set(ordinal, fault);
  }

  /** The object at `ordinal` cannot be had, whatever pack it is in. */
  addOrdinal(ordinal: number, fault: Fault): void {
    fault.addObject(this.#core.table.idOf(ordinal));
    this.#byOrdinal.set(ordinal, fault);
  }

  get isEmpty(): boolean {
    return this.#byOrdinal.size === 0;
  }

  /** Why the object cannot be had; undefined where it can. */
  of(kind: ObjectKind, id: Buffer): Fault | undefined {
    const ordinal = this.#core.find(kind, id);
    if (ordinal >= 0) return this.#byOrdinal.get(ordinal);
    const key = kind + id.toString("hex");
    const lost = this.#lost.get(key);
    if (lost !== undefined) return lost;
    if (!this.#missing.has(key)) {
      this.#missing.add(key);
      this.missing.addObject(id);
      this.missing.problem = `${this.#missing.size} that snapshots name are in no pack`;
    }
    return this.missing;
  }
}
