import type { ListeningFlow } from "../api/status-routes.ts";
import type { Identity } from "../net/identity.ts";
import { type FlowKey, flowName, flowOf } from "../ports/port-map.ts";
import { reasonOf } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { Service } from "../runtime/service.ts";

/** What listeners of src/net have in common. */
interface Listener {
  start(): Promise<unknown>;
  stop(): Promise<void>;
  setIdentity(identity: Identity): void;
}

export interface DeclaredListener {
  readonly flow: FlowKey;
  readonly port: number;
  readonly listener: Listener;
}

/** All listeners of a program. One that cannot be opened says why and is left out; the rest goes on. */
export interface Listeners extends Service {
  flows(): readonly ListeningFlow[];
  setIdentity(identity: Identity): void;
}

export function createListeners({
  host,
  declared,
  log,
}: {
  readonly host: string;
  readonly declared: readonly DeclaredListener[];
  readonly log: Log;
}): Listeners {
  const problems = new Map<FlowKey, string>();
  const open = new Set<DeclaredListener>();
  return {
    name: "listeners",
    async start() {
      for (const one of declared) {
        try {
          await one.listener.start();
          open.add(one);
        } catch (error) {
          problems.set(one.flow, reasonOf(error));
          log.error(
            { flow: flowName(one.flow), port: one.port, reason: reasonOf(error) },
            "a port could not be opened; the rest goes on",
          );
        }
      }
    },
    async stop() {
      await Promise.all([...open].map(({ listener }) => listener.stop()));
      open.clear();
    },
    setIdentity(identity) {
      for (const { listener } of declared) listener.setIdentity(identity);
    },
    flows: () =>
      declared.map((one) => ({
        flow: flowName(one.flow),
        transport: flowOf(one.flow).transport === "udp" ? "udp" : "tcp",
        address: host,
        port: one.port,
        listening: open.has(one),
        problem: open.has(one) ? null : (problems.get(one.flow) ?? "not opened yet"),
      })),
  };
}
