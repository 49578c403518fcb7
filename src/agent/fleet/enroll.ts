import type { HostFacts } from "../../model/host.ts";
import { dialTls } from "../../net/dial.ts";
import { openPendingRequest, storeIdentity } from "../../net/identity.ts";
import { flowName } from "../../ports/port-map.ts";
import { createBrowserClient } from "../../protocols/browser/client.ts";
import { parseEnrolmentToken } from "../../protocols/browser/enrolment-token.ts";
import { BROWSER_RECORD_BYTES_MAX } from "../../protocols/browser/messages.ts";
import { openRecordChannel } from "../../protocols/record-channel.ts";
import type { Clock } from "../../runtime/clock.ts";
import { ConnectError } from "../../runtime/errors.ts";
import { type ManagerFacts, storeManagerFacts } from "./manager-link.ts";

const TIMEOUT_MS = 15_000;

export interface Enrolled {
  readonly hostId: string;
  readonly name: string;
  readonly manager: ManagerFacts;
}

/**
 * Turns a token into this host's identity, stored in `directory`. Safe to repeat: a host that was killed before it had
 * stored its certificate gets one for the same key again.
 * Throws SettingsError for a damaged token, ConnectError where the manager cannot be reached, PeerError where it refuses.
 */
export async function enroll({
  token: line,
  directory,
  facts,
  ports,
  clock,
  addresses,
}: {
  readonly token: string;
  readonly directory: string;
  readonly facts: HostFacts;
  /** Ports on which this agent listens, where they differ from the map's. */
  readonly ports: readonly { flow: string; port: number }[];
  readonly clock: Clock;
  /** Instead of the token's, where the manager is reached another way from here. */
  readonly addresses?: readonly string[];
}): Promise<Enrolled> {
  const token = parseEnrolmentToken(line);
  const tried = addresses ?? token.addresses;
  const { key, request } = await openPendingRequest(directory);
  const { socket, peer, host } = await dialFirst(tried, token.port, token.authorityFingerprint.toString("hex"), clock);
  const destination = { flow: flowName("agentBrowser"), host, port: token.port };
  const channel = openRecordChannel(socket, {
    destination,
    recordBytesMax: BROWSER_RECORD_BYTES_MAX,
    idleTimeoutMs: TIMEOUT_MS,
    clock,
  });
  const browser = createBrowserClient(channel, { clock, timeoutMs: TIMEOUT_MS });
  try {
    const { hostId, name, certificatePem, authorityPem, manager } = await browser.enroll({
      tokenId: token.id,
      tokenSecret: token.secret,
      certificateRequestPem: request,
      facts,
      ports,
    });
    const managerFacts: ManagerFacts = {
      managerId: manager.managerId || peer,
      addresses: [host, ...tried.filter((other) => other !== host)],
      ports: { ...Object.fromEntries(manager.ports.map(({ flow, port }) => [flow, port])), agentBrowser: token.port },
    };
    await storeManagerFacts(directory, managerFacts);
    await storeIdentity(directory, { key, certificate: certificatePem, authority: authorityPem });
    return { hostId, name, manager: managerFacts };
  } finally {
    browser.close();
  }
}

async function dialFirst(addresses: readonly string[], port: number, pinnedFingerprint: string, clock: Clock) {
  let failure: unknown;
  for (const host of addresses) {
    try {
      const { socket, peer } = await dialTls({
        flow: flowName("agentBrowser"),
        host,
        port,
        trust: { pinnedFingerprint },
        expect: { kind: "manager" },
        timeoutMs: TIMEOUT_MS,
        clock,
      });
      return { socket, peer: peer.kind === "manager" ? peer.id : "", host };
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error;
      failure ??= error;
    }
  }
  throw failure;
}
