import { PeerError, WireError } from "../runtime/errors.ts";

interface Reply {
  readonly kind: string;
}
interface Refusal extends Reply {
  readonly kind: "refused";
  readonly code: string;
  readonly reason: string;
}

/**
 * The reply, narrowed to the kind that was asked for. A refusal becomes PeerError in the protocol's own words; any other
 * kind means that the peer speaks something else.
 */
export function expectReply<R extends Reply, K extends R["kind"]>(reply: R, kind: K): Extract<R, { kind: K }> {
  if (reply.kind === kind) return reply as Extract<R, { kind: K }>;
  if (isRefusal(reply)) throw new PeerError(reply.code, reply.reason);
  throw new WireError("kind", `${reply.kind} where ${kind} was expected`);
}

function isRefusal(reply: Reply): reply is Refusal {
  return reply.kind === "refused" && "code" in reply && "reason" in reply;
}
