import type { Reading } from "../../model/reading.ts";

/**
 * An eye of the agent. `read` gives what it sees now; it may reject, or outlast its time (then `signal` aborts), and the
 * watcher says `unknown` for it. A value that cannot be read is null with the state `unknown`: never zero, never fine.
 * A provider gives `ok` or `unknown`; whether a value is bad is for the rules in watch/.
 */
export interface Provider {
  readonly name: string;
  read(signal: AbortSignal): Promise<readonly Reading[]>;
}
