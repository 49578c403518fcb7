import type { HostReadings, Reading } from "../model/reading.ts";

/** What was seen in one look. */
export interface Sight {
  readonly readAtMs: HostReadings["readAtMs"];
  readonly seen: readonly { readonly provider: string; readonly reading: Reading }[];
  /** Providers that answered: what they do not name is not there. */
  readonly answered: ReadonlySet<string>;
}
