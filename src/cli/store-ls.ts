import { resolve } from "node:path";
import type { Command } from "commander";
import { formatBytes } from "../model/quantity.ts";
import type { SnapshotEntry } from "../model/snapshot.ts";
import type { Text } from "../ports/flow.ts";
import type { ChunkSource } from "../store/chunk-sink.ts";
import type { NodeType, TreeNode } from "../store/tree.ts";
import { defineCommand } from "./define-command.ts";
import { formatMode } from "./mode.ts";
import { formatMoment } from "./quantities.ts";
import type { Cli, Session } from "./session.ts";
import { type PathJson, pathJson, pathText } from "./store-bytes.ts";
import { chooseSnapshot, type SnapshotFilter } from "./store-choice.ts";
import { type StoreOptions, withStore } from "./store-opening.ts";
import { FILTER_OPTIONS, PASSPHRASE_OPTION, SNAPSHOT_ARGUMENT, STORE_ARGUMENT, STORE_WORDS } from "./store-words.ts";

const WORDS = {
  about: { en: "list what a snapshot holds", ja: "スナップショットの内容を一覧表示" },
  path: {
    en: "directory or file in the snapshot; its top where not given",
    ja: "スナップショット内のパス(省略時は最上位)",
  },
  rawPath: {
    en: "the path by its bytes in base64, as --json gives them",
    ja: "base64 で表したパス(--json の出力形式)",
  },
  recursive: { en: "with everything below", ja: "下位のディレクトリもすべて表示" },
  notThere: { en: "{path}: is not in snapshot {id}", ja: "{path}: スナップショット {id} にありません" },
  isEmpty: { en: "The directory is empty.", ja: "ディレクトリは空です。" },
} as const satisfies Record<string, Text>;

interface Options extends StoreOptions, SnapshotFilter {
  readonly recursive?: boolean;
  readonly rawPath?: string;
}

/** `rusuban store ls STORE SNAPSHOT [PATH]`. */
export function storeLsCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "ls",
    about: WORDS.about,
    arguments: [STORE_ARGUMENT, SNAPSHOT_ARGUMENT, ["[path]", WORDS.path]],
    options: [
      { flags: "-r, --recursive", about: WORDS.recursive },
      { flags: "--raw-path <base64>", about: WORDS.rawPath },
      // A path names what is listed here; which snapshot `latest` is, host and tag say.
      ...FILTER_OPTIONS.filter(({ flags }) => !flags.startsWith("--path")),
      PASSPHRASE_OPTION,
    ],
    examples: [
      "rusuban store ls /mnt/disk/backups latest",
      "rusuban store ls /mnt/disk/backups 0193a1b2 /etc/nginx --recursive",
    ],
    run: list,
  });
}

function list(session: Session, place: string, ref: string, text: string | undefined, options: Options) {
  const { recursive = false, rawPath, host, tag } = options;
  return withStore(session, place, { ...options, interrupted: STORE_WORDS.interruptedReading }, async (opened) => {
    const { store, signal } = opened;
    const { findNode, listTree } = await import("../store/snapshot-tree.ts");
    const filter = { ...(host === undefined ? {} : { host }), ...(tag === undefined ? {} : { tag }) };
    const { id, root } = chooseSnapshot(session, store.listSnapshots(), { ref, store: place, filter });
    const path = rawPath === undefined ? Buffer.from(resolve("/", text ?? "/")) : Buffer.from(rawPath, "base64");
    const source: ChunkSource = { read: (kind, object) => store.read(kind, object) };
    if (path.length > 1 && (await findNode(source, root, path)) === undefined)
      throw session.failure("not-found", WORDS.notThere, { values: { path: pathText(path), id } });
    const entries: EntryJson[] = [];
    let count = 0;
    for await (const { path: entryPath, node } of listTree(source, root, { path, recursive })) {
      signal.throwIfAborted();
      count++;
      // Not a table: of a whole disk nobody wants to wait for the last name before seeing the first.
      if (session.json) entries.push(entryJson(entryPath, node));
      else session.printText(entryLine(entryPath, node));
    }
    session.result({ snapshot: id, entries }, () => {
      if (count === 0) session.tell(WORDS.isEmpty);
    });
    return undefined;
  });
}

const KINDS: Readonly<Record<NodeType, SnapshotEntry["kind"]>> = {
  directory: "directory",
  file: "file",
  symlink: "symlink",
  fifo: "fifo",
  socket: "socket",
  blockDevice: "block-device",
  characterDevice: "character-device",
};

interface EntryJson extends PathJson {
  readonly kind: SnapshotEntry["kind"];
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly modifiedAtMs: number;
  readonly linkTarget: PathJson | null;
}

function entryJson(path: Buffer, node: TreeNode): EntryJson {
  const { type, mode, uid, gid } = node;
  return {
    ...pathJson(path),
    ...{ kind: KINDS[type], mode, uid, gid, size: type === "file" ? node.size : 0 },
    modifiedAtMs: Number(node.mtimeNs / 1_000_000n),
    linkTarget: type === "symlink" ? pathJson(node.target) : null,
  };
}

function entryLine(path: Buffer, node: TreeNode): string {
  const { type, mode, uid, gid, mtimeNs } = node;
  const size = type === "file" ? formatBytes(node.size) : "-";
  const target = type === "symlink" ? ` -> ${pathText(node.target)}` : "";
  const shown = `${pathText(path)}${type === "directory" ? "/" : ""}${target}`;
  const owner = `${uid}:${gid}`.padEnd(11);
  return `${formatMode(KINDS[type], mode)}  ${owner} ${size.padStart(10)}  ${formatMoment(Number(mtimeNs / 1_000_000n))}  ${shown}`;
}
