import type { TreeNode } from "../store/tree.ts";
import type { EntryPlace } from "./entry-writer.ts";
import { close, type Directory, findStatusAt, openDirectoryAt } from "./file-calls.ts";

/** The first name under which a file with several names was restored. */
export interface RestoredLink {
  readonly names: readonly Buffer[];
  readonly name: Buffer;
  readonly device: bigint;
  readonly inode: bigint;
}

/** Files with several names, by the snapshot's device and inode. */
export class RestoredLinks {
  readonly #target: Directory | undefined;
  readonly #links = new Map<string, RestoredLink & { namesLeft: number }>();

  constructor(target: Directory | undefined) {
    this.#target = target;
  }

  find(node: TreeNode): RestoredLink | undefined {
    return node.hardLink === undefined ? undefined : this.#links.get(keyOf(node));
  }

  /** Notes the entry just restored; forgets it when all its names have passed. */
  remember(node: TreeNode, { names, directory }: { names: readonly Buffer[]; directory: Directory }): void {
    if (node.hardLink === undefined) return;
    const known = this.#links.get(keyOf(node));
    if (known !== undefined) {
      known.namesLeft--;
      if (known.namesLeft <= 0) this.#links.delete(keyOf(node));
      return;
    }
    const made = findStatusAt(directory, node.name);
    if (made === undefined) return;
    const { device, inode } = made;
    this.#links.set(keyOf(node), { names, name: node.name, device, inode, namesLeft: node.hardLink.links - 1 });
  }

  /** Walks to the directory of the first name, following no symlink, and hands it to `link`. */
  use(first: RestoredLink, link: (place: EntryPlace) => boolean): boolean {
    if (this.#target === undefined) return false;
    const opened: Directory[] = [];
    try {
      let directory = this.#target;
      for (const name of first.names) {
        directory = openDirectoryAt(directory, name);
        opened.push(directory);
      }
      return link({ directory, name: first.name });
    } finally {
      for (const { fd } of opened) close(fd);
    }
  }
}

function keyOf({ hardLink, inode, type }: TreeNode): string {
  return `${type}:${hardLink?.device ?? ""}:${inode}`;
}
