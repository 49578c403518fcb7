import type { Evidence, Gained, Sent } from "./evidence.ts";

/**
 * How far the initiator's packets came, after the listener's counters: `kept`: never left the sender; `not-arrived`;
 * `undelivered`: received and stopped by the host's own firewall; `delivered`: reached its TCP, UDP or ICMP. Linux counts
 * InReceives before netfilter and InDelivers behind it, so that their difference is what the host's firewall stopped
 * (measured: IPv4 and IPv6). `unclear`: too few packets, or other traffic in the way.
 */
export type Arrival = "unknown" | "unclear" | "kept" | "not-arrived" | "undelivered" | "delivered";

/** Part of the packets that must show for a "yes", and may show for a "no": other traffic is counted, too. */
const MOST = 0.8;
const HARDLY_ANY = 0.2;

export function arrivalOf({ initiator, listener, transport }: Evidence): Arrival {
  const { gained } = listener;
  if (initiator.sent !== null && wasKept(initiator.sent)) return "kept";
  if (gained === null || gained.sent === 0) return "unknown";
  const undelivered = gained.received - gained.delivered;
  if (undelivered >= MOST * gained.sent) return "undelivered";
  // Datagrams that are refused keep the sender from sending all of them: each error is one that was not delivered.
  const isRefused = transport === "udp" && gained.unreachables > 0;
  if (isRefused && undelivered > HARDLY_ANY * gained.sent && undelivered >= MOST * gained.unreachables)
    return "undelivered";
  if (wasDelivered(gained, transport)) return "delivered";
  if (undelivered > HARDLY_ANY * gained.sent) return "unclear";
  // A packet that is delivered leaves a trace: a reset, an accepted or a half-open connection, an ICMP error, an echo.
  const traces = gained.resets + gained.accepted + gained.halfOpen + gained.unreachables;
  return traces > HARDLY_ANY * gained.sent ? "unclear" : "not-arrived";
}

function wasDelivered({ sent, resets, accepted, halfOpen, echos, unreachables }: Gained, transport: string): boolean {
  if (transport === "icmp") return echos >= MOST * sent;
  // An ICMP error for what was delivered is UDP's "nobody listens"; the kernel sends a few of them only.
  if (transport === "udp") return unreachables > 0;
  return resets >= MOST * sent || accepted >= MOST * sent || halfOpen >= Math.max(1, HARDLY_ANY * sent);
}

/** Whether a host kept in what it was asked to send: its own output rules. */
export function wasKept({ probes, kept }: Sent): boolean {
  return kept !== null && probes > 0 && kept >= MOST * probes;
}
