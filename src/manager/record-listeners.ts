import type { Connection } from "../net/connections.ts";
import { LISTENER_LIMITS } from "../net/limits.ts";
import { createTlsListener, type TlsListenerNeeds } from "../net/listen.ts";
import type { Peer } from "../net/peer.ts";
import { type FlowKey, flowName } from "../ports/port-map.ts";
import type { PortBook } from "../ports/port-settings.ts";
import { BROWSER_RECORD_BYTES_MAX } from "../protocols/browser/messages.ts";
import { DEDUP_ENGINE_RECORD_BYTES_MAX, DEDUP_MANAGER_RECORD_BYTES_MAX } from "../protocols/dedup/messages.ts";
import { openRecordChannel } from "../protocols/record-channel.ts";
import { REPORT_RECORD_BYTES_MAX } from "../protocols/report/messages.ts";
import type { Channel } from "../wire/channel.ts";
import type { DeclaredListener } from "./listeners.ts";

// The listeners of our own record protocols: who may connect to each, and the bounds of its records and its silence.

/** Silence after which a connection ends; agents send heartbeats. */
const IDLE_TIMEOUT_MS = 120_000;
const BROWSER_IDLE_TIMEOUT_MS = 15_000;
/** An agent may read unchanged files for long without a word; its job's end closes the line before this does. */
const ENGINE_IDLE_TIMEOUT_MS = 24 * 3_600_000;
/** A host opens one a job; the rest is for those that a crash has left half-open. Each may hold a record of 9 MiB. */
const DEDUP_CONNECTIONS_PER_HOST_MAX = 16;

type ServeHost = (channel: Channel, hostId: string) => Promise<void>;

export interface RecordListenersNeeds {
  readonly book: PortBook;
  /** What these listeners have in common with all others. */
  readonly listening: Omit<TlsListenerNeeds, "flow" | "port" | "allow" | "tls" | "onConnection">;
  /** A host has proved who it is on one of them. */
  readonly onSign: (hostId: string) => void;
  readonly serve: {
    readonly agentBrowser: (channel: Channel, connection: Connection) => Promise<void>;
    readonly managerReport: ServeHost;
    readonly dedupEngine: ServeHost;
    readonly dedupManager: ServeHost;
  };
}

interface Bounds {
  readonly recordBytesMax: number;
  readonly idleTimeoutMs: number;
  readonly connectionsPerPeerMax?: number;
}

export function createRecordListeners({
  book,
  listening,
  onSign,
  serve,
}: RecordListenersNeeds): readonly DeclaredListener[] {
  const declare = (
    flow: FlowKey,
    allow: readonly Peer["kind"][],
    { connectionsPerPeerMax = LISTENER_LIMITS.connectionsPerPeerMax, ...bounds }: Bounds,
    serveConnection: (channel: Channel, connection: Connection) => Promise<void>,
  ): DeclaredListener => ({
    flow,
    port: book.portOf(flow),
    listener: createTlsListener({
      ...listening,
      limits: { ...LISTENER_LIMITS, connectionsPerPeerMax },
      flow,
      port: book.portOf(flow),
      allow,
      onConnection(connection) {
        const destination = { flow: flowName(flow), host: connection.remoteAddress, port: connection.remotePort };
        const channel = openRecordChannel(connection.socket, { destination, clock: listening.clock, ...bounds });
        return serveConnection(channel, connection);
      },
    }),
  });
  const forHosts = (flow: FlowKey, bounds: Bounds, serveHost: ServeHost) =>
    declare(flow, ["host"], bounds, (channel, { peer }) => {
      if (peer.kind !== "host") throw new Error(`assertion failed: ${peer.kind} where only hosts are let in`);
      onSign(peer.hostId);
      return serveHost(channel, peer.hostId);
    });
  const dedup = { connectionsPerPeerMax: DEDUP_CONNECTIONS_PER_HOST_MAX };
  return [
    declare(
      "agentBrowser",
      ["host", "anonymous"],
      { recordBytesMax: BROWSER_RECORD_BYTES_MAX, idleTimeoutMs: BROWSER_IDLE_TIMEOUT_MS },
      serve.agentBrowser,
    ),
    forHosts(
      "managerReport",
      { recordBytesMax: REPORT_RECORD_BYTES_MAX, idleTimeoutMs: IDLE_TIMEOUT_MS },
      serve.managerReport,
    ),
    forHosts(
      "dedupEngine",
      { recordBytesMax: DEDUP_ENGINE_RECORD_BYTES_MAX, idleTimeoutMs: ENGINE_IDLE_TIMEOUT_MS, ...dedup },
      serve.dedupEngine,
    ),
    forHosts(
      "dedupManager",
      { recordBytesMax: DEDUP_MANAGER_RECORD_BYTES_MAX, idleTimeoutMs: IDLE_TIMEOUT_MS, ...dedup },
      serve.dedupManager,
    ),
  ];
}
