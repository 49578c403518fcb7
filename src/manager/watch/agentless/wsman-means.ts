import { createForeignAgent } from "../../../net/foreign-request.ts";
import { flowName } from "../../../ports/port-map.ts";
import { WsmanClient } from "../../../protocols/wsman/client.ts";
import { foreignTransport } from "../../../protocols/wsman/client-transport.ts";
import { WsmanFault } from "../../../protocols/wsman/fault.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { Random } from "../../../runtime/random.ts";
import { checkBySteps } from "./check.ts";
import { lookByCim } from "./cim-look.ts";
import type { Means } from "./means.ts";
import type { Target } from "./target.ts";
import { portOf } from "./target-port.ts";

const WINDOWS_NAMESPACE = "root/cimv2";
const TIMEOUT_MS = 20_000;

/** Windows (WinRM), openwsman, OpenPegasus, a baseboard management controller. */
export function createWsmanMeans(target: Target, { clock, random }: { clock: Clock; random: Random }): Means {
  const agent = createForeignAgent({
    flow: flowName(target.trust.kind === "plain" ? "wsmanHttp" : "wsmanHttps"),
    host: target.address,
    port: portOf(target),
    trust: target.trust,
    timeoutMs: TIMEOUT_MS,
    clock,
  });
  const client = new WsmanClient({
    transport: foreignTransport(agent, target.account ?? undefined),
    random,
    operationTimeoutMs: TIMEOUT_MS,
    ...(target.path === null ? {} : { path: target.path }),
  });
  let family: "windows" | "dmtf" | undefined;

  async function findFamily(signal: AbortSignal) {
    family ??= /microsoft/i.test((await client.identify({ signal })).vendor) ? "windows" : "dmtf";
    return family;
  }

  async function look(signal: AbortSignal) {
    const found = await findFamily(signal);
    const place =
      found === "windows"
        ? { windowsNamespace: target.namespace ?? WINDOWS_NAMESPACE }
        : { namespace: target.namespace ?? undefined };
    return lookByCim(
      async function* (className, { where } = {}) {
        // Only Windows chooses by itself: other servers may not know the dialect, and have few instances.
        const query = `SELECT * FROM ${className} WHERE ${where}`;
        const filtered = found === "windows" && where !== undefined;
        const resource = { className: filtered ? "*" : className, ...place };
        const options = filtered ? { filter: { dialect: "wql", query } as const, signal } : { signal };
        for await (const { instance } of client.enumerate(resource, options)) {
          if (instance !== undefined) yield instance;
        }
      },
      { family: found, isMissing },
    );
  }

  return {
    look,
    check: (signal) => checkBySteps(() => look(signal)),
    close: () => agent.close(),
  };
}

/** The server has no such class: DestinationUnreachable of most (DSP0226 §5.1.2.2), some fault of WMI's own from Windows. */
function isMissing(error: unknown): boolean {
  if (!(error instanceof WsmanFault)) return false;
  return error.subcode === "DestinationUnreachable" || /invalid class/i.test(error.message);
}
