import { lookup } from "node:dns/promises";
import { FLOW_KEYS, type FlowKey, flowOf } from "../ports/port-map.ts";
import { familyOf, isLoopback, isSameAddress } from "./address-text.ts";
import { FAMILIES, type Family } from "./evidence.ts";
import type { ExaminationNeeds, ExaminedFlow, Sights, Subject } from "./examination.ts";
import type { OwnFlow, Sight } from "./helper.ts";

/** Addresses of one end that are tried for one flow: more are ways around the first ones. */
const ADDRESSES_MAX = 4;

/** Every flow that one end begins and the other listens on, in each family in which there is an address. */
export async function findSubjects(needs: ExaminationNeeds, sights: Sights): Promise<Subject[]> {
  const { nearRole, farAddress } = needs;
  const farRole = nearRole === "manager" ? "agent" : "manager";
  const begins = (flow: FlowKey, role: typeof nearRole) => flowOf(flow).initiators.includes(role);
  const outgoing = (sights.far === null ? needs.assumedFlows : examinedFlows(sights.far.flows)).filter(({ flow }) =>
    begins(flow, nearRole),
  );
  const incoming = examinedFlows(sights.near.flows).filter(({ flow }) => begins(flow, farRole));
  const pings = FLOW_KEYS.filter((key) => {
    const flow = flowOf(key);
    return flow.transport === "icmp" && flow.listener === farRole && begins(key, nearRole);
  }).map((flow) => ({ flow, ports: [0], isPool: false, problem: "" }));

  const named = await resolveName(farAddress);
  const toFar = withoutExcluded(
    await addressesByFamily([farAddress, ...(sights.far?.addresses ?? [])], sights, sights.far?.addresses),
    sights.far,
  );
  const known = sights.far?.peerAddresses ?? [];
  const toNear = withoutExcluded(
    await addressesByFamily(known.length > 0 ? known : sights.near.addresses, sights, sights.near.addresses),
    sights.near,
  );
  const subjects: Subject[] = [];
  for (const family of FAMILIES) {
    // The far end is dialled where its name or address leads; in a family in which that leads nowhere any of its own is tried.
    const isMeant = (address: string) => named.some((each) => isSameAddress(each.address, address));
    const known = toFar[family].filter(isMeant);
    const rest = toFar[family].filter((address) => !isMeant(address));
    const [meant, others] = known.length > 0 ? [known, rest] : [rest, []];
    for (const one of [...outgoing, ...pings]) subjects.push(...subjectsOf(one, "near", family, meant, others));
    // Without a word of the far end nobody knows of other families than the one by which it is known.
    if (sights.far === null && toFar[family].length === 0) continue;
    for (const one of incoming) subjects.push(...subjectsOf(one, "far", family, toNear[family]));
  }
  return subjects;
}

function subjectsOf(
  one: ExaminedFlow,
  initiator: Subject["initiator"],
  family: Family,
  addresses: readonly string[],
  unknownAddresses: readonly string[] = [],
): Subject[] {
  if (addresses.length === 0) return [];
  const { transport } = flowOf(one.flow);
  return [{ ...one, family, transport, initiator, addresses, unknownAddresses }];
}

function examinedFlows(flows: readonly OwnFlow[]): ExaminedFlow[] {
  return flows.map(({ flow, from, to, isPool, problem }) => ({
    flow,
    ports: Array.from({ length: to - from + 1 }, (_, index) => from + index),
    isPool,
    problem,
  }));
}

/**
 * The addresses in the order given, those first that the end itself has: a name is looked up, one that does not resolve
 * stands for itself, so that trying it says so. The loopback, and nothing but it, where the end is known by that: the two
 * are programs of one computer, which need not listen on any other address.
 */
async function addressesByFamily(
  names: readonly string[],
  { isOneComputer }: Sights,
  own: readonly string[] | undefined,
): Promise<Record<Family, readonly string[]>> {
  const [named = [], ...others] = await Promise.all(names.map(resolveName));
  const found = [...named, ...others.flat()];
  const distinct = found.filter(
    (each, index) => found.findIndex((other) => isSameAddress(each.address, other.address)) === index,
  );
  const [first] = distinct;
  const isByLoopback = first !== undefined && isLoopback(first.address);
  const usable = distinct.filter((each) => {
    if (isByLoopback && isOneComputer !== false) return isLoopback(each.address);
    return named.includes(each) || !isLoopback(each.address);
  });
  const isOwn = (address: string) => own?.some((each) => isSameAddress(each, address)) === true;
  const of = (family: Family) => {
    const inFamily = usable.filter((each) => each.family === family).map(({ address }) => address);
    // The first is what is meant, whoever it belongs to; the others are only worth trying where they are its own.
    return inFamily.filter((address, index) => index === 0 || isOwn(address)).slice(0, ADDRESSES_MAX);
  };
  return { ipv4: of("ipv4"), ipv6: of("ipv6") };
}

/**
 * Without the loopback of a family in which no program of the listener listens, while one does in the other: one address
 * of the loopback is as good as the other, and listen.host names the one that is meant.
 */
function withoutExcluded(
  addresses: Record<Family, readonly string[]>,
  listener: Sight | null,
): Record<Family, readonly string[]> {
  const sockets = listener?.sockets ?? [];
  const listensBy = (family: Family) =>
    sockets.some((socket) => socket.family === family || (socket.alsoIpv4 && family === "ipv4"));
  const meant = (family: Family) =>
    FAMILIES.some(listensBy) && !listensBy(family)
      ? addresses[family].filter((address) => !isLoopback(address))
      : addresses[family];
  return { ipv4: meant("ipv4"), ipv6: meant("ipv6") };
}

async function resolveName(name: string): Promise<{ readonly address: string; readonly family: Family }[]> {
  const family = familyOf(name);
  if (family !== undefined) return [{ address: name, family }];
  try {
    const found = await lookup(name, { all: true, verbatim: true });
    return found.map(({ address, family: four }) => ({ address, family: four === 6 ? "ipv6" : "ipv4" }));
  } catch {
    return [{ address: name, family: "ipv4" }];
  }
}
