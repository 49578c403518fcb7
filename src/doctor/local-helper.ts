// The doctor's hands on this host. Whoever lends them to another host puts bounds before them (guarded-helper.ts).

import { readFile } from "node:fs/promises";
import type { ExpectedPeer } from "../net/dial.ts";
import type { Identity } from "../net/identity.ts";
import { ping } from "../net/ping.ts";
import { flowName } from "../ports/port-map.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Random } from "../runtime/random.ts";
import type { Attempt } from "./evidence.ts";
import type { Dialled, DialOrder, Heard, Helper, HoldOrder, ListenOrder, OwnFlow, PortSpan, Sight } from "./helper.ts";
import { DOCTOR_LIMITS } from "./limits.ts";
import { challenge } from "./probes/challenge.ts";
import { readCounters } from "./probes/counters.ts";
import { sendDatagrams } from "./probes/datagrams.ts";
import { readForgetting } from "./probes/forgetting.ts";
import { ownAddresses } from "./probes/own-addresses.ts";
import { readHalfOpen, readSocketTable } from "./probes/socket-table.ts";
import { knock } from "./probes/tcp-connect.ts";
import { openTemporaryListeners, type TemporaryListeners } from "./probes/temporary-listener.ts";
import { helloTls } from "./probes/tls-hello.ts";
import { findWay } from "./probes/way.ts";
import type { FirewallReader } from "./read-firewall.ts";

export interface LocalHelperNeeds {
  /** Undefined where this end has none: then no TLS is tried. */
  readonly identity: () => Identity | undefined;
  /** Who is meant by the other end. */
  readonly expect: ExpectedPeer;
  /** The flows that this end has, as it says itself. */
  readonly flows: () => readonly OwnFlow[];
  /** Addresses by which this end knows the other. */
  readonly peerAddresses: () => readonly string[] | Promise<readonly string[]>;
  /** Addresses from which it sees the other end come. */
  readonly sawPeerFrom: () => readonly string[];
  /** What this host's own firewall says; undefined where it cannot be read. */
  readonly readFirewall?: FirewallReader;
  readonly isOwnProcess?: (pid: number) => boolean | Promise<boolean>;
  readonly clock: Clock;
  readonly random: Random;
}

export interface LocalHelper extends Helper {
  /** Closes what is still open. */
  close(): void;
}

const readText = (path: string) => readFile(path, "utf8");

export function createLocalHelper(needs: LocalHelperNeeds): LocalHelper {
  const { clock } = needs;
  const open = new Map<number, TemporaryListeners>();
  let lastId = 0;
  return {
    look: (spans) => look(spans, needs),
    async count(spans) {
      const [counters, halfOpen] = await Promise.all([readCounters(readText), readHalfOpen(spans)]);
      return { counters, halfOpen };
    },
    dial: (order) => dial(order, needs),
    async listen(order: ListenOrder) {
      const listeners = await openTemporaryListeners(order, clock);
      lastId += 1;
      const id = lastId;
      open.set(id, listeners);
      // Forgotten some time after it has closed itself, so that what it heard can still be asked for.
      clock.after(2 * DOCTOR_LIMITS.listenMs, () => open.delete(id));
      return { id, ports: listeners.ports };
    },
    async hold(order: HoldOrder) {
      const { family, port, secret, lifeMs } = order;
      const listeners = await openTemporaryListeners(
        { transport: "tcp", family, ports: [port], secret, lifeMs },
        clock,
        {
          lifeMs: DOCTOR_LIMITS.holdMs,
          connectionMs: lifeMs,
          provenMax: DOCTOR_LIMITS.heldConnections,
        },
      );
      lastId += 1;
      const id = lastId;
      open.set(id, listeners);
      clock.after(lifeMs, () => open.delete(id));
      return { id, code: listeners.ports[0]?.code ?? "", forgetsAfterS: await readForgetting(readText) };
    },
    async heard(id): Promise<Heard> {
      const listeners = open.get(id);
      if (listeners === undefined) return { ports: [], provenFrom: [], datagrams: [] };
      open.delete(id);
      await whatHasCome();
      listeners.close();
      return listeners.heard();
    },
    close() {
      for (const listeners of open.values()) listeners.close();
      open.clear();
    },
  };
}

/** Turns in which a busy program reads what its kernel took meanwhile: a connection is accepted in one, read in the next. */
const TURNS = 3;

async function whatHasCome(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => void setImmediate(resolve));
}

async function look(spans: readonly PortSpan[], needs: LocalHelperNeeds): Promise<Sight> {
  const { clock, flows, isOwnProcess = (pid) => pid === process.pid } = needs;
  // Counters first: what follows takes a moment in which others send.
  const counters = await readCounters(readText);
  const wanted = spans.length > 0 ? spans : flows();
  const asked = Promise.resolve(needs.peerAddresses());
  const readFirewall = async () =>
    needs.readFirewall?.([...new Set([...needs.sawPeerFrom(), ...(await asked)])], FIREWALL_MS);
  const [table, peerAddresses, firewall] = await Promise.all([
    readSocketTable(wanted, { isOwn: isOwnProcess }),
    asked,
    readFirewall(),
  ]);
  return {
    atMs: clock.now(),
    platform: process.platform,
    addresses: ownAddresses(),
    flows: flows(),
    sockets: table?.sockets ?? null,
    halfOpen: table?.halfOpen ?? [],
    counters,
    peerAddresses,
    sawPeerFrom: needs.sawPeerFrom(),
    ruleAddresses: firewall?.addresses ?? null,
    firewall: firewall?.places ?? "",
  };
}

/** Programs of firewalls may hang, or take seconds: what they say is then there at a later look. */
const FIREWALL_MS = 800;

async function dial(order: DialOrder, needs: LocalHelperNeeds): Promise<Dialled> {
  const { address, ports, times } = order;
  const found: Attempt[] = [];
  let answered = 0;
  if (order.kind === "ping") {
    found.push(...(await Promise.all(Array.from({ length: times }, () => pingOnce(order, needs.clock)))));
  } else if (order.kind === "datagrams") {
    const sent = await Promise.all(
      ports.map((port) => sendDatagrams(targetOf(order, port), { secret: order.secret, times, clock: needs.clock })),
    );
    for (const each of sent) {
      found.push(each.attempt);
      answered += each.answered;
    }
  } else {
    const tries = ports.flatMap((port) => Array.from({ length: times }, () => port));
    found.push(...(await Promise.all(tries.map((port) => tryOnce(order, port, needs)))));
  }
  // After the tries: only now the kernel has asked for the neighbour's address.
  return { attempts: found, way: await findWay(address, readText), answered };
}

function targetOf({ flow, address, timeoutMs }: DialOrder, port: number) {
  return { flow: flowName(flow), address, port, timeoutMs };
}

async function tryOnce(order: DialOrder, port: number, needs: LocalHelperNeeds): Promise<Attempt> {
  const target = targetOf(order, port);
  const { clock, random, expect } = needs;
  const identity = needs.identity();
  if (order.kind === "challenge") {
    return challenge(target, { secret: order.secret, bulkBytes: order.bulkBytes, random, clock });
  }
  if (order.kind === "tls" && identity !== undefined) return helloTls(target, { identity, expect, clock });
  return knock(target, clock);
}

async function pingOnce({ address, timeoutMs }: DialOrder, clock: Clock): Promise<Attempt> {
  const startedAt = clock.monotonic();
  const { reachable, reason } = await ping({ host: address, timeoutMs, clock });
  const code = reachable === undefined ? "UNTRIED" : reachable ? "" : "ETIMEDOUT";
  const tookMs = clock.monotonic() - startedAt;
  return { port: 0, code, tookMs, localAddress: "", proof: "none", detail: reachable === undefined ? reason : "" };
}
