import type { Attempt } from "../../doctor/evidence.ts";
import type { Counters, DialOrder, Helper } from "../../doctor/helper.ts";
import { FLOW_KEYS, type FlowKey } from "../../ports/port-map.ts";
import { DoctorReply, DoctorRequest } from "../../protocols/doctor/messages.ts";
import { codeOf, PeerError, reasonOf, WireError } from "../../runtime/errors.ts";
import { decode, encode } from "../../wire/xdr.ts";

/**
 * Answers one question of the manager's doctor, both in their bytes. Never rejects but with WireError, for bytes that
 * are no question: what the helper refuses or fails in is an answer.
 */
export async function answerDoctor(body: Buffer, helper: Helper): Promise<Buffer> {
  const request = decode(DoctorRequest, body);
  if (request.kind === "batch") {
    const bodies = await Promise.all(request.bodies.map((each) => answerOne(each, helper)));
    return encode(DoctorReply, { kind: "batch", bodies });
  }
  return answerOne(body, helper);
}

async function answerOne(body: Buffer, helper: Helper): Promise<Buffer> {
  const request = decode(DoctorRequest, body);
  if (request.kind === "batch") throw new WireError("batch", "a batch within a batch");
  return encode(DoctorReply, await reply(request, helper).catch(asRefusal));
}

function asRefusal(error: unknown): DoctorReply {
  if (error instanceof WireError) throw error;
  const code = error instanceof PeerError ? error.code : codeOf(error) || "failed";
  return { kind: "refused", code: code.slice(0, 64), reason: cut(reasonOf(error), 1_000) };
}

async function reply(request: Exclude<DoctorRequest, { kind: "batch" }>, helper: Helper): Promise<DoctorReply> {
  switch (request.kind) {
    case "look": {
      const { counters, ...sight } = await helper.look(request.ports);
      const { sockets, ruleAddresses } = sight;
      return {
        kind: "sight",
        ...sight,
        atMs: sight.atMs ?? 0,
        sockets: sockets?.map((socket) => ({ ...socket, owner: cut(socket.owner, 120) })),
        ruleAddresses: ruleAddresses ?? undefined,
        counters: countersOf(counters),
        flows: sight.flows.map((flow) => ({ ...flow, problem: cut(flow.problem, 500) })),
      };
    }
    case "count": {
      const { counters, halfOpen } = await helper.count(request.ports);
      return { kind: "counted", counters: countersOf(counters), halfOpen };
    }
    case "dial": {
      const { attempts, way, answered } = await helper.dial(orderOf(request));
      return { kind: "dialled", attempts: attempts.map(toMessage), ...way, answered };
    }
    case "listen":
      return { kind: "listening", ...(await helper.listen(request)) };
    case "hold": {
      const { forgetsAfterS, ...held } = await helper.hold(request);
      return { kind: "held", ...held, forgetsAfterS: forgetsAfterS ?? undefined };
    }
    case "heard":
      return { kind: "heard", ...(await helper.heard(request.id)) };
  }
}

function orderOf(request: Extract<DoctorRequest, { kind: "dial" }>): DialOrder {
  const { how, flow, ...order } = request;
  if (!isFlowKey(flow)) throw new PeerError("refused", `${JSON.stringify(flow)} is no flow that is known here`);
  return { ...order, kind: how, flow };
}

function isFlowKey(text: string): text is FlowKey {
  return (FLOW_KEYS as readonly string[]).includes(text);
}

function countersOf(counters: Counters | null) {
  return counters === null ? undefined : { ...counters, ipv4: withLeft(counters.ipv4), ipv6: withLeft(counters.ipv6) };
}

function withLeft<C extends { readonly left: number | null }>(counters: C) {
  return { ...counters, left: counters.left ?? undefined };
}

function toMessage(attempt: Attempt) {
  return {
    ...attempt,
    tookMs: Math.round(attempt.tookMs),
    detail: cut(attempt.detail, 250),
    code: cut(attempt.code, 60),
  };
}

/** At most so many bytes of UTF-8, whole characters. */
function cut(text: string, bytesMax: number): string {
  let short = text.slice(0, bytesMax);
  while (Buffer.byteLength(short) > bytesMax) short = short.slice(0, -1);
  return short;
}
