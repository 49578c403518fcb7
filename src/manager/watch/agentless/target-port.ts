import { flowOf } from "../../../ports/port-map.ts";
import type { Target } from "./target.ts";

/** Where the server listens: as the operator said, or as the port map has it. Ping has none. */
export function portOf({ means, port, trust }: Pick<Target, "means" | "port" | "trust">): number {
  if (port !== null) return port;
  if (means === "wsman") return flowOf(trust.kind === "plain" ? "wsmanHttp" : "wsmanHttps").port ?? 0;
  return flowOf(means === "snmp" ? "snmpGet" : "cimXml").port ?? 0;
}
