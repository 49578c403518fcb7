import { flowOf } from "../../../ports/port-map.ts";
import type { Target } from "./target.ts";

/** Where the server listens: as the operator said, or as the port map has it. Ping has none. */
export function portOf({ means, port, trust }: Pick<Target, "means" | "port" | "trust">): number {
  if (port !== null) return port;
  const usual =
    means === "wsman" ? flowOf(trust.kind === "plain" ? "wsmanHttp" : "wsmanHttps").port : flowOf("cimXml").port;
  return usual ?? 0;
}
