import { isIP } from "node:net";
import type { Counters, Helper } from "../../doctor/helper.ts";
import { DOCTOR_LIMITS } from "../../doctor/limits.ts";
import { FLOW_KEYS, type FlowKey } from "../../ports/port-map.ts";
import { BATCH_MAX, DoctorReply, DoctorRequest } from "../../protocols/doctor/messages.ts";
import { expectReply } from "../../protocols/expect-reply.ts";
import type { Clock } from "../../runtime/clock.ts";
import { WireError } from "../../runtime/errors.ts";
import { withTimeout } from "../../runtime/service.ts";
import { decode, encode } from "../../wire/xdr.ts";

/** Carries one question to the far end and its answer back, whole: over NDMP or over the report flow. */
export type AskFar = (body: Buffer) => Promise<Buffer>;

/** The far end's helper. Everything rejects with PeerError where it refuses, TimeoutError where it does not answer. */
export function createRemoteHelper(askFar: AskFar, clock: Clock): Helper {
  const lanes = { quick: createLane(askFar, clock), slow: createLane(askFar, clock) };
  const ask = async (request: DoctorRequest): Promise<DoctorReply> => {
    // What only looks does not wait for what dials.
    const lane = request.kind === "dial" ? lanes.slow : lanes.quick;
    return decode(DoctorReply, await lane(encode(DoctorRequest, request), request.kind));
  };
  return {
    async look(ports) {
      const { kind: _, counters, ...sight } = expectReply(await ask({ kind: "look", ports }), "sight");
      return {
        ...sight,
        // What the far end says goes into commands that people run: nothing but addresses and plain words.
        addresses: sight.addresses.filter(isAddress),
        peerAddresses: sight.peerAddresses.filter(isAddress),
        sawPeerFrom: sight.sawPeerFrom.filter(isAddress),
        firewall: /^[\w, -]*$/.test(sight.firewall) ? sight.firewall : "",
        // A flow that only a newer agent knows is none that we could examine.
        flows: sight.flows.flatMap(({ flow, ...rest }) => (isFlowKey(flow) ? [{ ...rest, flow }] : [])),
        sockets: sight.sockets ?? null,
        ruleAddresses: sight.ruleAddresses ?? null,
        counters: countersOf(counters),
      };
    },
    async count(ports) {
      const { counters, halfOpen } = expectReply(await ask({ kind: "count", ports }), "counted");
      return { counters: countersOf(counters), halfOpen };
    },
    async dial({ kind: how, ...order }) {
      const { attempts, route, neighbour, answered } = expectReply(
        await ask({ kind: "dial", how, ...order }),
        "dialled",
      );
      return { attempts, way: { route, neighbour }, answered };
    },
    async listen(order) {
      const { id, ports } = expectReply(await ask({ kind: "listen", ...order }), "listening");
      return { id, ports };
    },
    async hold(order) {
      const { id, code, forgetsAfterS } = expectReply(await ask({ kind: "hold", ...order }), "held");
      return { id, code, forgetsAfterS: forgetsAfterS ?? null };
    },
    async heard(id) {
      const { ports, provenFrom, datagrams } = expectReply(await ask({ kind: "heard", id }), "heard");
      return { ports, provenFrom: provenFrom.filter(isAddress), datagrams };
    },
  };
}

/**
 * Collects what is asked in one turn of the event loop into one question: a control connection answers one after the
 * other, and a report session has few at once.
 */
function createLane(askFar: AskFar, clock: Clock): (body: Buffer, what: string) => Promise<Buffer> {
  let waiting: { readonly body: Buffer; readonly answer: PromiseWithResolvers<Buffer> }[] = [];
  const timeoutMs = DOCTOR_LIMITS.askMs;
  const send = async (batch: typeof waiting, what: string) => {
    try {
      const bodies = batch.map(({ body }) => body);
      const [only] = bodies;
      const isOne = bodies.length === 1 && only !== undefined;
      const asked = askFar(isOne ? only : encode(DoctorRequest, { kind: "batch", bodies }));
      const reply = await withTimeout(asked, { what: `the far end's ${what}`, timeoutMs, clock });
      const answers = isOne ? [reply] : expectReply(decode(DoctorReply, reply), "batch").bodies;
      for (const [index, { answer }] of batch.entries()) {
        const bytes = answers[index];
        if (bytes === undefined) answer.reject(new WireError("batch", `${answers.length} answers to ${batch.length}`));
        else answer.resolve(bytes);
      }
    } catch (error) {
      for (const { answer } of batch) answer.reject(error);
    }
  };
  return (body, what) => {
    if (waiting.length === 0) {
      setImmediate(() => {
        const all = waiting;
        waiting = [];
        for (let from = 0; from < all.length; from += BATCH_MAX) void send(all.slice(from, from + BATCH_MAX), what);
      });
    }
    const answer = Promise.withResolvers<Buffer>();
    waiting.push({ body, answer });
    return answer.promise;
  };
}

function isAddress(text: string): boolean {
  return isIP(text) !== 0;
}

function isFlowKey(text: string): text is FlowKey {
  return (FLOW_KEYS as readonly string[]).includes(text);
}

function countersOf(counters: CountersMessage | undefined): Counters | null {
  return counters === undefined ? null : { ...counters, ipv4: withLeft(counters.ipv4), ipv6: withLeft(counters.ipv6) };
}

type CountersMessage = NonNullable<Extract<DoctorReply, { kind: "counted" }>["counters"]>;

function withLeft<C extends { readonly left: number | undefined }>(counters: C) {
  return { ...counters, left: counters.left ?? null };
}
