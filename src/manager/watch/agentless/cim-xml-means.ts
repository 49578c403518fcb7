import { CimError } from "../../../cim/cim-error.ts";
import { createForeignAgent } from "../../../net/foreign-request.ts";
import { flowName } from "../../../ports/port-map.ts";
import { createCimXmlClient } from "../../../protocols/cim-xml/client.ts";
import type { Clock } from "../../../runtime/clock.ts";
import { checkBySteps } from "./check.ts";
import { lookByCim } from "./cim-look.ts";
import type { Means } from "./means.ts";
import type { Target } from "./target.ts";
import { portOf } from "./target-port.ts";

const NAMESPACE = "root/cimv2";
const PATH = "/cimom";
const TIMEOUT_MS = 20_000;

/** tog-pegasus, sfcb, ESXi and others. */
export function createCimXmlMeans(target: Target, { clock }: { clock: Clock }): Means {
  const agent = createForeignAgent({
    flow: flowName("cimXml"),
    host: target.address,
    port: portOf(target),
    trust: target.trust,
    timeoutMs: TIMEOUT_MS,
    clock,
  });
  const client = createCimXmlClient({ agent, path: target.path ?? PATH, account: target.account ?? undefined });
  const look = (signal: AbortSignal) =>
    lookByCim(
      (className) => client.enumerateInstances({ namespace: target.namespace ?? NAMESPACE, className, signal }),
      { family: "dmtf", isMissing },
    );
  return { look, check: (signal) => checkBySteps(() => look(signal)), close: () => agent.close() };
}

function isMissing(error: unknown): boolean {
  return error instanceof CimError && (error.code === "INVALID_CLASS" || error.code === "NOT_SUPPORTED");
}
