import { dialForeign } from "../../../net/foreign-dial.ts";
import type { PingResult } from "../../../net/ping.ts";
import { flowName } from "../../../ports/port-map.ts";
import type { Clock } from "../../../runtime/clock.ts";
import { ConnectError, reasonOf } from "../../../runtime/errors.ts";
import type { AgentlessMeans } from "./target.ts";
import { portOf } from "./target-port.ts";

// Looks whether servers are at some addresses, and by what they could be looked at: a ping, and a handshake at the ports
// of both protocols. Nothing is asked that needs an account, and nothing is told.

/** What an address within a network answers in, with room. */
const TIMEOUT_MS = 2_500;
const DISCOVERED_MEANS = ["wsman", "cim-xml"] as const satisfies readonly AgentlessMeans[];

export interface Found {
  readonly address: string;
  /** Null: could not be told. */
  readonly ping: boolean | null;
  /** Those at whose port TLS is spoken. `certificate`: why it is trusted or not, with its fingerprint. */
  readonly means: readonly { readonly means: AgentlessMeans; readonly port: number; readonly certificate: string }[];
}

export interface DiscoveryNeeds {
  readonly ping: (address: string, timeoutMs: number) => Promise<PingResult>;
  /** Another port than the port map's, for tests. */
  readonly portFor?: (means: AgentlessMeans) => number;
  readonly clock: Clock;
}

/** All at once: the caller bounds how many. In the order that was asked for; an address without an answer is among them. */
export function discover(addresses: readonly string[], needs: DiscoveryNeeds): Promise<Found[]> {
  return Promise.all(
    addresses.map(async (address) => {
      const [pinged, ...means] = await Promise.all([
        needs.ping(address, TIMEOUT_MS),
        ...DISCOVERED_MEANS.map((each) => shakeHands(address, each, needs)),
      ]);
      return { address, ping: pinged.reachable ?? null, means: means.filter((one) => one !== undefined) };
    }),
  );
}

async function shakeHands(address: string, means: AgentlessMeans, { clock, portFor }: DiscoveryNeeds) {
  const trust = { kind: "system" } as const;
  const port = portFor?.(means) ?? portOf({ means, port: null, trust });
  const flow = flowName(means === "wsman" ? "wsmanHttps" : "cimXml");
  try {
    const socket = await dialForeign({ flow, host: address, port, trust, timeoutMs: TIMEOUT_MS, clock });
    socket.destroy();
    return { means, port, certificate: "of a public authority" };
  } catch (error) {
    // A handshake that ended in distrust has still shown that TLS is spoken there, and which certificate.
    const isCertificate = error instanceof ConnectError && /certificate/.test(error.message);
    return isCertificate ? { means, port, certificate: reasonOf(error).replace(/^.*?: /, "") } : undefined;
  }
}
