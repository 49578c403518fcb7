import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

// V8 frees buffers that nobody has any more when 64 MiB of them have come together, in each thread. Who makes and drops
// megabytes all the time says so: collecting what is young takes a fraction of a millisecond in a small heap.

type Collect = (options: { type: "minor" }) => void;

let collect: Collect | undefined;

/** Counts buffers that were made and dropped, and collects when there are enough of them. */
export class YoungCollection {
  readonly #afterBytes: number;
  #bytes = 0;

  constructor(afterBytes: number) {
    this.#afterBytes = afterBytes;
  }

  count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < this.#afterBytes) return;
    this.#bytes = 0;
    collect ??= findCollect();
    collect({ type: "minor" });
  }
}

/** Nothing is done where the runtime does not offer it: that costs memory only. */
function findCollect(): Collect {
  try {
    setFlagsFromString("--expose-gc");
    const found: unknown = runInNewContext("globalThis.gc");
    return typeof found === "function" ? (found as Collect) : () => {};
  } catch {
    return () => {};
  }
}
