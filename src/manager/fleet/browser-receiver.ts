import type { HostFacts } from "../../model/host.ts";
import type { Connection } from "../../net/connections.ts";
import type { RefusalLog } from "../../net/refusal-log.ts";
import { BROWSER_VERSION, BrowserReply, BrowserRequest } from "../../protocols/browser/messages.ts";
import type { Clock } from "../../runtime/clock.ts";
import { WireError } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { Channel } from "../../wire/channel.ts";
import { answerRequests } from "../../wire/exchange.ts";
import type { Enrolment } from "./enrolment.ts";

// The manager's side of the agent browser: lets hosts in, hears them advertise, renews their certificates.

export interface BrowserReceiverNeeds {
  readonly enrolment: Enrolment;
  readonly authorityPem: string;
  /** What every host is told of this manager. */
  readonly manager: { readonly managerId: string; readonly ports: readonly { flow: string; port: number }[] };
  readonly advertiseAgainSeconds: number;
  /** A host has enrolled or advertised. */
  readonly onSeen: (seen: HostSeen) => Promise<void>;
  readonly refusals: Pick<RefusalLog, "refuse">;
  readonly log: Log;
  readonly clock: Clock;
}

export interface HostSeen {
  readonly hostId: string;
  readonly facts: HostFacts;
  readonly address: string;
  readonly ports: Readonly<Record<string, number>>;
}

/** Without a certificate a connection is for one enrolment, and a few tries of it: typing errors, not guessing. */
const ENROLMENTS_PER_CONNECTION_MAX = 3;

/** Serves one connection until its end. */
export async function serveBrowser(
  connection: Connection,
  channel: Channel,
  needs: BrowserReceiverNeeds,
): Promise<void> {
  let enrolments = 0;
  await answerRequests(channel, {
    request: BrowserRequest,
    reply: BrowserReply,
    async handle(request): Promise<BrowserReply> {
      if (request.version !== BROWSER_VERSION) {
        return refused("unsupportedVersion", `version ${request.version} is not spoken here, ${BROWSER_VERSION} is`);
      }
      if (request.kind === "enroll") {
        enrolments += 1;
        if (enrolments > ENROLMENTS_PER_CONNECTION_MAX) return refused("tooMany", "connect again to try once more");
        return enroll(request, connection, needs);
      }
      if (connection.peer.kind !== "host") {
        return refused("needsCertificate", "only enrolled hosts may do this: enrol with `rusuban agent enroll TOKEN`");
      }
      const { hostId } = connection.peer;
      const address = connection.remoteAddress;
      if (request.kind === "renew") return renew({ hostId, address }, request.certificateRequestPem, needs);
      await needs.onSeen({
        hostId,
        facts: request.facts,
        address,
        ports: toRecord(request.ports),
      });
      const { manager, advertiseAgainSeconds } = needs;
      const { serial } = connection;
      const hasOther = serial !== undefined && (await needs.enrolment.hasOtherNames(hostId, { serial, address }));
      return { kind: "advertised", manager, advertiseAgainSeconds, renew: hasOther };
    },
  });
}

type EnrollRequest = Extract<BrowserRequest, { kind: "enroll" }>;

async function enroll(
  request: EnrollRequest,
  connection: Connection,
  needs: BrowserReceiverNeeds,
): Promise<BrowserReply> {
  const { enrolment, log, refusals } = needs;
  const ports = toRecord(request.ports);
  const address = connection.remoteAddress;
  const outcome = await enrolment.enroll({ ...request, address, ports });
  if (!outcome.enrolled) {
    // Whoever has no certificate can come here without end: bounded, and without a word of the asker's own.
    refusals.refuse({ refusal: "enrolment", detail: outcome.reason, address, port: connection.remotePort });
    return refused(outcome.code, outcome.reason);
  }
  const { hostId, name, certificatePem, again } = outcome;
  log.info({ host: name, hostId, address, again }, "host enrolled");
  await needs.onSeen({ hostId, facts: request.facts, address, ports });
  return { kind: "enrolled", hostId, name, certificatePem, authorityPem: needs.authorityPem, manager: needs.manager };
}

async function renew(
  { hostId, address }: { hostId: string; address: string },
  certificateRequestPem: string,
  { enrolment, log }: BrowserReceiverNeeds,
): Promise<BrowserReply> {
  try {
    const certificatePem = await enrolment.renew(hostId, certificateRequestPem, address);
    log.info({ hostId }, "certificate renewed");
    return { kind: "renewed", certificatePem };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return refused("invalidRequest", error.message);
  }
}

type RefusedCode = Extract<BrowserReply, { kind: "refused" }>["code"];

function refused(code: RefusedCode, reason: string): BrowserReply {
  return { kind: "refused", code, reason };
}

function toRecord(ports: readonly { flow: string; port: number }[]): Record<string, number> {
  return Object.fromEntries(
    ports.filter(({ port }) => port >= 1 && port <= 65_535).map(({ flow, port }) => [flow, port]),
  );
}
