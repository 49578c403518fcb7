import type { CimInstance } from "../../cim/cim-instance.ts";
import { CIMV2 } from "../../cim/provider.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";

/**
 * Tells indications to those who subscribed over CIM-XML and to those who did over WS-Management. Each has a store of its
 * own, and what fails in one, even with one indication, keeps nothing from the others. Never throws: an alert has
 * another way still.
 */
export function createFanOut({
  indications,
  events,
  log,
}: {
  readonly indications: { emit(all: readonly CimInstance[]): void };
  readonly events: { publish(indication: CimInstance, namespace: string): void };
  readonly log: Pick<Log, "error">;
}): (all: readonly CimInstance[]) => void {
  const attempt = (protocol: string, keep: () => void): void => {
    try {
      keep();
    } catch (error) {
      const reason = reasonOf(error);
      log.error({ protocol, reason }, "indications could not be kept for those who subscribed to them");
    }
  };
  return (all) => {
    attempt("cim-xml", () => indications.emit(all));
    for (const each of all) attempt("ws-management", () => events.publish(each, CIMV2));
  };
}
