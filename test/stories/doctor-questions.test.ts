// The doctor's questions as they travel: what the manager's side asks and the agent's side answers, through the bytes of
// the protocol, with a helper that says what it was asked.

import { describe, expect, it } from "vitest";
import { answerDoctor } from "../../src/agent/doctor/help-server.ts";
import type { DialOrder, Helper, ListenOrder, Sight } from "../../src/doctor/helper.ts";
import { createRecordedHelper } from "../../src/manager/doctor/recorded-helper.ts";
import { createRemoteHelper } from "../../src/manager/doctor/remote-helper.ts";
import { DoctorReply, DoctorRequest } from "../../src/protocols/doctor/messages.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { PeerError, WireError } from "../../src/runtime/errors.ts";
import { FakeClock } from "../../src/runtime/fake-clock.ts";
import { decode, encode } from "../../src/wire/xdr.ts";

const family = { received: 1, delivered: 2, asked: 3, left: null, unreachables: 4, echos: 5, echoReplies: 6 };
const SIGHT: Sight = {
  atMs: 1_800_000_000_000,
  platform: "linux",
  addresses: ["10.77.2.20", "fd77:2::20"],
  flows: [{ flow: "backupControl", transport: "tcp", from: 10000, to: 10000, isPool: false, problem: "" }],
  sockets: [{ family: "ipv6", address: "::", alsoIpv4: true, port: 10000, holder: "own", owner: "node (pid 7)" }],
  halfOpen: [{ family: "ipv4", port: 10000, count: 3 }],
  counters: { ipv4: family, ipv6: { ...family, left: 9 }, resets: 7, accepted: 8 },
  peerAddresses: ["10.77.1.10"],
  sawPeerFrom: [],
  ruleAddresses: null,
  firewall: "nftables inet filter input",
};
const ATTEMPT = { port: 31134, code: "", tookMs: 4, localAddress: "10.77.2.20", proof: "ours", detail: "" } as const;
const DIAL: DialOrder = {
  kind: "tls",
  flow: "managerReport",
  address: "10.77.1.10",
  ports: [31134],
  times: 1,
  timeoutMs: 2_000,
  secret: Buffer.alloc(0),
  bulkBytes: 0,
};
const LISTEN: ListenOrder = {
  transport: "tcp",
  family: "ipv6",
  ports: [20300],
  secret: Buffer.alloc(32, 1),
  lifeMs: 5_000,
};
const HEARD = {
  ports: [{ port: 20300, code: "", accepted: 2, proven: 1 }],
  provenFrom: ["10.77.1.10"],
  datagrams: [0, 1],
};

function createHelper(changed: Partial<Helper> = {}): Helper {
  return {
    look: async () => SIGHT,
    count: async () => ({ counters: SIGHT.counters, halfOpen: SIGHT.halfOpen }),
    dial: async () => ({ attempts: [ATTEMPT], way: { route: "present", neighbour: "far" }, answered: 2 }),
    listen: async ({ ports }) => ({ id: 4, ports: ports.map((port) => ({ port, code: "", accepted: 0, proven: 0 })) }),
    hold: async () => ({ id: 5, code: "", forgetsAfterS: 432_000 }),
    heard: async () => HEARD,
    ...changed,
  };
}

function connect(helper: Helper, clock = systemClock) {
  let questions = 0;
  const remote = createRemoteHelper((body) => {
    questions += 1;
    return answerDoctor(body, helper);
  }, clock);
  return { remote, questions: () => questions };
}

describe("a question and its answer", () => {
  it("arrive as they were said", async () => {
    const { remote } = connect(createHelper());
    expect(await remote.look([])).toEqual(SIGHT);
    expect(await remote.count([])).toEqual({ counters: SIGHT.counters, halfOpen: SIGHT.halfOpen });
    expect(await remote.dial(DIAL)).toEqual({
      attempts: [ATTEMPT],
      way: { route: "present", neighbour: "far" },
      answered: 2,
    });
    expect(await remote.listen(LISTEN)).toMatchObject({ id: 4, ports: [{ port: 20300 }] });
    expect(await remote.heard(4)).toEqual(HEARD);
    expect(await remote.hold({ family: "ipv4", port: 20300, secret: Buffer.alloc(32), lifeMs: 9_000 })).toEqual({
      id: 5,
      code: "",
      forgetsAfterS: 432_000,
    });
  });

  it("travel together when they are asked together, and what dials apart from what looks", async () => {
    const { remote, questions } = connect(createHelper());
    await Promise.all([remote.dial(DIAL), remote.dial(DIAL), remote.look([]), remote.heard(1), remote.dial(DIAL)]);
    expect(questions()).toBe(2);
    await Promise.all(Array.from({ length: 20 }, () => remote.dial(DIAL)));
    expect(questions()).toBe(4);
  });

  it("say no in the helper's own words, one of several as well", async () => {
    const refusing = createHelper({ dial: () => Promise.reject(new PeerError("refused", "22/tcp is not declared")) });
    const { remote } = connect(refusing);
    const [dialled, looked] = await Promise.allSettled([remote.dial(DIAL), remote.look([])]);
    expect(dialled).toMatchObject({
      status: "rejected",
      reason: { code: "refused", message: "22/tcp is not declared" },
    });
    expect(looked).toMatchObject({ status: "fulfilled" });
  });

  it("end in time where no answer comes", async () => {
    const clock = new FakeClock();
    const remote = createRemoteHelper(() => new Promise(() => {}), clock);
    const failed = expect(remote.look([])).rejects.toThrow("the far end's look: no answer within 8000 ms");
    await clock.advance(8_000);
    await failed;
  });
});

describe("what an agent says", () => {
  it("goes into commands only where it is an address, and flows that are not known here are passed over", async () => {
    const odd: Sight = { ...SIGHT, addresses: ["10.0.0.1; reboot", "10.77.2.20"], firewall: "nftables $(reboot)" };
    const { remote } = connect(createHelper({ look: async () => odd }));
    expect(await remote.look([])).toMatchObject({ addresses: ["10.77.2.20"], firewall: "" });
    const stranger = {
      ...SIGHT,
      kind: "sight",
      ruleAddresses: undefined,
      counters: undefined,
      sockets: undefined,
    } as const;
    const flows = [
      { ...SIGHT.flows[0], flow: "newerFlow", transport: "tcp", from: 1, to: 1, isPool: false, problem: "" } as const,
    ];
    const bytes = encode(DoctorReply, { ...stranger, atMs: 1, flows } as DoctorReply);
    const looked = await createRemoteHelper(async () => bytes, systemClock).look([]);
    expect(looked).toMatchObject({ flows: [], sockets: null, counters: null });
  });

  it("is heard once where it was pasted: nothing is concluded from its clock or counters", async () => {
    const question = (request: DoctorRequest) => answerDoctor(encode(DoctorRequest, request), createHelper());
    const { kind: how, ...order } = DIAL;
    const sight = await question({ kind: "look", ports: [] });
    const dialled = await question({ kind: "dial", how, ...order });
    const recorded = createRecordedHelper(
      { sight, dials: [{ flow: "managerReport", address: "10.77.1.10", dialled }] },
      systemClock,
    );
    expect(await recorded.look([])).toEqual({ ...SIGHT, atMs: null, counters: null, halfOpen: [] });
    expect((await recorded.dial(DIAL)).attempts).toEqual([ATTEMPT]);
    expect((await recorded.dial({ ...DIAL, address: "10.9.9.9" })).attempts).toEqual([]);
    expect((await recorded.listen(LISTEN)).ports).toMatchObject([{ code: "UNTRIED" }]);
  });
});

describe("bytes that are no question", () => {
  it("break the protocol, a batch within a batch as well", async () => {
    await expect(answerDoctor(Buffer.from("GET / HTTP/1.1"), createHelper())).rejects.toThrow(WireError);
    const inner = encode(DoctorRequest, { kind: "batch", bodies: [] });
    await expect(
      answerDoctor(encode(DoctorRequest, { kind: "batch", bodies: [inner] }), createHelper()),
    ).rejects.toThrow("a batch within a batch");
  });

  it("are refused when cut anywhere", () => {
    const bytes = encode(DoctorRequest, { kind: "listen", ...LISTEN });
    expect(decode(DoctorRequest, bytes)).toMatchObject({ kind: "listen", ports: [20300] });
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decode(DoctorRequest, bytes.subarray(0, length))).toThrow(WireError);
    }
  });
});
