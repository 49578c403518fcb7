/** A server that Rusuban minds: what the manager knows of it. */
export interface Host {
  /** UUID given at enrolment; the host's certificate carries it. */
  readonly id: string;
  /** What people call it; unique, at first the name the host gave itself. */
  readonly name: string;
  readonly facts: HostFacts;
  readonly enrolledAtMs: number;
  readonly lastSeenAtMs: number | null;
  readonly state: HostState;
  /** Where the manager reaches the agent: as the agent's connection showed it, or as the operator set it. */
  readonly address: string;
  /** Ports on which the agent listens, by flow, where they differ from the port map. */
  readonly ports: Readonly<Record<string, number>>;
  /** `tokyo/web`: in `web` of `tokyo`. Empty: in no group. */
  readonly group: string;
  /** Whether its state counts: for its groups, for the whole, and as an alert when it falls silent. */
  readonly watched: boolean;
  /** By what its state is known. */
  readonly means: HostMeans;
}

/** `agent` is ours; the others are for servers that run none. What is known by `windows-events` tells by itself. */
export const HOST_MEANS = ["agent", "wsman", "cim-xml", "snmp", "ping", "windows-events"] as const;
export type HostMeans = (typeof HOST_MEANS)[number];

/** What the agent says of its machine. */
export interface HostFacts {
  readonly hostname: string;
  /** `linux`, `win32`, … as Node names it. */
  readonly platform: string;
  /** Such as `Debian GNU/Linux 12 (bookworm)`. */
  readonly operatingSystem: string;
  readonly architecture: string;
  readonly agentVersion: string;
}

/** `unknown` until first heard of after the manager's start; `revoked` hosts are refused everywhere. */
export const HOST_STATES = ["up", "unreachable", "unknown", "revoked"] as const;
export type HostState = (typeof HOST_STATES)[number];
