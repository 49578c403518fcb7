import { createForeignAgent } from "../../../net/foreign-request.ts";
import { type FlowKey, flowName } from "../../../ports/port-map.ts";
import { type CimXmlClient, createCimXmlClient } from "../../../protocols/cim-xml/client.ts";
import { WsmanClient } from "../../../protocols/wsman/client.ts";
import { foreignTransport } from "../../../protocols/wsman/client-transport.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { Random } from "../../../runtime/random.ts";
import type { Target } from "./target.ts";
import { portOf } from "./target-port.ts";

// Clients of one server, whether it is looked at or subscribed at. `close` ends their connections.

const CIMOM_PATH = "/cimom";
const TIMEOUT_MS = 20_000;

export function openWsmanClient(
  target: Target,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): { readonly client: WsmanClient; close(): void } {
  const agent = agentOf(target, target.trust.kind === "plain" ? "wsmanHttp" : "wsmanHttps", clock);
  const client = new WsmanClient({
    transport: foreignTransport(agent, target.account ?? undefined),
    random,
    operationTimeoutMs: TIMEOUT_MS,
    ...(target.path === null ? {} : { path: target.path }),
  });
  return { client, close: () => agent.close() };
}

export function openCimXmlClient(
  target: Target,
  { clock }: { readonly clock: Clock },
): { readonly client: CimXmlClient; close(): void } {
  const agent = agentOf(target, "cimXml", clock);
  const client = createCimXmlClient({ agent, path: target.path ?? CIMOM_PATH, account: target.account ?? undefined });
  return { client, close: () => agent.close() };
}

function agentOf(target: Target, flow: FlowKey, clock: Clock) {
  const { address: host, trust } = target;
  return createForeignAgent({ flow: flowName(flow), host, port: portOf(target), trust, timeoutMs: TIMEOUT_MS, clock });
}
