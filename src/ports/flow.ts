// What a declared port says about itself. A flow is one conversation between two parties: who begins it, who listens,
// on which port, under which protection. Everything that names a port (listeners, dialers, firewall rules, documents,
// diagnoses) reads a Flow; nothing else in src/ knows a number.

/** The same words for both kinds of reader. */
export interface Text {
  readonly en: string;
  readonly ja: string;
}
export type Language = keyof Text;

/** Who can begin or receive a flow. `device` is anything that sends traps; `console` is the CLI or a remote console. */
export type Party =
  | "manager"
  | "agent"
  | "device"
  | "console"
  | "browser"
  | "mail-server"
  | "web-server"
  | "microsoft-365";

export const PARTY_TITLES: Record<Party, Text> = {
  manager: { en: "manager", ja: "マネージャ" },
  agent: { en: "agent", ja: "エージェント" },
  device: { en: "device", ja: "機器" },
  console: { en: "CLI or remote console", ja: "CLI・リモートコンソール" },
  browser: { en: "web browser", ja: "Webブラウザ" },
  "mail-server": { en: "mail server", ja: "メールサーバ" },
  "web-server": { en: "web server", ja: "Webサーバ" },
  "microsoft-365": { en: "Microsoft 365", ja: "Microsoft 365" },
};

/** Both ends are part of the range. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** A port that stands in for the flow's own under a condition. `name` is what `--variant` takes. */
export interface PortVariant {
  readonly name: string;
  readonly port: number;
  readonly when: Text;
}

export const TRANSPORTS = ["tcp", "udp", "icmp"] as const;
export type Transport = (typeof TRANSPORTS)[number];

/**
 * `always`: TLS 1.3, and both sides prove who they are (a browser or console proves it with its session).
 * `standard`: the other side may be somebody else's software, so the standard's own security applies (HTTPS, STARTTLS).
 * `never`: no TLS on this port; what protects it, if anything, is in the flow's purpose.
 */
export type Tls = "always" | "standard" | "never";

/** One declared port. Titles in Japanese are the wording of the document that the seed row comes from, where there is one. */
export interface Flow {
  readonly title: Text;
  /** One sentence: what it is for. */
  readonly purpose: Text;
  /** One sentence: what stops working when a wall stands in between. */
  readonly whenClosed: Text;
  /** What is spoken on it. */
  readonly protocol: string;
  readonly initiators: readonly Party[];
  readonly listener: Party;
  readonly transport: Transport;
  /** Default port; null where ports do not exist (ICMP) or where `range` is meant. */
  readonly port: number | null;
  readonly range: PortRange | null;
  readonly variants: readonly PortVariant[];
  /** A loopback flow never becomes a rule between hosts. */
  readonly scope: "network" | "loopback";
  readonly tls: Tls;
  /** Whether the operator may move it; the setting's key is `settingKey(flow)`. */
  readonly changeable: boolean;
  /** True, or the condition under which it is used. */
  readonly enabled: true | Text;
  /** On which listening platform it exists. */
  readonly platform: "any" | "linux" | "windows";
  /** Standard and section, or the folder of our own protocol. */
  readonly spec: string;
  /** Rows of the two original products' documents (`esm-07`) that this flow serves. */
  readonly seedRows: readonly string[];
}

/** How many ports a range holds. */
export function rangeSize({ from, to }: PortRange): number {
  return to - from + 1;
}

/** `20300-20349`. */
export function formatRange({ from, to }: PortRange): string {
  return `${from}-${to}`;
}

/** Whether two ranges share a port; the shared part, or null. */
export function overlapOf(a: PortRange, b: PortRange): PortRange | null {
  const from = Math.max(a.from, b.from);
  const to = Math.min(a.to, b.to);
  return from <= to ? { from, to } : null;
}
