import { isIP } from "node:net";
import type { Helper } from "../../doctor/helper.ts";
import { DOCTOR_LIMITS } from "../../doctor/limits.ts";
import { FLOW_KEYS, type FlowKey } from "../../ports/port-map.ts";
import { DoctorReply, DoctorRequest } from "../../protocols/doctor/messages.ts";
import { expectReply } from "../../protocols/expect-reply.ts";
import type { Clock } from "../../runtime/clock.ts";
import { withTimeout } from "../../runtime/service.ts";
import { decode, encode } from "../../wire/xdr.ts";

/** Carries one question to the far end and its answer back, whole: over NDMP or over the report flow. */
export type AskFar = (body: Buffer) => Promise<Buffer>;

/** The far end's helper. Everything rejects with PeerError where it refuses, TimeoutError where it does not answer. */
export function createRemoteHelper(askFar: AskFar, clock: Clock): Helper {
  const ask = async (request: DoctorRequest): Promise<DoctorReply> => {
    const asked = askFar(encode(DoctorRequest, request));
    const timeoutMs = DOCTOR_LIMITS.askMs;
    return decode(DoctorReply, await withTimeout(asked, { what: `the far end's ${request.kind}`, timeoutMs, clock }));
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
        firewall: /^[\w -]*$/.test(sight.firewall) ? sight.firewall : "",
        // A flow that only a newer agent knows is none that we could examine.
        flows: sight.flows.flatMap(({ flow, ...rest }) => (isFlowKey(flow) ? [{ ...rest, flow }] : [])),
        sockets: sight.sockets ?? null,
        ruleAddresses: sight.ruleAddresses ?? null,
        counters:
          counters === undefined ? null : { ...counters, ipv4: withLeft(counters.ipv4), ipv6: withLeft(counters.ipv6) },
      };
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
    async heard(id) {
      const { ports, provenFrom, datagrams } = expectReply(await ask({ kind: "heard", id }), "heard");
      return { ports, provenFrom: provenFrom.filter(isAddress), datagrams };
    },
  };
}

function isAddress(text: string): boolean {
  return isIP(text) !== 0;
}

function isFlowKey(text: string): text is FlowKey {
  return (FLOW_KEYS as readonly string[]).includes(text);
}

function withLeft<C extends { readonly left: number | undefined }>(counters: C) {
  return { ...counters, left: counters.left ?? null };
}
