import { remoteAddressOf } from "../../net/http-listen.ts";
import { createHttpsListener, type HttpsListenerNeeds, peerOfRequest } from "../../net/https-listen.ts";
import type { PortBook } from "../../ports/port-settings.ts";
import { createCimXmlListener } from "../../protocols/cim-xml/export-server.ts";
import type { Log } from "../../runtime/log.ts";
import type { DeclaredListener } from "../listeners.ts";
import type { IndicationIntake } from "./indication-intake.ts";

/**
 * The listener of indications: our agents come by their certificates. With `byAddress` others may come without one; whose
 * indications theirs are is then told by the address they come from, and strangers' are refused.
 */
export function createIndicationListener({
  book,
  listening,
  byAddress,
  intake,
  log,
}: {
  readonly book: PortBook;
  readonly listening: Omit<HttpsListenerNeeds, "flow" | "port" | "allow" | "tls">;
  readonly byAddress: boolean;
  readonly intake: IndicationIntake;
  readonly log: Log;
}): DeclaredListener {
  const port = book.portOf("cimIndication");
  const listener = createHttpsListener({
    ...listening,
    flow: "cimIndication",
    port,
    tls: "standard",
    allow: byAddress ? ["host", "anonymous"] : ["host"],
  });
  const handle = createCimXmlListener({
    async identify(request) {
      const peer = peerOfRequest(request);
      return { known: true, user: peer.kind === "host" ? peer.hostId : "", mayChange: false };
    },
    addressOf: remoteAddressOf,
    commit: (indication, origin) => intake.commit(indication, origin),
    log,
  });
  listener.serverFactory(handle);
  return { flow: "cimIndication", port, listener };
}

/** A host by its certificate, which is its user here, or one without our agent by the address that it is asked at. */
export function createHostOf(
  hosts: () => Promise<readonly { readonly id: string; readonly address: string }[]>,
  hasAgent: (hostId: string) => boolean,
) {
  return async ({ user, remoteAddress }: { readonly user: string; readonly remoteAddress: string }) => {
    if (user !== "") return user;
    const found = (await hosts()).filter(({ id, address }) => address === remoteAddress && !hasAgent(id));
    // Two servers behind one address cannot be told apart.
    return found.length === 1 ? found[0]?.id : undefined;
  };
}
