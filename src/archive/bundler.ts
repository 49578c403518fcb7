import { crc32 } from "node:zlib";
import { type IdReference, type PieceDraft, resolveReference } from "../store/tree-builder.ts";

// Small files share chunks. One chunk a file would cost an id, an index entry, a seal and a compression of a few hundred
// bytes each; the files of a directory compress together to half the size. Bundles end at boundaries that the contents
// decide, so that a copied directory mostly finds its bundles again.

/** Files up to this size go into bundles; larger ones are cut by the chunker. */
export const BUNDLED_FILE_BYTES_MAX = 128 * 1024;
/** The small files of /usr/share take 3 % less in bundles of 1 to 2 MiB than in bundles of 256 KiB to 1 MiB. */
const BUNDLE_BYTES_MIN = 1024 * 1024;
const BUNDLE_BYTES_MAX = 2 * 1024 * 1024;
/** Past the minimum one file in sixteen ends its bundle. */
const BOUNDARY_MASK = 15;

/** Collects contents; `emit` gets each full bundle, a view that is valid until it returns, and returns its id. */
export class Bundler {
  readonly #emit: (bundle: Buffer) => Buffer;
  readonly #buffer = Buffer.allocUnsafeSlow(BUNDLE_BYTES_MAX);
  #filled = 0;
  #reference: IdReference = { id: undefined };

  constructor(emit: (bundle: Buffer) => Buffer) {
    this.#emit = emit;
  }

  /** Not empty, at most BUNDLED_FILE_BYTES_MAX. The piece's id is filled in when the bundle closes. */
  add(content: Buffer): PieceDraft {
    if (this.#filled + content.length > BUNDLE_BYTES_MAX) this.close();
    const piece: PieceDraft = { kind: "data", chunk: this.#reference, offset: this.#filled, length: content.length };
    content.copy(this.#buffer, this.#filled);
    this.#filled += content.length;
    if (this.#filled >= BUNDLE_BYTES_MIN && (crc32(content) & BOUNDARY_MASK) === 0) this.close();
    return piece;
  }

  close(): void {
    if (this.#filled === 0) return;
    const reference = this.#reference;
    const id = this.#emit(this.#buffer.subarray(0, this.#filled));
    this.#reference = { id: undefined };
    this.#filled = 0;
    // Last: who waited for it may have more to add.
    resolveReference(reference, id);
  }
}
