import type { HostMeans } from "../../../model/host.ts";
import type { ForeignTrust } from "../../../net/foreign-dial.ts";
import type { SnmpAccess } from "../../../protocols/snmp/access.ts";

/** How a server without our agent is looked at. */
export type AgentlessMeans = Exclude<HostMeans, "agent" | "windows-events">;

/** Everything that is needed to look at one server; the password only in memory. */
export interface Target {
  readonly hostId: string;
  readonly name: string;
  readonly address: string;
  readonly means: AgentlessMeans;
  /** Null: the port map's for these means. */
  readonly port: number | null;
  readonly trust: ForeignTrust;
  readonly account: { readonly name: string; readonly password: string } | null;
  /** `/wsman` or `/cimom` where the server has it elsewhere; null for the usual one. */
  readonly path: string | null;
  /** `root/cimv2` where null. */
  readonly namespace: string | null;
  /** By what it may be asked, where that is by SNMP; the secrets only in memory. */
  readonly snmp?: SnmpAccess | undefined;
}
