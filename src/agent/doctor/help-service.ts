import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { guardHelper } from "../../doctor/guarded-helper.ts";
import type { OwnFlow, PortSpan } from "../../doctor/helper.ts";
import { createLocalHelper } from "../../doctor/local-helper.ts";
import { createFirewallReader } from "../../doctor/read-firewall.ts";
import type { Identity } from "../../net/identity.ts";
import { FLOW_KEYS, flowOf } from "../../ports/port-map.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { Random } from "../../runtime/random.ts";
import type { ManagerLink } from "../fleet/manager-link.ts";
import { answerDoctor } from "./help-server.ts";

// The far end's help for the manager's doctor: whoever asks is the manager, proven by its certificate, and gets no more
// than a look at declared ports, connections back to itself, and listeners of some seconds on declared ports.

export interface DoctorHelpNeeds {
  readonly link: Pick<ManagerLink, "facts" | "portOf">;
  readonly identity: () => Identity;
  /** The flows on which this agent listens, open or not. */
  readonly flows: () => readonly OwnFlow[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface DoctorHelp {
  /** Answers one connection's questions; `address` is where it comes from, empty where this agent made it. */
  forAsker(asker: { readonly address: string }): (body: Buffer) => Promise<Buffer>;
}

export function createDoctorHelp({ link, identity, flows, clock, random, log }: DoctorHelpNeeds): DoctorHelp {
  const budget = { open: 0, held: 0 };
  const readFirewall = createFirewallReader(clock);
  const peerAddresses = () => addressesOf(link.facts.addresses);
  return {
    forAsker({ address }) {
      const helper = createLocalHelper({
        identity,
        expect: { kind: "manager", id: link.facts.managerId },
        flows,
        peerAddresses,
        sawPeerFrom: () => (address === "" ? [] : [address]),
        readFirewall,
        clock,
        random,
      });
      const guarded = guardHelper({
        helper,
        asker: `manager ${link.facts.managerId}`,
        askerAddress: address,
        ownPorts: flows,
        peerPorts: () => managerPorts(link),
        peerAddresses,
        budget,
        clock,
        log,
      });
      return (body) => answerDoctor(body, guarded);
    },
  };
}

/** Every port of the manager to which an agent may ever connect. */
export function managerPorts(link: Pick<ManagerLink, "portOf">): PortSpan[] {
  return FLOW_KEYS.flatMap((key) => {
    const { listener, initiators, transport, port } = flowOf(key);
    if (listener !== "manager" || !initiators.includes("agent") || port === null || transport === "icmp") return [];
    const own = link.portOf(key);
    return [{ transport, from: own, to: own }];
  });
}

/** Names looked up, addresses as they are; what does not resolve is left out. */
export async function addressesOf(names: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    names.map(async (name) => {
      if (isIP(name) !== 0) return [name];
      return (await lookup(name, { all: true }).catch(() => [])).map(({ address }) => address);
    }),
  );
  return [...new Set(found.flat())].slice(0, 64);
}
