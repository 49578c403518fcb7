// A flood of refused connections must not fill the log, nor hide in it: each kind of refusal gets some lines a window,
// and what exceeds them is one counted line when the window ends. Memory is bounded by the number of kinds.

import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { REFUSAL_LINES_PER_WINDOW, REFUSAL_WINDOW_MS } from "./limits.ts";

/** Why a connection was refused, and the words that an operator reads. */
export const REFUSALS = {
  tooManyConnections: "too many connections",
  tooManyFromAddress: "too many connections from this address",
  tooManyOfPeer: "too many connections of this peer",
  tooManyHandshakes: "too many handshakes under way",
  handshakeTimeout: "handshake timed out",
  closedEarly: "closed before the handshake was done",
  notTls: "not TLS",
  plainHttp: "not TLS: a plain HTTP request",
  tlsTooOld: "offers only a TLS version that is too old",
  handshakeFailed: "TLS handshake failed",
  weNotAccepted: "the other side does not accept our certificate",
  noCertificate: "no certificate",
  foreignAuthority: "certificate of another authority",
  expired: "certificate expired",
  notYetValid: "certificate not yet valid: compare the clocks",
  badCertificate: "certificate not acceptable",
  noIdentity: "certificate without a proper identity",
  revoked: "certificate revoked",
  wrongRole: "not allowed on this port",
  notExpected: "not the one who is expected on this port",
  enrolment: "enrolment refused",
  brokeProtocol: "broke the protocol",
  brokeOff: "the connection broke",
} as const;
export type Refusal = keyof typeof REFUSALS;

/** What befalls a connection that had been let in. */
const ENDED: ReadonlySet<Refusal> = new Set(["brokeProtocol", "brokeOff"]);

/** A refusal and its detail: who or what, from trusted or bounded text only. */
export interface Refused {
  readonly refusal: Refusal;
  readonly detail?: string | undefined;
}

export interface RefusalLog {
  /** Writes or counts one refusal. */
  refuse(refused: Refused & { readonly address: string; readonly port: number }): void;
  /** Writes what has been counted; the window ends. */
  flush(): void;
}

export function createRefusalLog({ flow, log, clock }: { flow: string; log: Log; clock: Clock }): RefusalLog {
  const counts = new Map<Refusal, { written: number; unwritten: number; lastAddress: string }>();
  let cancelWindow: (() => void) | undefined;

  const flush = () => {
    cancelWindow?.();
    cancelWindow = undefined;
    for (const [refusal, { unwritten, lastAddress }] of counts) {
      if (unwritten === 0) continue;
      const reason = REFUSALS[refusal];
      log.warn(
        { flow, refusal, count: unwritten, lastAddress },
        `${flow}: ${verb(refusal)} ${unwritten} more: ${reason}, last from ${lastAddress}`,
      );
    }
    counts.clear();
  };

  return {
    refuse({ refusal, detail, address, port }) {
      cancelWindow ??= clock.after(REFUSAL_WINDOW_MS, flush);
      const count = counts.get(refusal) ?? { written: 0, unwritten: 0, lastAddress: address };
      counts.set(refusal, count);
      count.lastAddress = address;
      if (count.written >= REFUSAL_LINES_PER_WINDOW) {
        count.unwritten += 1;
        return;
      }
      count.written += 1;
      const reason = detail === undefined ? REFUSALS[refusal] : `${REFUSALS[refusal]}: ${detail}`;
      log.warn(
        { flow, refusal, remoteAddress: address, remotePort: port },
        `${flow}: ${verb(refusal)} ${address}: ${reason}`,
      );
    },
    flush,
  };
}

function verb(refusal: Refusal): string {
  return ENDED.has(refusal) ? "hung up on" : "refused";
}
