import { WsmanFault } from "../../../protocols/wsman/fault.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { Random } from "../../../runtime/random.ts";
import { checkBySteps } from "./check.ts";
import { lookByCim } from "./cim-look.ts";
import type { Means } from "./means.ts";
import type { Target } from "./target.ts";
import { openWsmanClient } from "./target-clients.ts";

const WINDOWS_NAMESPACE = "root/cimv2";

/** Windows (WinRM), openwsman, OpenPegasus, a baseboard management controller. */
export function createWsmanMeans(target: Target, needs: { clock: Clock; random: Random }): Means {
  const { client, close } = openWsmanClient(target, needs);
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
      async function* (className, { where }) {
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
    close,
  };
}

/** The server has no such class: DestinationUnreachable of most (DSP0226 §5.1.2.2), some fault of WMI's own from Windows. */
function isMissing(error: unknown): boolean {
  if (!(error instanceof WsmanFault)) return false;
  return error.subcode === "DestinationUnreachable" || /invalid class/i.test(error.message);
}
