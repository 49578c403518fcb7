// A profile is an existing product's port document, row by row and word by word: what it states, what it leaves open,
// and which of our flows does the same work. People who run that product get their firewall rules and answers from it.

import type { Party, PortRange, Text, Transport } from "../flow.ts";
import type { FlowKey } from "../port-map.ts";

/** A port as the document gives it. `onlyOn` names the variant under which it replaces the row's other ports. */
export type ProfilePort =
  | { readonly kind: "port"; readonly port: number; readonly onlyOn?: string }
  | { readonly kind: "range"; readonly range: PortRange; readonly statedIn: string }
  | { readonly kind: "windows-rule"; readonly rule: string; readonly group: boolean }
  | { readonly kind: "automatic" }
  /** ICMP has no ports. */
  | { readonly kind: "portless" }
  /** The document says that there is none. */
  | { readonly kind: "none" };

export interface ProfileRow {
  readonly id: string;
  readonly feature: Text;
  readonly scope: "network" | "loopback";
  /** The document's own word, `NOT STATED` where it gives none. */
  readonly initiator: string;
  readonly source: string;
  readonly sourcePort: string;
  readonly destination: string;
  /** The two ends in our words; null where the document does not say. */
  readonly from: Party | null;
  readonly to: Party | null;
  readonly ports: readonly ProfilePort[];
  readonly transport: Transport | "none" | "not stated";
  readonly application: string | null;
  readonly reply: string;
  /** The document's wording, and the watched server's platforms that it comes down to. */
  readonly platform: string;
  readonly platforms: readonly ("windows" | "linux")[];
  readonly changeable: string | null;
  readonly changeWhere: string | null;
  readonly footnotes: readonly string[];
  /** What is likely and not in the text. */
  readonly inferred: readonly string[];
  /** The flows of Rusuban that do this row's work. */
  readonly flows: readonly FlowKey[];
  /** Why there are none. */
  readonly unserved: Text | null;
}

/** What every row says unless it says otherwise. */
export const ROW_DEFAULTS = {
  scope: "network",
  transport: "tcp",
  application: null,
  platform: "any",
  platforms: ["windows", "linux"],
  changeable: null,
  changeWhere: null,
  footnotes: [],
  inferred: [],
  unserved: null,
} as const satisfies Partial<ProfileRow>;

/** A mistake that the document leads people into; `rule` is what a rule generator or diagnosis must do instead. */
export interface Trap {
  readonly id: string;
  readonly claim: string;
  /** How it was tried, where it was. */
  readonly verified?: string;
  readonly rule: string;
}

/** A line of the document's own firewall example. `row` is what it is meant for. */
export interface SampleRule {
  readonly host: string;
  readonly line: string;
  readonly row: string | null;
}

export interface ProfileVariant {
  readonly name: string;
  readonly title: Text;
  readonly platform: "windows" | "linux";
}

export interface Profile {
  readonly name: string;
  readonly product: string;
  readonly sourceFile: string;
  readonly variants: readonly ProfileVariant[];
  readonly rows: readonly ProfileRow[];
  readonly traps: readonly Trap[];
  readonly sampleRules: readonly SampleRule[];
  readonly notes: readonly string[];
  readonly errorCodes: readonly { readonly code: string; readonly meaning: string }[];
  readonly symptoms: readonly string[];
  readonly diagnosisTools: readonly string[];
}

/** The rows as they hold for one variant: those of its platform, with its own ports in place of the usual ones. */
export function rowsFor(profile: Profile, variant: ProfileVariant): ProfileRow[] {
  return profile.rows
    .filter(({ platforms }) => platforms.includes(variant.platform))
    .map((row) => {
      const own = row.ports.filter((port) => port.kind === "port" && port.onlyOn === variant.name);
      const usual = row.ports.filter((port) => port.kind !== "port" || port.onlyOn === undefined);
      return { ...row, ports: own.length > 0 ? own : usual };
    });
}
