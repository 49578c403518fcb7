import { reading } from "../../../model/create-reading.ts";
import type { Reading } from "../../../model/reading.ts";
import type { PingResult } from "../../../net/ping.ts";
import type { Means } from "./means.ts";

/** For what offers nothing else: it is up when it answers. */
export function createPingMeans(address: string, ping: (address: string) => Promise<PingResult>): Means {
  return {
    async look() {
      const { reachable, reason } = await ping(address);
      if (reachable !== true) throw new Error(reason);
      const answers: Reading = reading("host", "answers", { value: 1, unit: "none", summary: "answers ping" });
      return { facts: {}, readings: [answers] };
    },
    check: async () => [],
    close: () => {},
  };
}
