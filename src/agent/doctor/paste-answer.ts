import { familyOf, isLoopback } from "../../doctor/address-text.ts";
import { FAMILIES } from "../../doctor/evidence.ts";
import type { DialOrder, OwnFlow } from "../../doctor/helper.ts";
import { createLocalHelper } from "../../doctor/local-helper.ts";
import { isOwnProcess } from "../../doctor/probes/own-process.ts";
import { createFirewallReader } from "../../doctor/read-firewall.ts";
import type { Identity } from "../../net/identity.ts";
import { FLOW_KEYS, type FlowKey, flowOf } from "../../ports/port-map.ts";
import { DoctorRequest } from "../../protocols/doctor/messages.ts";
import { parseToken, signAnswer } from "../../protocols/doctor/pasted-answer.ts";
import type { Clock } from "../../runtime/clock.ts";
import { PeerError } from "../../runtime/errors.ts";
import type { Random } from "../../runtime/random.ts";
import { encode } from "../../wire/xdr.ts";
import type { ManagerLink } from "../fleet/manager-link.ts";
import { answerDoctor } from "./help-server.ts";
import { addressesOf } from "./help-service.ts";

const ATTEMPT_MS = 2_500;

/**
 * What a person pastes back to the manager: this host's sight of itself, and what became of dialling every flow of the
 * manager. Throws WireError for a damaged token, PeerError `expired` for an old one.
 */
export async function makePasteAnswer({
  token: line,
  hostId,
  identity,
  link,
  flows,
  clock,
  random,
}: {
  readonly token: string;
  readonly hostId: string;
  readonly identity: Identity;
  readonly link: Pick<ManagerLink, "facts" | "portOf">;
  /** Flows of the manager that an agent uses, and this host's own. */
  readonly flows: { readonly own: readonly OwnFlow[]; readonly managers: readonly FlowKey[] };
  readonly clock: Clock;
  readonly random: Random;
}): Promise<string> {
  const token = parseToken(line);
  // A clock that is wrong must not make the answer impossible: the manager decides, this is a courtesy of a day.
  if (clock.now() > token.expiresAtMs + DAY_MS) {
    throw new PeerError("expired", "this line is too old: `rusuban doctor HOST` on the manager makes another");
  }
  const addresses = await addressesOf(link.facts.addresses);
  const helper = createLocalHelper({
    identity: () => identity,
    expect: { kind: "manager", id: link.facts.managerId },
    flows: () => flows.own,
    peerAddresses: () => addresses,
    sawPeerFrom: () => [],
    readFirewall: createFirewallReader(clock),
    // The agent is a program of its own: what is ours is told by its name.
    isOwnProcess: (pid) => isOwnProcess(pid),
    clock,
    random,
  });
  const targets = FAMILIES.flatMap((family) => firstOf(addresses.filter((address) => familyOf(address) === family)));
  const orders: DialOrder[] = targets.flatMap((address) =>
    flows.managers.map((flow) => ({
      kind: "tls",
      flow,
      address,
      ports: [link.portOf(flow)],
      times: 1,
      timeoutMs: ATTEMPT_MS,
      secret: Buffer.alloc(0),
      bulkBytes: 0,
    })),
  );
  const dials = await Promise.all(
    orders.map(async ({ kind: how, ...order }) => ({
      flow: order.flow,
      address: order.address,
      dialled: await answerDoctor(encode(DoctorRequest, { kind: "dial", how, ...order }), helper),
    })),
  );
  const sight = await answerDoctor(encode(DoctorRequest, { kind: "look", ports: [] }), helper);
  return signAnswer({ nonce: token.nonce, hostId, sight, dials }, identity.secureContextOptions());
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/** An address that is not the loopback, where there is one. */
function firstOf(addresses: readonly string[]): string[] {
  const outside = addresses.filter((address) => !isLoopback(address));
  return (outside.length > 0 ? outside : addresses).slice(0, 1);
}

/** The flows of a manager that an agent begins and that every manager has. */
export function usedManagerFlows(): FlowKey[] {
  return FLOW_KEYS.filter((key) => {
    const { listener, initiators, transport, enabled, scope } = flowOf(key);
    const isUsed = listener === "manager" && initiators.includes("agent") && enabled === true;
    return isUsed && transport === "tcp" && scope === "network";
  });
}
