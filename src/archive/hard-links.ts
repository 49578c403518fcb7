import type { FileStatus } from "./file-calls.ts";
import type { FileContentDraft } from "./file-reader.ts";

interface KnownFile {
  readonly content: FileContentDraft;
  readonly size: number;
  readonly unsettled: boolean;
}

/** Contents kept for further names; beyond this, further names are read again and deduplicated. */
const KNOWN_FILES_MAX = 50_000;

/** The names of one file: read once, recorded as one. */
export class HardLinks {
  readonly #devices = new Map<bigint, number>();
  readonly #known = new Map<string, KnownFile & { mtimeNs: bigint; namesLeft: number }>();

  /** For the node of anything but a directory that has more names than one. */
  attributeOf({ type, device, links }: FileStatus): { device: number; links: number } | undefined {
    if (type === "directory" || links < 2) return undefined;
    let number = this.#devices.get(device);
    if (number === undefined) {
      number = this.#devices.size;
      this.#devices.set(device, number);
    }
    return { device: number, links };
  }

  /** What an earlier name of the same file came to. */
  find(status: FileStatus): KnownFile | undefined {
    if (status.links < 2) return undefined;
    const key = keyOf(status);
    const known = this.#known.get(key);
    if (known === undefined || known.mtimeNs !== status.mtimeNs || known.size !== status.size) return undefined;
    known.namesLeft--;
    if (known.namesLeft <= 0) this.#known.delete(key);
    const { content, size, unsettled } = known;
    return { content, size, unsettled };
  }

  add(status: FileStatus, { content, size, unsettled }: KnownFile): void {
    if (status.links < 2 || this.#known.size >= KNOWN_FILES_MAX) return;
    this.#known.set(keyOf(status), { content, size, unsettled, mtimeNs: status.mtimeNs, namesLeft: status.links - 1 });
  }
}

function keyOf({ device, inode }: FileStatus): string {
  return `${device}:${inode}`;
}
