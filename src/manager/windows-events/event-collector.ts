import { remoteAddressOf } from "../../net/http-listen.ts";
import { createHttpsListener, type HttpsListenerNeeds, peerOfRequest } from "../../net/https-listen.ts";
import type { Issuers } from "../../net/issuer-file.ts";
import type { PortBook } from "../../ports/port-settings.ts";
import { createWindowsCollector, type WindowsBatch } from "../../protocols/wsman/windows/collector.ts";
import type { CollectorSubscription } from "../../protocols/wsman/windows/subscription-message.ts";
import type { Log } from "../../runtime/log.ts";
import type { Random } from "../../runtime/random.ts";
import type { DeclaredListener } from "../listeners.ts";
import type { Publishers } from "./publishers.ts";

export interface EventCollectorNeeds {
  readonly book: PortBook;
  readonly listening: Omit<HttpsListenerNeeds, "flow" | "port" | "allow" | "tls">;
  /** Where publishers reach this manager, unless what they ask says it. */
  readonly address: string;
  /** Who issues the publishers' certificates. */
  readonly issuers: Issuers;
  readonly subscription: CollectorSubscription;
  readonly publishers: Publishers;
  readonly commit: (batch: WindowsBatch) => Promise<"committed" | "unknown">;
  /** A host's computer has asked what to send. */
  readonly onAsk: (hostId: string) => void;
  readonly random: Random;
  readonly log: Log;
}

/** The listener of Windows computers that send their events by themselves, each by its own certificate. */
export function createEventCollector(needs: EventCollectorNeeds): DeclaredListener {
  const { book, listening, address, issuers, subscription, publishers, commit, onAsk, random, log } = needs;
  const port = book.portOf("eventCollector");
  const listener = createHttpsListener({
    ...listening,
    flow: "eventCollector",
    port,
    tls: "standard",
    allow: ["foreign"],
    foreignAuthorities: issuers.certificates,
  });
  listener.serverFactory(
    createWindowsCollector({
      async senderOf(request) {
        const peer = peerOfRequest(request);
        if (peer.kind !== "foreign") return undefined;
        const { name } = peer;
        const hostId = await publishers.admit({ name, address: remoteAddressOf(request) });
        return hostId === undefined ? undefined : name;
      },
      async subscriptionsOf(sender) {
        const hostId = publishers.hostOf(sender);
        if (hostId === undefined) return [];
        onAsk(hostId);
        return [subscription];
      },
      bookmarkOf: publishers.bookmarks.of,
      commit,
      origin: `https://${address.includes(":") ? `[${address}]` : address}:${port}`,
      issuerThumbprint: issuers.thumbprint,
      random,
      log,
    }),
  );
  return { flow: "eventCollector", port, listener };
}
