import type { IncomingMessage } from "node:http";
import { remoteAddressOf } from "../../net/http-listen.ts";
import { createHttpsListener, type HttpsListenerNeeds, peerOfRequest } from "../../net/https-listen.ts";
import type { PortBook } from "../../ports/port-settings.ts";
import { createCimXmlListener, type ExportOrigin } from "../../protocols/cim-xml/export-server.ts";
import { createEventSink } from "../../protocols/wsman/event-sink.ts";
import type { Log } from "../../runtime/log.ts";
import { formatUuid, type Random } from "../../runtime/random.ts";
import type { DeclaredListener } from "../listeners.ts";
import type { IndicationIntake } from "./indication-intake.ts";

/** What the destinations of the manager's own subscriptions begin with; a token of one server follows. */
const CIM_XML_PATH = "/indications/";
const WSMAN_PATH = "/wsman/indications/";

export const SUBSCRIBED_PATHS = { "cim-xml": CIM_XML_PATH, wsman: WSMAN_PATH } as const;

/**
 * The listener of indications: our agents come by their certificates. With `allowAnonymous` others may come without one;
 * whose indications theirs are is then told by `hostOf`, and strangers' are refused.
 */
export function createIndicationListener({
  book,
  listening,
  allowAnonymous,
  hostOf,
  intake,
  random,
  log,
}: {
  readonly book: PortBook;
  readonly listening: Omit<HttpsListenerNeeds, "flow" | "port" | "allow" | "tls">;
  readonly allowAnonymous: boolean;
  readonly hostOf: HostOf;
  readonly intake: IndicationIntake;
  readonly random: Random;
  readonly log: Log;
}): DeclaredListener {
  const port = book.portOf("cimIndication");
  const listener = createHttpsListener({
    ...listening,
    flow: "cimIndication",
    port,
    tls: "standard",
    allow: allowAnonymous ? ["host", "anonymous"] : ["host"],
  });
  const originOf = (request: IncomingMessage) => {
    const peer = peerOfRequest(request);
    const user = peer.kind === "host" ? peer.hostId : "";
    return { user, url: request.url ?? "/", remoteAddress: remoteAddressOf(request) };
  };
  const takeExport = createCimXmlListener({
    identify: async (request) => ({ known: true, user: originOf(request).user, mayChange: false }),
    addressOf: remoteAddressOf,
    commit: intake.commit,
    log,
  });
  const takeEvents = createEventSink({
    senderOf: (request) => hostOf(originOf(request)),
    async commit({ sender, path, events, unreadable, dropped }) {
      const problems = await intake.commit(events, { user: sender, url: path, remoteAddress: "" });
      // One that the inbox refuses would come again for ever, and hold up those behind it.
      for (const problem of problems)
        if (problem !== undefined) log.warn({ host: sender, reason: problem.message }, "an indication was refused");
      for (const reason of unreadable) log.warn({ host: sender, reason }, "an indication cannot be read");
      if (dropped > 0) await intake.tellDropped(sender, dropped);
      return "committed";
    },
    newMessageId: () => `uuid:${formatUuid(random(16))}`,
    log,
  });
  listener.serverFactory((request, response) =>
    request.url?.startsWith(WSMAN_PATH) ? takeEvents(request, response) : takeExport(request, response),
  );
  return { flow: "cimIndication", port, listener };
}

/** Whose indications come from there; undefined for a stranger. */
export type HostOf = (origin: ExportOrigin) => Promise<string | undefined>;

/**
 * A host by its certificate, which is its user here; one without our agent by the token in the path that the manager gave
 * it, or with `byAddress` by the address that it is asked at.
 */
export function createHostOf({
  hosts,
  hasAgent,
  byAddress,
  hostOfToken,
}: {
  readonly hosts: () => Promise<readonly { readonly id: string; readonly address: string }[]>;
  readonly hasAgent: (hostId: string) => boolean;
  readonly byAddress: boolean;
  readonly hostOfToken: (token: string) => string | undefined;
}): HostOf {
  return async ({ user, url, remoteAddress }) => {
    if (user !== "") return user;
    for (const path of Object.values(SUBSCRIBED_PATHS)) {
      if (url.startsWith(path)) return hostOfToken(url.slice(path.length));
    }
    if (!byAddress) return undefined;
    const found = (await hosts()).filter(({ id, address }) => address === remoteAddress && !hasAgent(id));
    // Two servers behind one address cannot be told apart.
    return found.length === 1 ? found[0]?.id : undefined;
  };
}
