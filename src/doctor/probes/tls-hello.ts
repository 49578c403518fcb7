// Who answers at one of our own TLS ports: the certificate is looked at in full, also where it is not to be trusted,
// because what is wrong with it is what one wants to know. Nothing is said beyond the handshake.

import { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { fingerprintOf, shownCertificate } from "../../net/certificate.ts";
import type { ExpectedPeer } from "../../net/dial.ts";
import type { Identity } from "../../net/identity.ts";
import { describePeer, idOfPeer, peerOfCertificate } from "../../net/peer.ts";
import type { Clock } from "../../runtime/clock.ts";
import { codeOf, reasonOf } from "../../runtime/errors.ts";
import type { Attempt, Proof } from "../evidence.ts";
import { afterListening, afterReading } from "./after-reading.ts";
import { connectTcp, type Target } from "./tcp-connect.ts";
import { readUnacknowledged } from "./unacknowledged.ts";

/**
 * In TLS 1.3 the listener looks at our certificate when the handshake is over for us. Its session tickets say that it has
 * (RFC 8446 §4.6.1: sent behind our Finished); a refusal comes in the same breath, and is waited for this long.
 */
const REFUSAL_MS = 300;

const NOT_TLS = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|BAD_RECORD_TYPE|HTTP_REQUEST|RECORD_LAYER_FAILURE/;

export async function helloTls(
  target: Target,
  { identity, expect, clock }: { readonly identity: Identity; readonly expect: ExpectedPeer; readonly clock: Clock },
): Promise<Attempt> {
  const startedAt = clock.monotonic();
  const connected = await connectTcp(target, clock);
  if ("failed" in connected) return connected.failed;
  const localAddress = connected.socket.localAddress ?? "";
  const { proof, detail } = await handshake(connected.socket, { identity, expect, clock, timeoutMs: target.timeoutMs });
  connected.socket.destroy();
  return { port: target.port, code: "", tookMs: clock.monotonic() - startedAt, localAddress, proof, detail };
}

interface Answer {
  readonly proof: Proof;
  readonly detail: string;
}

function handshake(
  raw: Socket,
  needs: {
    readonly identity: Identity;
    readonly expect: ExpectedPeer;
    readonly clock: Clock;
    readonly timeoutMs: number;
  },
): Promise<Answer> {
  const { identity, clock, timeoutMs } = needs;
  return new Promise((resolve) => {
    const socket = connect({
      socket: raw,
      ...identity.secureContextOptions(),
      minVersion: "TLSv1.3",
      rejectUnauthorized: false,
    });
    let isDone = false;
    const settle = (answer: Answer) => {
      cancel();
      cancelRefusal();
      resolve(answer);
    };
    const cancel = afterListening(clock, timeoutMs, async (wasBusy) => {
      const isLost = ((await readUnacknowledged(raw)) ?? 0) > 0;
      settle({ proof: isLost ? "lost" : wasBusy ? "unheard" : "silent", detail: `${timeoutMs} ms` });
    });
    let answer: Answer | undefined;
    let hasTicket = false;
    let cancelRefusal = () => {};
    const waitForRefusal = () => {
      if (answer === undefined || !hasTicket) return;
      const accepted = answer;
      cancelRefusal();
      cancelRefusal = afterReading(clock, REFUSAL_MS, () => settle(accepted));
    };
    socket.on("session", () => {
      hasTicket = true;
      waitForRefusal();
    });
    socket.on("error", (error) =>
      settle({ proof: proofOfError(error, isDone), detail: codeOf(error) || reasonOf(error) }),
    );
    socket.once("close", () => settle({ proof: isDone ? "refused-us" : "closed", detail: "" }));
    socket.once("secureConnect", () => {
      isDone = true;
      const judged = judgeCertificate(socket, needs);
      if (judged.proof !== "ours") return settle(judged);
      answer = judged;
      socket.once("data", () => settle(judged)); // Listeners that speak first do so to whom they accept.
      waitForRefusal();
    });
  });
}

function proofOfError(error: Error, isDone: boolean): Proof {
  const code = codeOf(error);
  if (NOT_TLS.test(code)) return "not-tls";
  // An alert is the listener's own word on us.
  if (isDone || /ALERT/.test(code)) return "refused-us";
  return "closed";
}

function judgeCertificate(
  socket: TLSSocket,
  { identity, expect, clock }: { readonly identity: Identity; readonly expect: ExpectedPeer; readonly clock: Clock },
): Answer {
  const certificate = shownCertificate(socket);
  if (certificate === undefined) return { proof: "foreign", detail: "no certificate" };
  if (!certificate.verify(new X509Certificate(identity.authority).publicKey)) {
    return { proof: "foreign", detail: `SHA-256 ${fingerprintOf(certificate)}` };
  }
  const now = clock.now();
  if (now > certificate.validToDate.getTime())
    return { proof: "expired", detail: certificate.validToDate.toISOString() };
  if (now < certificate.validFromDate.getTime()) {
    return { proof: "not-yet-valid", detail: certificate.validFromDate.toISOString() };
  }
  try {
    const peer = peerOfCertificate(certificate);
    const isMeant = peer.kind === expect.kind && (expect.id === undefined || idOfPeer(peer) === expect.id);
    return { proof: isMeant ? "ours" : "other-peer", detail: isMeant ? "" : describePeer(peer) };
  } catch (error) {
    return { proof: "other-peer", detail: reasonOf(error) };
  }
}
