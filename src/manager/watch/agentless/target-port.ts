import { type FlowKey, flowOf } from "../../../ports/port-map.ts";
import type { Target } from "./target.ts";

/** Null for ping, which has no port. */
export function flowOfTarget({ means, trust }: Pick<Target, "means" | "trust">): FlowKey | null {
  if (means === "wsman") return trust.kind === "plain" ? "wsmanHttp" : "wsmanHttps";
  if (means === "cim-xml") return "cimXml";
  return means === "snmp" ? "snmpGet" : null;
}

/** Where the server listens: as the operator said, or as the port map has it. Ping has none. */
export function portOf(target: Pick<Target, "means" | "port" | "trust">): number {
  const flow = flowOfTarget(target);
  return target.port ?? (flow === null ? 0 : (flowOf(flow).port ?? 0));
}
