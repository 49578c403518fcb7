import type { Clock } from "../runtime/clock.ts";
import { assert, codeOf, SettingsError } from "../runtime/errors.ts";
import { type Random, systemRandom } from "../runtime/random.ts";
import type { ChunkSink, ChunkSource } from "../store/chunk-sink.ts";
import type { Chunking } from "../store/keys.ts";
import { joinPath } from "../store/path-bytes.ts";
import type { SnapshotStats } from "../store/snapshot.ts";
import type { FileNode, NodeAttributes } from "../store/tree.ts";
import type { IdReference, NodeDraft } from "../store/tree-builder.ts";
import { decodeTree } from "../store/tree-reader.ts";
import { Bundler } from "./bundler.ts";
import { createExcludeRules, type ExcludeRules } from "./exclude-rules.ts";
import { AttributeReader, type KnownAttributes } from "./extended-attributes.ts";
import {
  close,
  type Directory,
  type FileStatus,
  listNames,
  openDirectory,
  openDirectoryAt,
  openForReadingAt,
  readFully,
  readLinkAt,
  statusAt,
} from "./file-calls.ts";
import { type FileContentDraft, FileReader, type FileReading } from "./file-reader.ts";
import { HardLinks } from "./hard-links.ts";
import { type OwnerNames, readOwnerNames } from "./owner-names.ts";
import { Pace } from "./pace.ts";
import { ParentDirectory } from "./parent-directory.ts";
import { type BackupProblem, ProblemList } from "./problem-list.ts";
import { createSelection, type Selection } from "./selection.ts";
import { TreeAssembler } from "./tree-assembler.ts";
import { Uploader } from "./uploader.ts";
import { declareBackupLosses } from "./what-is-lost.ts";

// Walks, reads, cuts, names and hands over; what is unchanged since the parent snapshot is neither read nor sent. One walk
// is one thread of control: it reads ahead of compression and upload only as far as the uploader's bound.

export interface ArchiveOptions {
  /** Absolute paths as bytes, or text that is resolved against the working directory. */
  readonly roots: readonly (Buffer | string)[];
  /** Patterns: exclude-rules.ts. */
  readonly excludes?: readonly string[];
  /** Stay on the file systems of the roots; a mount point is kept as an empty directory. */
  readonly oneFileSystem?: boolean;
  /** Of a directory with a valid CACHEDIR.TAG keep only that file (bford.info/cachedir). */
  readonly excludeCaches?: boolean;
  /** Keep access times: then no directory is ever unchanged. */
  readonly accessTimes?: boolean;
  readonly chunking: Chunking;
  readonly sink: ChunkSink;
  /** Unchanged files are taken from the snapshot whose root tree this is, read through `source`. */
  readonly parent?: { readonly root: Buffer; readonly source: ChunkSource } | undefined;
  readonly clock: Clock;
  readonly random?: Random;
  readonly signal?: AbortSignal | undefined;
  /** Called at most a few times a second. */
  readonly onProgress?: ((progress: ArchiveProgress) => void) | undefined;
}

export interface ArchiveProgress {
  readonly files: number;
  readonly directories: number;
  readonly bytes: number;
  readonly newBytes: number;
  readonly storedBytes: number;
  readonly problems: number;
}

export interface ArchiveResult {
  /** The tree of `/`, for SnapshotDraft.root. */
  readonly root: Buffer;
  /** The roots, absolute, for SnapshotDraft.paths. */
  readonly paths: readonly Buffer[];
  readonly stats: SnapshotStats;
  /** Not empty: done in part. At most 10,000; `stats.problems` counts all. */
  readonly problems: readonly BackupProblem[];
}

const ROOT = Buffer.from("/");
const CACHE_TAG = Buffer.from("CACHEDIR.TAG");
const CACHE_SIGNATURE = Buffer.from("Signature: 8a477f597d28d172789f06886806bc55");
/** Two changes within a tick of the file system's clock (10 ms; 2 s on FAT) bear the same times. */
const SETTLED_AFTER_NS = 2_000_000_000n;

/**
 * Resolves when the sink has taken everything that the root tree names. What cannot be read is listed and left out or kept
 * without content; only a refusing sink, an aborted signal, or roots of which none is there make it reject.
 */
export async function archive(options: ArchiveOptions): Promise<ArchiveResult> {
  const { selection, paths } = createSelection(options.roots);
  const archiver = new Archiver(options);
  try {
    const root = await archiver.run(selection);
    return { root, paths, stats: archiver.stats(), problems: archiver.problems.kept };
  } finally {
    await archiver.close();
  }
}

class Archiver {
  readonly problems = new ProblemList();
  readonly #options: ArchiveOptions;
  readonly #excludes: ExcludeRules;
  readonly #owners: OwnerNames = readOwnerNames();
  readonly #uploader: Uploader;
  readonly #bundler: Bundler;
  readonly #trees: TreeAssembler;
  readonly #pace: Pace;
  readonly #reader: FileReader;
  readonly #hardLinks = new HardLinks();
  readonly #extended = new AttributeReader();
  #files = 0;
  #directories = 0;
  #bytes = 0;
  #chunks = 0;
  #rootsFound = 0;
  /** Nodes of files that are still being read. */
  #nodesLater = 0;

  constructor(options: ArchiveOptions) {
    this.#options = options;
    const { chunking, sink, clock, signal } = options;
    this.#excludes = createExcludeRules(options.excludes ?? []);
    this.#uploader = new Uploader({ sink, chunking, random: options.random ?? systemRandom });
    this.#bundler = new Bundler((bundle) => this.#uploader.add("data", bundle));
    this.#trees = new TreeAssembler({ bundler: this.#bundler, emit: (tree) => this.#uploader.add("tree", tree) });
    this.#pace = new Pace({ clock, signal, report: () => options.onProgress?.(this.#progress()) });
    this.#reader = new FileReader({
      ...{ uploader: this.#uploader, bundler: this.#bundler, trees: this.#trees, pace: this.#pace },
      ...{ chunking, attributes: this.#extended },
    });
  }

  async run(selection: Selection): Promise<Buffer> {
    declareBackupLosses(this.problems);
    const parent = await this.#openParent(this.#options.parent?.root);
    const directory = openDirectory(ROOT);
    let root: IdReference;
    try {
      root = await this.#walk({ directory, path: ROOT, selection, parent, device: undefined });
    } finally {
      close(directory.fd);
    }
    if (this.#rootsFound === 0)
      throw new SettingsError("paths", this.problems.kept[0]?.problem ?? "none of them is there");
    await this.#uploader.workUntil(() => !this.#reader.isBusy && this.#nodesLater === 0);
    this.#trees.finish();
    await this.#uploader.finish();
    this.#options.onProgress?.(this.#progress());
    assert(root.id !== undefined, "the root tree has its id at the end");
    return root.id;
  }

  async close(): Promise<void> {
    await this.#uploader.close();
    await this.#reader.settled();
  }

  stats(): SnapshotStats {
    return { ...this.#progress(), chunks: this.#chunks };
  }

  #progress(): ArchiveProgress {
    return {
      files: this.#files,
      directories: this.#directories,
      bytes: this.#bytes,
      newBytes: this.#uploader.newBytes,
      storedBytes: this.#uploader.storedBytes,
      problems: this.problems.count,
    };
  }

  async #openParent(tree: Buffer | undefined): Promise<ParentDirectory | undefined> {
    const { parent, sink } = this.#options;
    if (tree === undefined || parent === undefined) return undefined;
    return ParentDirectory.open({ source: parent.source, sink, uploader: this.#uploader }, tree);
  }

  /** The tree of one open directory. `device` is that of the root it belongs to, or undefined above the roots. */
  async #walk(place: {
    directory: Directory;
    path: Buffer;
    selection: Selection;
    parent: ParentDirectory | undefined;
    device: bigint | undefined;
  }): Promise<IdReference> {
    const { directory, path, selection, parent } = place;
    const assembler = this.#trees.startDirectory();
    for (const name of this.#namesOf(directory, selection)) {
      const entryPath = joinPath(path, name);
      if (selection === "all" && this.#excludes.isExcluded(entryPath)) continue;
      if (parent?.needsAdvance(name)) await parent.advance(name);
      const before = parent?.find(name);
      const entry = { ...place, name, path: entryPath, before };
      try {
        const found = statusAt(directory, name);
        const node = found.type === "directory" ? await this.#directory(entry, found) : await this.#entry(entry, found);
        if (node !== undefined && "later" in node) this.#addLater(entryPath, node.later, assembler.reserve());
        else if (node !== undefined) assembler.add(node);
      } catch (error) {
        this.#noteProblem(entryPath, error);
      }
      if (this.#uploader.isFull) await this.#uploader.room();
      if (this.#trees.isFull) await this.#uploader.workUntil(() => !this.#trees.isFull);
      if (this.#pace.isDue) await this.#pace.breathe();
    }
    return assembler.finish();
  }

  /** Ours and the sink's errors end the backup; the system's concern this entry. */
  #noteProblem(path: Buffer, error: unknown): void {
    if (codeOf(error) === "" || this.#uploader.hasFailed || this.#options.signal?.aborted) throw error;
    this.problems.addError(path, error);
  }

  #addLater(path: Buffer, later: Promise<NodeDraft | undefined>, fill: (node: NodeDraft | undefined) => void): void {
    this.#nodesLater++;
    const filling = later
      .catch((error: unknown) => {
        this.#noteProblem(path, error);
        return undefined;
      })
      .then(fill);
    // Whatever ends the backup is told to who waits for the uploader: the walk does sooner or later.
    filling
      .catch((error: unknown) => this.#uploader.fail(error))
      .finally(() => {
        this.#nodesLater--;
        this.#uploader.changed();
      });
  }

  #namesOf(directory: Directory, selection: Selection): Buffer[] {
    if (selection !== "all") {
      return [...selection.keys()].map((name) => Buffer.from(name, "latin1")).sort(Buffer.compare);
    }
    const names = listNames(directory);
    if (this.#options.excludeCaches && isCache(directory)) return names.filter((name) => name.equals(CACHE_TAG));
    return names;
  }

  async #directory(entry: Entry, found: FileStatus): Promise<NodeDraft | undefined> {
    const selection = this.#selectionBelow(entry);
    if (selection === "all" && entry.selection !== "all") this.#rootsFound++;
    const device = selection === "all" ? (entry.device ?? found.device) : undefined;
    const elsewhere = this.#options.oneFileSystem === true && device !== undefined && found.device !== device;
    let tree: IdReference;
    if (elsewhere) tree = this.#trees.startDirectory().finish();
    else {
      const directory = openDirectoryAt(entry.directory, entry.name);
      try {
        const parent = await this.#openParent(entry.before?.type === "directory" ? entry.before.tree : undefined);
        tree = await this.#walk({ directory, path: entry.path, selection, parent, device });
      } finally {
        close(directory.fd);
      }
    }
    this.#directories++;
    return { ...this.#attributes(entry, found), type: "directory", tree };
  }

  #selectionBelow({ selection, name }: Entry): Selection {
    return selection === "all" ? "all" : (selection.get(name.toString("latin1")) ?? "all");
  }

  async #entry(entry: Entry, found: FileStatus): Promise<NodeDraft | LaterNode | undefined> {
    if (entry.selection !== "all") {
      if (this.#selectionBelow(entry) !== "all") {
        this.problems.add(entry.path, "ENOTDIR", `${entry.path.toString("utf8")} is not a directory`);
        return undefined;
      }
      this.#rootsFound++;
    }
    this.#files++;
    if (found.type === "file") return this.#file(entry, found);
    const attributes = this.#attributes(entry, found);
    switch (found.type) {
      case "symlink":
        return { ...attributes, type: "symlink", target: readLinkAt(entry.directory, entry.name) };
      case "blockDevice":
      case "characterDevice":
        return { ...attributes, type: found.type, rdev: found.rdev };
      case "fifo":
      case "socket":
        return { ...attributes, type: found.type };
      case "directory":
        return undefined;
    }
  }

  async #file(entry: Entry, found: FileStatus): Promise<NodeDraft | LaterNode | undefined> {
    const { name, directory, before } = entry;
    if (before?.type === "file" && isUnchanged(before, found) && (await this.#hasLists(before))) {
      this.#bytes += before.size;
      const { unsettled, size } = before;
      // Changed attributes have changed the ctime.
      const extended = before.xattrsUnread === true ? undefined : before;
      return { ...this.#attributes(entry, found, extended), type: "file", size, unsettled, content: reuse(before) };
    }
    const known = this.#hardLinks.find(found);
    if (known !== undefined) {
      this.#bytes += known.size;
      return { ...this.#attributes(entry, found), type: "file", ...known };
    }
    const reading = await this.#reader.read(directory, name);
    if (reading.kind !== "later") return this.#nodeOf(entry, reading);
    return { later: reading.reading.then((read) => this.#nodeOf(entry, read)) };
  }

  #nodeOf(entry: Entry, reading: FileReading): NodeDraft | undefined {
    const { path } = entry;
    switch (reading.kind) {
      case "vanished":
        this.problems.add(path, "vanished", "is gone: it was there when the directory was read");
        return undefined;
      case "replaced":
        this.problems.add(path, "replaced", `has become a ${reading.status.type} while the backup ran`);
        return undefined;
      case "read": {
        if (reading.changed) this.problems.add(path, "changed", "changed while it was read; what was read is kept");
        const { content, size, chunks } = reading;
        const unsettled = reading.changed || this.#isUnsettled(reading.status);
        this.#bytes += size;
        this.#chunks += chunks;
        this.#hardLinks.add(reading.status, { content, size, unsettled });
        return {
          ...this.#attributes(entry, reading.status, reading.attributes),
          ...{ type: "file" as const, size, unsettled, content },
        };
      }
    }
  }

  /** The lists of a long file may be there and a chunk that they name not. */
  async #hasLists({ content }: FileNode): Promise<boolean> {
    const { parent, sink } = this.#options;
    if (content.kind !== "lists" || parent === undefined) return true;
    for (const id of content.lists) {
      const { chunks } = decodeTree(await parent.source.read("tree", id), `list ${id.toString("hex")}`);
      if ((await sink.missing("data", chunks)).includes(true)) return false;
    }
    return true;
  }

  #isUnsettled({ mtimeNs, ctimeNs }: FileStatus): boolean {
    const settledUntil = BigInt(Math.floor(this.#options.clock.now())) * 1_000_000n - SETTLED_AFTER_NS;
    return mtimeNs > settledUntil || ctimeNs > settledUntil;
  }

  #attributes(
    { directory, name, path }: Entry,
    found: FileStatus,
    extended: KnownAttributes = this.#extended.readAt(directory, name, found),
  ): NodeAttributes {
    if (extended.shortfall !== undefined) this.problems.add(path, extended.shortfall.code, extended.shortfall.problem);
    return {
      name,
      mode: found.mode,
      uid: found.uid,
      gid: found.gid,
      userName: this.#owners.userName(found.uid),
      groupName: this.#owners.groupName(found.gid),
      mtimeNs: found.mtimeNs,
      ctimeNs: found.ctimeNs,
      atimeNs: this.#options.accessTimes ? found.atimeNs : undefined,
      inode: found.inode,
      hardLink: this.#hardLinks.attributeOf(found),
      xattrs: extended.xattrs,
      xattrsUnread: extended.xattrsUnread,
    };
  }
}

/** The node of a file that is read beside the walk. */
interface LaterNode {
  readonly later: Promise<NodeDraft | undefined>;
}

interface Entry {
  readonly directory: Directory;
  readonly name: Buffer;
  readonly path: Buffer;
  readonly selection: Selection;
  readonly device: bigint | undefined;
  readonly before: ReturnType<ParentDirectory["find"]>;
}

function isUnchanged(before: FileNode, found: FileStatus): boolean {
  return (
    !before.unsettled &&
    before.size === found.size &&
    before.mtimeNs === found.mtimeNs &&
    before.ctimeNs === found.ctimeNs &&
    before.inode === found.inode
  );
}

function reuse({ content }: FileNode): FileContentDraft {
  if (content.kind === "lists") return { kind: "lists", lists: content.lists.map(referenceTo) };
  const pieces = content.pieces.map((piece) =>
    piece.kind === "hole" ? piece : { ...piece, chunk: referenceTo(piece.id) },
  );
  return { kind: "pieces", pieces };
}

const references = new WeakMap<Buffer, IdReference>();

/** One reference for one entry of the parent's table, so that an unchanged directory gets the same table. */
function referenceTo(id: Buffer): IdReference {
  const known = references.get(id);
  if (known !== undefined) return known;
  const reference = { id };
  references.set(id, reference);
  return reference;
}

function isCache(directory: Directory): boolean {
  let fd: number;
  try {
    fd = openForReadingAt(directory, CACHE_TAG);
  } catch {
    return false;
  }
  try {
    const start = Buffer.alloc(CACHE_SIGNATURE.length);
    readFully(fd, start, 0);
    return start.equals(CACHE_SIGNATURE);
  } catch {
    return false;
  } finally {
    close(fd);
  }
}
