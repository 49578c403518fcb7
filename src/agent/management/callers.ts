import type { IncomingMessage } from "node:http";
import { remoteAddressOf } from "../../net/http-listen.ts";
import { peerOfRequest } from "../../net/https-listen.ts";
import { describePeer } from "../../net/peer.ts";
import { type AccountVerdict, createAccountGate } from "../../protocols/account-gate.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { Random } from "../../runtime/random.ts";
import type { Accounts } from "./accounts.ts";

/** Who sends a request of WS-Management or CIM-XML; both servers are told the same way. */
export type KnownCaller = { readonly known: true; readonly user: string; readonly mayChange: boolean };
export type Caller = KnownCaller | { readonly known: false; readonly retryAfterSeconds?: number };

export interface Callers {
  /** By the certificate of our manager, or by an account. */
  readonly identify: (request: IncomingMessage) => Promise<Caller>;
  /** By an account only: on plain HTTP. */
  readonly identifyPlain: (request: IncomingMessage) => Promise<Caller>;
}

export function createCallers({
  accounts,
  clock,
  random,
  log,
}: {
  readonly accounts: Pick<Accounts, "check">;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}): Callers {
  /** Whether each account may change things, as it was when its password was looked up last. */
  const mayChange = new Map<string, boolean>();
  const gate = createAccountGate({
    async checkAccount(name, password) {
      const account = await accounts.check(name, password);
      if (account !== undefined) mayChange.set(name, account.mayChange);
      return account !== undefined;
    },
    clock,
    random,
  });

  function told(verdict: AccountVerdict, address: string): Caller {
    if (verdict.kind === "busy") return { known: false, retryAfterSeconds: verdict.retryAfterSeconds };
    if (verdict.kind === "known") {
      return { known: true, user: `account ${verdict.name}`, mayChange: mayChange.get(verdict.name) ?? false };
    }
    if (verdict.wasGiven) log.warn({ remoteAddress: address }, `wrong account or password from ${address}`);
    return { known: false };
  }

  const identifyPlain = async (request: IncomingMessage) => {
    const address = remoteAddressOf(request);
    return told(await gate.check(request.headers.authorization, address), address);
  };
  return {
    identifyPlain,
    async identify(request) {
      const peer = peerOfRequest(request);
      // The listener lets no other peer in, and this one only when it is ours.
      if (peer.kind === "manager") return { known: true, user: describePeer(peer), mayChange: true };
      return identifyPlain(request);
    },
  };
}
