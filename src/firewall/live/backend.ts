import type { Direction } from "../rule.ts";
import type { CommandRunner } from "./command-runner.ts";
import type { Opening, PlacedOpening } from "./opening.ts";

/** Who can be in charge of a host's packets. `nftables` and `iptables` are tables that somebody filled by other means. */
export const MANAGER_KINDS = ["firewalld", "ufw", "nftables", "iptables"] as const;
export type ManagerKind = (typeof MANAGER_KINDS)[number];

/** One place where packets of a direction are denied unless something before lets them in: an accept of ours belongs there. */
export interface DecisionPlace {
  readonly manager: ManagerKind;
  /** `inet filter input`, `iptables-nft INPUT`, `ufw`, `firewalld`. */
  readonly place: string;
  readonly direction: Direction;
  readonly families: readonly (4 | 6)[];
  /** What was seen: `chain input of table inet filter: policy drop`. */
  readonly evidence: string;
}

/** What of ours is there. */
export interface LiveRules {
  readonly entries: readonly PlacedOpening[];
  /** What stands in our own chains and is not of our making, or does not take effect; a line each. */
  readonly strange: readonly string[];
}

export interface Wanted {
  readonly entries: readonly PlacedOpening[];
  /** What this manager cannot say, and why it matters or not. */
  readonly leftOut: readonly { readonly opening: Opening; readonly reason: string }[];
}

/** What was done so that the rules are there after a restart, one sentence each; empty where nothing had to be done. */
export interface PersistenceReport {
  readonly done: readonly string[];
  /** What is still missing for it, with what to do. */
  readonly missing: readonly string[];
}

/**
 * One firewall manager. `converge` makes exactly `entries` of ours be there and touches nothing else; it runs nothing
 * where that is so already, and with no entries leaves no trace. Throws PeerError with the program's own words.
 */
export interface FirewallBackend {
  readonly kind: ManagerKind;
  want(openings: readonly Opening[], places: readonly DecisionPlace[]): Promise<Wanted>;
  read(): Promise<LiveRules>;
  converge(entries: readonly PlacedOpening[]): Promise<void>;
  /** Entries that a restart brings back. */
  readPersistent(): Promise<readonly PlacedOpening[]>;
  persist(entries: readonly PlacedOpening[]): Promise<PersistenceReport>;
}

/** The machine whose firewall it is; tests hand in a network namespace. */
export interface Machine {
  readonly run: CommandRunner;
  readonly files: SystemFiles;
}

export interface SystemFiles {
  /** The text, or undefined where there is no such file. */
  read(path: string): Promise<string | undefined>;
  /** Replaces the content in one step; a file that was there keeps its mode and owner, a new one is root's alone. */
  write(path: string, content: string): Promise<void>;
  /** Removes the file, and its folder where that is then empty and named after us. */
  remove(path: string): Promise<void>;
}
