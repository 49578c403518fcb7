import type { Dialled, Helper } from "../../doctor/helper.ts";
import type { PastedBody } from "../../protocols/doctor/pasted-answer.ts";
import type { Clock } from "../../runtime/clock.ts";
import { createRemoteHelper } from "./remote-helper.ts";

/** A far end that has answered once and for all: what it saw and tried is in the answer, nothing can be asked anew. */
export function createRecordedHelper({ sight, dials }: Pick<PastedBody, "sight" | "dials">, clock: Clock): Helper {
  return {
    async look(ports) {
      const seen = await createRemoteHelper(async () => sight, clock).look(ports);
      // Neither counters nor the clock can be compared with anything that happens now.
      return { ...seen, atMs: null, counters: null, halfOpen: [] };
    },
    count: async () => ({ counters: null, halfOpen: [] }),
    async dial(order): Promise<Dialled> {
      const recorded = dials.find(({ flow, address }) => flow === order.flow && address === order.address);
      if (order.kind !== "tls" || recorded === undefined) {
        return { attempts: [], way: { route: "unknown", neighbour: "unknown" }, answered: 0 };
      }
      return createRemoteHelper(async () => recorded.dialled, clock).dial(order);
    },
    async listen({ ports }) {
      return { id: 0, ports: ports.map((port) => ({ port, code: "UNTRIED", accepted: 0, proven: 0 })) };
    },
    async hold() {
      return { id: 0, code: "UNTRIED", forgetsAfterS: null };
    },
    async heard() {
      return { ports: [], provenFrom: [], datagrams: [] };
    },
  };
}
