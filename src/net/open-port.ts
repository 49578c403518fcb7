import type { Server } from "node:net";
import { type FlowKey, flowName } from "../ports/port-map.ts";
import { assert, reasonOf } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import { explainListenError } from "./listen-error.ts";

/** Opens a declared port, and says which it is: 0 asks for any. Throws SettingsError with what to do where it is taken or forbidden. */
export async function openPort(
  server: Server,
  { flow, host, port, log }: { readonly flow: string; readonly host: string; readonly port: number; readonly log: Log },
): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port, exclusive: true }, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } catch (error) {
    throw await explainListenError(error, { flow, host, port });
  }
  server.on("error", (error) =>
    log.error({ flow: flowName(flow as FlowKey), reason: reasonOf(error) }, "listener failed to accept"),
  );
  const address = server.address();
  assert(typeof address === "object" && address !== null, "a TCP server has an address");
  return address.port;
}
