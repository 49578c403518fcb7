import { CimError } from "../../../cim/cim-error.ts";
import type { Clock } from "../../../runtime/clock.ts";
import { checkBySteps } from "./check.ts";
import { lookByCim } from "./cim-look.ts";
import type { Means } from "./means.ts";
import type { Target } from "./target.ts";
import { openCimXmlClient } from "./target-clients.ts";

const NAMESPACE = "root/cimv2";

/** tog-pegasus, sfcb, ESXi and others. */
export function createCimXmlMeans(target: Target, needs: { clock: Clock }): Means {
  const { client, close } = openCimXmlClient(target, needs);
  const look = (signal: AbortSignal) =>
    lookByCim(
      (className, { properties: propertyList }) =>
        client.enumerateInstances({ namespace: target.namespace ?? NAMESPACE, className, propertyList, signal }),
      { family: "dmtf", isMissing },
    );
  return { look, check: (signal) => checkBySteps(() => look(signal)), close };
}

function isMissing(error: unknown): boolean {
  return error instanceof CimError && (error.code === "INVALID_CLASS" || error.code === "NOT_SUPPORTED");
}
