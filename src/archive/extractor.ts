import { realpathSync } from "node:fs";
import { ConnectError, CorruptionError, codeOf, PeerError, reasonOf, SettingsError } from "../runtime/errors.ts";
import { makeFolders } from "../runtime/make-folders.ts";
import { systemRandom } from "../runtime/random.ts";
import type { ChunkSource } from "../store/chunk-sink.ts";
import { joinPath } from "../store/path-bytes.ts";
import { readLeaves } from "../store/snapshot-tree.ts";
import type { DirectoryNode, FileNode, TreeNode } from "../store/tree.ts";
import {
  type EntryPlace,
  EntryWriter,
  type NewcomerOwner,
  type NewFile,
  type Shortfall,
  setAttributes,
} from "./entry-writer.ts";
import { createExcludeRules, type ExcludeRules } from "./exclude-rules.ts";
import { hasAttributes } from "./extended-attributes.ts";
import type { ExtractAction, ExtractOptions, ExtractResult, ExtractStats } from "./extract-options.ts";
import {
  close,
  type Directory,
  type FileStatus,
  findStatusAt,
  makeDirectoryAt,
  openDirectory,
  openDirectoryAt,
  readLinkAt,
  setMode,
  unlinkAt,
} from "./file-calls.ts";
import { FileDispatcher, isWhole, type WaitingFile, writeInParts } from "./file-dispatcher.ts";
import { newcomersIn, OpenDirectories, type OpenDirectory } from "./open-directories.ts";
import { Pace } from "./pace.ts";
import { ProblemList } from "./problem-list.ts";
import { RestoreCrew } from "./restore-crew.ts";
import type { WholeFileNode } from "./restore-task.ts";
import { RestoredLinks } from "./restored-links.ts";
import { createSelection, type Selection } from "./selection.ts";
import { removeLeftovers, startOfNames, TemporaryNames } from "./temporary-names.ts";
import { isUnchanged } from "./unchanged-entry.ts";
import { createVerifyingSource } from "./verifying-source.ts";
import { declareRestoreLosses } from "./what-is-lost.ts";

// Restores a snapshot, or parts of it, below a directory. Whatever the snapshot says, nothing is written elsewhere: names
// come checked from the decoder, every directory is opened without following symlinks and worked in through its handle.

const ROOT = Buffer.from("/");
/** Nodes of a directory looked at ahead, to have their trees on the way. */
const NODES_AHEAD = 32;
const OWNER_RIGHTS = 0o700;
/** Root needs no rights lent; -1 where the system has no users. */
const OUR_UID = process.geteuid?.() ?? -1;
/** Errors of the target as a whole: going on would fail for every further entry. */
const FATAL_CODES = new Set(["ENOSPC", "EDQUOT", "EROFS"]);

/** Resolves when all was tried; rejects for what concerns the whole: no space, no connection, an aborted signal, a path that the snapshot does not hold. */
export async function extract(options: ExtractOptions): Promise<ExtractResult> {
  const extractor = new Extractor(options);
  await extractor.run();
  // Threads find them in no order.
  const problems = extractor.problems.kept.sort((a, b) => Buffer.compare(a.path, b.path));
  return { stats: extractor.stats(), problems };
}

interface Place {
  /** Undefined in a dry run where the directory does not exist. */
  readonly directory: Directory | undefined;
  /** Undefined in a dry run. */
  readonly opened: OpenDirectory | undefined;
  /** Absolute in the snapshot. */
  readonly path: Buffer;
  /** From the target down, for finding the directory again. */
  readonly names: readonly Buffer[];
  readonly selection: Selection;
  /** Made by this restore: nothing can be in the way. */
  readonly isNew: boolean;
  readonly newcomers: NewcomerOwner | undefined;
}

class Extractor {
  readonly problems = new ProblemList();
  readonly #options: ExtractOptions;
  /** Trees; contents are verified where they are written. */
  readonly #trees: ChunkSource;
  readonly #writer: EntryWriter;
  readonly #crew: RestoreCrew;
  readonly #dispatcher: FileDispatcher;
  readonly #opened = new OpenDirectories();
  readonly #pace: Pace;
  readonly #excludes: ExcludeRules;
  #links: RestoredLinks | undefined;
  #failure: { readonly error: unknown } | undefined;
  #current: Buffer | undefined;
  #files = 0;
  #directories = 0;
  #bytes = 0;
  #unchanged = 0;
  #skipped = 0;

  constructor(options: ExtractOptions) {
    this.#options = options;
    const { clock, signal, source, chunking, random = systemRandom, threadsMax } = options;
    this.#trees = createVerifyingSource(source, chunking);
    const { idKey } = chunking;
    const start = startOfNames(random(8));
    this.#writer = new EntryWriter({ names: new TemporaryNames({ idKey, start, thread: 0 }) });
    this.#crew = new RestoreCrew({ idKey, start, writer: this.#writer, threadsMax });
    this.#dispatcher = new FileDispatcher({ source, crew: this.#crew });
    this.#pace = new Pace({ clock, signal, report: () => this.#tellProgress() });
    this.#excludes = createExcludeRules(options.excludes ?? []);
  }

  async run(): Promise<void> {
    const { paths, root } = this.#options;
    const selection: Selection = paths === undefined || paths.length === 0 ? "all" : createSelection(paths).selection;
    const directory = await openTarget(this.#options);
    declareRestoreLosses(this.problems);
    this.#links = new RestoredLinks(directory);
    const rest = { opened: undefined, isNew: false, newcomers: undefined };
    if (directory !== undefined && this.#options.dryRun !== true)
      removeLeftovers(directory, this.#options.chunking.idKey);
    try {
      await this.#restoreInto({ ...rest, directory, path: ROOT, names: [], selection }, root);
      await this.#settle();
    } finally {
      // Whatever happened: handles are closed when nobody writes through them any more.
      await this.#dispatcher.drain();
      await this.#crew.close();
      this.#opened.closeAll();
      if (directory !== undefined) close(directory.fd);
    }
    this.#tellProgress();
  }

  #tellProgress(): void {
    this.#options.onProgress?.({ ...this.stats(), current: this.#current });
  }

  stats(): ExtractStats {
    return {
      files: this.#files,
      directories: this.#directories,
      bytes: this.#bytes,
      unchanged: this.#unchanged,
      skipped: this.#skipped,
      problems: this.problems.count,
    };
  }

  async #restoreInto(place: Place, tree: Buffer): Promise<void> {
    const wanted = place.selection === "all" ? undefined : new Set(place.selection.keys());
    const isWanted = ({ name }: TreeNode) => wanted === undefined || wanted.delete(name.toString("latin1"));
    try {
      for await (const leaf of readLeaves(this.#trees, tree)) {
        const nodes = wanted === undefined ? leaf : leaf.filter(isWanted);
        for (let from = 0; from < nodes.length; from += NODES_AHEAD) {
          const next = nodes.slice(from, from + NODES_AHEAD);
          this.#readAhead(next);
          for (const node of next) await this.#restore(place, node);
        }
      }
    } catch (error) {
      this.#note(place.path, error);
    }
    for (const name of wanted ?? []) {
      const path = joinPath(place.path, Buffer.from(name, "latin1"));
      this.problems.add(path, "ENOENT", "is not in the snapshot");
    }
  }

  #readAhead(nodes: readonly TreeNode[]): void {
    for (const node of nodes) if (node.type === "directory") this.#trees.read("tree", node.tree).catch(() => {});
  }

  /** Resolves when everything begun has come to an end; rejects with what ended the restore. */
  async #settle(): Promise<void> {
    await this.#dispatcher.drain();
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #restore(place: Place, node: TreeNode): Promise<void> {
    const path = joinPath(place.path, node.name);
    const selection = place.selection === "all" ? "all" : (place.selection.get(node.name.toString("latin1")) ?? "all");
    if (selection === "all" && this.#excludes.isExcluded(path)) return;
    this.#current = path;
    try {
      const { directory, isNew } = place;
      const existing = directory === undefined || isNew ? undefined : findStatusAt(directory, node.name);
      if (node.type === "directory") await this.#restoreDirectory({ ...place, path, selection }, node, existing);
      else if (selection !== "all")
        this.problems.add(path, "ENOTDIR", `is a ${node.type} in the snapshot, not a directory`);
      else await this.#restoreEntry(place, path, node, existing);
    } catch (error) {
      this.#note(path, error);
    }
    if (this.#dispatcher.isFull) await this.#dispatcher.room();
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#pace.isDue) await this.#pace.breathe();
  }

  async #restoreDirectory(place: Place, node: DirectoryNode, existing: FileStatus | undefined): Promise<void> {
    const { overwrite, dryRun } = this.#options;
    const parent = place.directory;
    const isThere = existing?.type === "directory";
    if (existing !== undefined && !isThere && overwrite === "never") {
      this.#tell(place.path, node, "skip");
      return this.problems.add(place.path, "ENOTDIR", `a ${existing.type} is in the way of a directory`);
    }
    this.#tell(place.path, node, existing === undefined ? "create" : isThere ? "unchanged" : "replace");
    this.#directories++;
    const names = [...place.names, node.name];
    if (dryRun === true || parent === undefined) {
      const directory = isThere && parent !== undefined ? openDirectoryAt(parent, node.name) : undefined;
      try {
        return await this.#restoreInto({ ...place, directory, names }, node.tree);
      } finally {
        if (directory !== undefined) close(directory.fd);
      }
    }
    if (this.#opened.areTooMany) await this.#dispatcher.drain();
    if (existing !== undefined && !isThere) unlinkAt(parent, node.name);
    if (!isThere) makeDirectoryAt(parent, node.name);
    const directory = openDirectoryAt(parent, node.name);
    // Its owner may write into a read-only directory of his own once he has lent himself the right.
    const isOurs = isThere && existing.uid === OUR_UID && OUR_UID !== 0;
    const isLent = isOurs && overwrite !== "never" && (existing.mode & OWNER_RIGHTS) !== OWNER_RIGHTS;
    // One that only leads to what was asked for stays as it was.
    const isGivenAttributes = !isThere || (overwrite !== "never" && place.selection === "all");
    const finish = () =>
      this.#attempt(place.path, () => {
        if (isGivenAttributes) {
          const shortfall = setAttributes(directory.fd, node);
          // Nobody asked for a directory that only leads there: that it has another owner is no failure.
          if (place.selection === "all") this.#noteShortfall(place.path, shortfall);
        } else if (isLent) setMode(directory.fd, existing.mode);
      });
    const opened = this.#opened.begin(directory, { parent: place.opened, finish });
    if (isLent) setMode(directory.fd, existing.mode | OWNER_RIGHTS);
    if (isThere) removeLeftovers(directory, this.#options.chunking.idKey);
    const newcomers = isThere ? undefined : newcomersIn(directory);
    await this.#restoreInto({ ...place, directory, opened, names, isNew: !isThere, newcomers }, node.tree);
    this.#opened.walked(opened);
  }

  async #restoreEntry(
    place: Place,
    path: Buffer,
    node: Exclude<TreeNode, DirectoryNode>,
    existing: FileStatus | undefined,
  ): Promise<void> {
    const { directory, names } = place;
    const { overwrite, dryRun } = this.#options;
    if (existing?.type === "directory") {
      this.#tell(path, node, "skip");
      return this.problems.add(path, "EISDIR", `a directory is in the way of a ${node.type}`);
    }
    if (existing !== undefined && overwrite === "never") {
      this.#skipped++;
      return this.#tell(path, node, "skip");
    }
    const linked = directory === undefined ? undefined : this.#links?.find(node);
    const isSame =
      existing !== undefined &&
      directory !== undefined &&
      (linked !== undefined
        ? linked.inode === existing.inode && linked.device === existing.device
        : overwrite === "changed" &&
          isUnchanged(node, existing, () => readLinkAt(directory, node.name)) &&
          hasAttributes(directory, node));
    this.#tell(path, node, isSame ? "unchanged" : existing === undefined ? "create" : "replace");
    if (isSame) this.#unchanged++;
    if (!isSame && dryRun !== true && directory !== undefined) {
      // Further names wait for the first; all others need not be waited for.
      if (node.type === "file" && node.hardLink === undefined && isWhole(node))
        return this.#queue({ ...place, directory }, path, node);
      const entry = { directory, name: node.name };
      const isLinked =
        linked !== undefined && this.#links?.use(linked, (first) => this.#writer.writeHardLink(entry, first, linked));
      if (linked !== undefined && isLinked !== true)
        this.problems.add(path, "refused", "is a file of its own: its other name cannot be linked");
      if (isLinked !== true && !this.#noteShortfall(path, await this.#write(entry, node, place.newcomers))) return;
    }
    this.#files++;
    if (directory !== undefined && dryRun !== true) this.#links?.remember(node, { names, directory });
  }

  #queue(
    { directory, opened, newcomers }: Pick<Place, "opened" | "newcomers"> & { directory: Directory },
    path: Buffer,
    node: WholeFileNode,
  ): void {
    if (opened !== undefined) opened.busy++;
    const settle: WaitingFile["settle"] = (outcome) => {
      this.#attempt(path, () => {
        if ("error" in outcome) throw outcome.error;
        this.#noteShortfall(path, outcome.shortfall);
        this.#files++;
        this.#bytes += node.size;
      });
      if (opened !== undefined) this.#opened.leave(opened);
    };
    this.#dispatcher.add({ directory, newcomers, node, settle });
  }

  async #write(
    place: EntryPlace,
    node: Exclude<TreeNode, DirectoryNode>,
    newcomers: NewcomerOwner | undefined,
  ): Promise<Shortfall> {
    switch (node.type) {
      case "file":
        return this.#writeInParts(this.#writer.beginFile(place, node, newcomers), node);
      case "symlink":
        return this.#writer.writeSymlink(place, node);
      default:
        return this.#writer.writeSpecial(place, node);
    }
  }

  async #writeInParts(file: NewFile, node: FileNode): Promise<Shortfall> {
    const between = async (bytes: number) => {
      this.#bytes += bytes;
      if (this.#pace.isDue) await this.#pace.breathe();
    };
    try {
      await writeInParts(file.fd, node, { trees: this.#trees, dispatcher: this.#dispatcher, between });
      return this.#writer.finishFile(file, node);
    } catch (error) {
      this.#writer.abandonFile(file);
      throw error;
    }
  }

  /** Where nobody waits for it: what ends the restore is thrown at the next entry. */
  #attempt(path: Buffer, act: () => void): void {
    try {
      act();
    } catch (error) {
      try {
        this.#note(path, error);
      } catch (fatal) {
        this.#failure ??= { error: fatal };
      }
    }
  }

  /** False when nothing was made. */
  #noteShortfall(path: Buffer, shortfall: Shortfall): boolean {
    if (shortfall === undefined) return true;
    this.problems.add(path, shortfall.code, shortfall.problem);
    return shortfall.code !== "unsupported";
  }

  #tell(path: Buffer, node: TreeNode, action: ExtractAction): void {
    this.#options.onEntry?.({ path, node, action });
  }

  /** Lists what concerns this entry alone; throws what ends the restore. */
  #note(path: Buffer, error: unknown): void {
    this.#options.signal?.throwIfAborted();
    const isDamage = error instanceof CorruptionError || (error instanceof PeerError && isNotFound(error));
    if (isDamage) {
      this.problems.add(path, "damaged", reasonOf(error));
      return;
    }
    if (error instanceof ConnectError || codeOf(error) === "" || FATAL_CODES.has(codeOf(error))) throw error;
    this.problems.addError(path, error);
  }
}

/** As the store says it, and as the deduplication engine's flow does. */
function isNotFound({ code }: PeerError): boolean {
  return code === "not-found" || code === "notFound";
}

/** The target is the operator's word: it may be a symlink. Undefined in a dry run where it is not there. */
async function openTarget({ target, dryRun }: ExtractOptions): Promise<Directory | undefined> {
  try {
    if (dryRun !== true) await makeFolders(target);
    return openDirectory(realpathSync(target, { encoding: "buffer" }));
  } catch (error) {
    if (dryRun === true && codeOf(error) === "ENOENT") return undefined;
    throw new SettingsError("target", reasonOf(error));
  }
}
