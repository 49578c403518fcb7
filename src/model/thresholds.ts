/** At or beyond a level is bad; null: there is no such level. */
export interface Levels {
  readonly warning: number | null;
  readonly critical: number | null;
}

/**
 * From where on readings are bad. `fileSystem`, `memory` and `processor` are parts of the whole, 0 to 1; `load` is for each
 * processor, over five minutes.
 */
export interface ThresholdSet {
  readonly fileSystem: Levels;
  readonly memory: Levels;
  readonly load: Levels;
  readonly processor: Levels;
}

/** What differs for one server without our agent: what is left out is as everywhere. */
export interface HostThresholds extends Readonly<Partial<Record<keyof ThresholdSet, Levels | undefined>>> {
  /** By the name of the file system, as its readings have it: `/archive`, `C:`. */
  readonly fileSystems?: Readonly<Record<string, Levels>> | undefined;
}
