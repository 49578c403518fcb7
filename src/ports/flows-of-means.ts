import type { FlowKey } from "./port-map.ts";

/** What crosses the network between the manager and a server without our agent, by the means by which it is minded. */
export const FLOWS_OF_MEANS = {
  wsman: ["wsmanHttps", "ping"],
  "cim-xml": ["cimXml", "ping"],
  snmp: ["snmpGet", "ping"],
  ping: ["ping"],
  "windows-events": ["eventCollector", "ping"],
} as const satisfies Readonly<Record<string, readonly FlowKey[]>>;
