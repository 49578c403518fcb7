// What a helper lends to another host: only declared ports, only addresses that it knows the other end by, each thing
// counted and bounded, and each told in a line of the log. Whoever asks has proven who it is (TLS, both sides known).

import type { Clock } from "../runtime/clock.ts";
import { PeerError } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import { isSameAddress } from "./address-text.ts";
import type { DialOrder, Helper, HoldOrder, ListenOrder, PortSpan } from "./helper.ts";
import { DOCTOR_LIMITS } from "./limits.ts";

export interface GuardNeeds {
  readonly helper: Helper;
  /** Who asks, for the log. */
  readonly asker: string;
  /** Ports of this end that may be looked at and opened: what it has declared. */
  readonly ownPorts: () => readonly PortSpan[];
  /** Ports of the other end that may be dialled: what it has declared. */
  readonly peerPorts: () => readonly PortSpan[];
  /** The asker's own address, as this end sees it. */
  readonly askerAddress: string;
  readonly peerAddresses: () => readonly string[] | Promise<readonly string[]>;
  /** Shared by all guards of one host. */
  readonly budget: ListenerBudget;
  readonly clock: Clock;
  readonly log: Log;
}

/** Temporary listeners that are open now, whoever asked for them. */
export interface ListenerBudget {
  open: number;
  /** Of those for connections that are left idle. */
  held: number;
}

/** Everything throws PeerError `refused` beyond its bounds. */
export function guardHelper(needs: GuardNeeds): Helper {
  const { helper, asker, askerAddress, ownPorts, peerPorts, peerAddresses, budget, clock, log } = needs;
  /** Gives a listener's places back, by its id. */
  const releases = new Map<number, () => void>();

  const take = (places: number): (() => void) => {
    let isTaken = true;
    budget.open += places;
    return () => {
      if (isTaken) budget.open -= places;
      isTaken = false;
    };
  };
  const refuse = (reason: string): never => {
    log.warn({ asker, reason }, "the doctor's question was refused");
    throw new PeerError("refused", reason);
  };
  const mustBeDeclared = (ports: readonly number[], transport: "tcp" | "udp", declared: readonly PortSpan[]) => {
    if (ports.length > DOCTOR_LIMITS.portsMax)
      refuse(`${ports.length} ports; at most ${DOCTOR_LIMITS.portsMax} at once`);
    for (const port of ports) {
      const isDeclared = declared.some((span) => span.transport === transport && span.from <= port && port <= span.to);
      if (!isDeclared) refuse(`${port}/${transport} is not a declared port of this conversation`);
    }
  };
  const mayDial = async (address: string) => {
    const known = [askerAddress, ...(await peerAddresses())];
    if (!known.some((each) => isSameAddress(each, address))) refuse(`${address} is not the asker's address`);
  };

  const mustBeOwn = (spans: readonly PortSpan[]) => {
    const declared = ownPorts();
    for (const { transport, from, to } of spans) {
      const isInside = declared.some((span) => span.transport === transport && span.from <= from && to <= span.to);
      if (!isInside) refuse(`${from}-${to}/${transport} is not declared here`);
    }
  };

  return {
    async count(spans) {
      mustBeOwn(spans);
      return helper.count(spans);
    },
    async look(spans) {
      mustBeOwn(spans);
      log.debug({ asker }, "the doctor looked at sockets and counters");
      return helper.look(spans);
    },
    async dial(order: DialOrder) {
      if (order.kind !== "ping") mustBeDeclared(order.ports, order.kind === "datagrams" ? "udp" : "tcp", peerPorts());
      await mayDial(order.address);
      const tries = Math.max(1, order.ports.length) * order.times;
      if (tries > DOCTOR_LIMITS.attemptsMax) refuse(`${tries} attempts; at most ${DOCTOR_LIMITS.attemptsMax} at once`);
      if (order.timeoutMs > DOCTOR_LIMITS.attemptMs)
        refuse(`${order.timeoutMs} ms; at most ${DOCTOR_LIMITS.attemptMs}`);
      if (order.bulkBytes > DOCTOR_LIMITS.bulkBytesMax) refuse(`${order.bulkBytes} bytes of bulk`);
      const { kind, address, ports } = order;
      log.info({ asker, kind, address, ports: ports.length }, "the doctor dials back");
      return helper.dial(order);
    },
    async listen(order: ListenOrder) {
      mustBeDeclared(order.ports, order.transport, ownPorts());
      if (budget.open + order.ports.length > DOCTOR_LIMITS.listenersMax) {
        return refuse(`${budget.open} temporary listeners are open; at most ${DOCTOR_LIMITS.listenersMax}`);
      }
      const release = take(order.ports.length);
      const lifeMs = Math.min(order.lifeMs, DOCTOR_LIMITS.listenMs);
      clock.after(lifeMs, release); // They close by themselves then, whether anybody asks what they heard or not.
      try {
        const opened = await helper.listen({ ...order, lifeMs });
        releases.set(opened.id, release);
        clock.after(2 * DOCTOR_LIMITS.listenMs, () => releases.delete(opened.id));
        const ports = opened.ports.filter(({ code }) => code === "").map(({ port }) => port);
        log.info({ asker, ports, lifeMs, transport: order.transport }, "the doctor opened temporary listeners");
        return opened;
      } catch (error) {
        release();
        throw error;
      }
    },
    async hold(order: HoldOrder) {
      mustBeDeclared([order.port], "tcp", ownPorts());
      if (budget.held >= DOCTOR_LIMITS.holdsMax) {
        return refuse(`${budget.held} listeners for idle connections are open; at most ${DOCTOR_LIMITS.holdsMax}`);
      }
      budget.held += 1;
      let isTaken = true;
      const release = () => {
        if (isTaken) budget.held -= 1;
        isTaken = false;
      };
      const lifeMs = Math.min(order.lifeMs, DOCTOR_LIMITS.holdMs);
      clock.after(lifeMs, release);
      try {
        const held = await helper.hold({ ...order, lifeMs });
        releases.set(held.id, release);
        clock.after(lifeMs, () => releases.delete(held.id));
        log.info({ asker, port: order.port, lifeMs, code: held.code }, "the doctor holds connections idle");
        return held;
      } catch (error) {
        release();
        throw error;
      }
    },
    async heard(id) {
      const release = releases.get(id);
      if (release === undefined) return { ports: [], provenFrom: [], datagrams: [] };
      releases.delete(id);
      const heard = await helper.heard(id);
      release();
      log.info({ asker, provenFrom: heard.provenFrom }, "the doctor closed its temporary listeners");
      return heard;
    },
  };
}
