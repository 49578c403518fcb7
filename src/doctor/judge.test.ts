import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CAUSE_IDS, causeOf } from "./causes/causes.ts";
import {
  type Attempt,
  type Evidence,
  FAMILIES,
  type Gained,
  type ListeningSocket,
  NOTHING_KNOWN,
  PROOFS,
} from "./evidence.ts";
import { judge } from "./judge.ts";

const NEAR = "10.77.1.10";
const FAR = "10.77.2.20";
const PORT = 10000;
const IDLE = { seconds: 60, shortLives: true, longLives: true, initiatorForgetsS: 432_000, listenerForgetsS: null };

const attempt = (changed: Partial<Attempt> = {}): Attempt => ({
  port: PORT,
  code: "",
  tookMs: 4,
  localAddress: NEAR,
  proof: "none",
  detail: "",
  ...changed,
});
const gained = (changed: Partial<Gained>): Gained => ({
  sent: 12,
  received: 0,
  delivered: 0,
  resets: 0,
  unreachables: 0,
  accepted: 0,
  echos: 0,
  echoReplies: 0,
  halfOpen: 0,
  ...changed,
});
const listening = (changed: Partial<ListeningSocket> = {}): ListeningSocket => ({
  family: "ipv6",
  address: "::",
  alsoIpv4: true,
  port: PORT,
  holder: "own",
  owner: "node (pid 7)",
  ...changed,
});

interface Known {
  readonly attempt?: Partial<Attempt>;
  readonly attempts?: readonly Attempt[];
  readonly gained?: Partial<Gained>;
  readonly sockets?: readonly ListeningSocket[];
  readonly initiator?: Partial<Evidence["initiator"]>;
  readonly listener?: Partial<Evidence["listener"]>;
  readonly rest?: Partial<Evidence>;
}

/** Both ends have been asked: addresses are known, the initiator's packets leave. */
function evidenceOf({ attempt: one, attempts, gained: counted, sockets, initiator, listener, rest }: Known): Evidence {
  return {
    ...NOTHING_KNOWN,
    destination: FAR,
    attempts: attempts ?? [attempt(one)],
    initiator: { addresses: [NEAR], route: "present", neighbour: "far", sent: { probes: 12, kept: 0 }, ...initiator },
    listener: {
      ...NOTHING_KNOWN.listener,
      platform: "linux",
      addresses: [FAR],
      sockets: sockets ?? [listening()],
      gained: counted === undefined ? null : gained(counted),
      sent: { probes: 12, kept: 0 },
      ...listener,
    },
    ...rest,
  };
}

function sayingOf(known: Known): string {
  const { state, causes, isProven, where } = judge(evidenceOf(known));
  return [state, causes.join(isProven ? "+" : "|"), where.join(",")].filter((part) => part !== "").join(" ");
}

const refused = { code: "ECONNREFUSED" } as const;
const silent = { code: "ETIMEDOUT", tookMs: 2_500 } as const;

/** The rows that were measured between three computers, and those that follow from what one end knows of itself. */
const ROWS: readonly (readonly [name: string, known: Known, saying: string])[] = [
  ["open", { attempt: { proof: "ours" } }, "open"],
  [
    "nothing listening: a reset of TCP's own",
    { attempt: refused, gained: { received: 12, delivered: 12, resets: 12 }, sockets: [] },
    "closed not-listening listener",
  ],
  [
    "bound to the loopback",
    {
      attempt: refused,
      gained: { received: 12, delivered: 12, resets: 12 },
      sockets: [listening({ family: "ipv4", address: "127.0.0.1", alsoIpv4: false })],
    },
    "closed loopback-only listener",
  ],
  [
    "host drop: received, not delivered",
    { attempt: silent, gained: { received: 12 } },
    "closed host-firewall-drop listener",
  ],
  [
    "host drop among other traffic",
    { attempt: silent, gained: { received: 9_012, delivered: 9_001 } },
    "closed host-firewall-drop listener",
  ],
  [
    "host reject with a reset: all refused",
    { attempt: refused, gained: { received: 12 }, rest: { burst: { sent: 12, refused: 12, passed: 0 } } },
    "closed host-firewall-reject-reset listener",
  ],
  [
    "host reject with ICMP: a few refused",
    {
      attempt: refused,
      gained: { received: 12, unreachables: 6 },
      rest: { burst: { sent: 12, refused: 6, passed: 0 } },
    },
    "closed host-firewall-reject-icmp listener",
  ],
  [
    "host reject by IPv4, administratively or not",
    { attempt: { code: "EHOSTUNREACH" }, gained: { received: 12, unreachables: 6 } },
    "closed admin-prohibited|host-firewall-reject-icmp listener",
  ],
  [
    "host reject by IPv6, administratively",
    {
      attempt: { code: "EACCES" },
      gained: { received: 12, unreachables: 6 },
      rest: { family: "ipv6", destination: "fd77:2::20" },
    },
    "closed admin-prohibited listener",
  ],
  ["middle drop", { attempt: silent, gained: {} }, "closed middle-missing-rule|middle-drop between"],
  [
    "middle drop where the initiator cannot say what left it",
    { attempt: silent, gained: {}, initiator: { sent: { probes: 12, kept: null } } },
    "closed middle-missing-rule|middle-drop|own-output-blocked between,initiator",
  ],
  ["middle reject", { attempt: refused, gained: {} }, "closed middle-reject between"],
  [
    "middle reject, and nothing listens besides",
    { attempt: refused, gained: {}, sockets: [] },
    "closed middle-reject+not-listening between,listener",
  ],
  [
    "return path dropped: half-open connections",
    { attempt: silent, gained: { received: 12, delivered: 12, halfOpen: 12 } },
    "closed missing-return-path between",
  ],
  [
    "the listener's own output rules",
    {
      attempt: silent,
      gained: { received: 12, delivered: 12, halfOpen: 12 },
      listener: { sent: { probes: 12, kept: 12 } },
    },
    "closed own-output-blocked listener",
  ],
  [
    "own output: not sent",
    { attempt: silent, gained: {}, initiator: { sent: { probes: 12, kept: 12 } } },
    "closed own-output-blocked initiator",
  ],
  ["own output: EPERM", { attempt: { code: "EPERM" } }, "closed own-output-blocked initiator"],
  [
    "translated source and a rule by address",
    { attempt: silent, gained: { received: 12 }, listener: { sawFrom: ["10.77.2.1"], rulesNameInitiator: true } },
    "closed address-rule-broken-by-nat listener",
  ],
  [
    "translated source, rules not readable",
    { attempt: silent, gained: { received: 12 }, listener: { sawFrom: ["10.77.2.1"] } },
    "closed address-rule-broken-by-nat|host-firewall-drop listener",
  ],
  [
    "translated source, no harm",
    { attempt: { proof: "ours" }, listener: { sawFrom: ["10.77.2.1"] } },
    "open source-nat between",
  ],
  [
    "translated destination",
    { attempt: { proof: "ours" }, listener: { addresses: ["10.9.9.9"] } },
    "open destination-nat between",
  ],
  [
    "two programs of one computer over its loopback: no translation",
    {
      attempt: { proof: "ours", localAddress: "127.0.0.1" },
      sockets: [listening({ family: "ipv4", address: "127.0.0.1", alsoIpv4: false })],
      initiator: { addresses: [FAR] },
      listener: { sawFrom: ["127.0.0.1"] },
      rest: { destination: "127.0.0.1" },
    },
    "open",
  ],
  [
    "the loopback of one computer, and nobody listens",
    {
      attempt: refused,
      gained: { received: 24, delivered: 24, resets: 12 },
      sockets: [],
      initiator: { addresses: [FAR] },
      listener: { sawFrom: ["127.0.0.1"] },
      rest: { destination: "127.0.0.1" },
    },
    "closed not-listening listener",
  ],
  [
    "the loopback of one computer, stopped by its own firewall",
    {
      attempt: silent,
      gained: { received: 12 },
      sockets: [listening({ family: "ipv4", address: "127.0.0.1", alsoIpv4: false })],
      initiator: { addresses: [FAR] },
      listener: { sawFrom: ["127.0.0.1"], rulesNameInitiator: false },
      rest: { destination: "127.0.0.1" },
    },
    "closed host-firewall-drop listener",
  ],
  [
    "nothing listening, the way free",
    {
      attempt: { proof: "ours" },
      sockets: [],
      listener: { temporary: [{ port: PORT, code: "", accepted: 1, proven: 1 }] },
    },
    "closed not-listening listener",
  ],
  [
    "refused right after the handshake, by clocks that agree",
    { attempt: { proof: "refused-us" }, listener: { revoked: false }, rest: { clockAheadMs: 10 } },
    "closed certificate-expired|name-elsewhere initiator,listener",
  ],
  [
    "one way only",
    { attempt: silent, gained: {}, rest: { sameDirectionWorks: false, oppositeDirectionWorks: true } },
    "closed one-way-block between",
  ],
  [
    "the dialled address is not the listener's",
    { attempt: silent, gained: {}, listener: { addresses: ["10.9.9.9"] } },
    "closed name-elsewhere|middle-drop|middle-missing-rule initiator,between",
  ],
  [
    "a foreign certificate, our program listening",
    { attempt: { proof: "foreign" } },
    "closed tls-interception between",
  ],
  [
    "a foreign certificate, another program listening",
    { attempt: { proof: "foreign" }, sockets: [listening({ holder: "other", owner: "perl (pid 812)" })] },
    "closed port-taken listener",
  ],
  [
    "a foreign certificate, from one end",
    { attempt: { proof: "foreign" }, listener: { sockets: null } },
    "closed tls-interception|port-taken|name-elsewhere between,listener,initiator",
  ],
  [
    "accepted, and the listener has seen nothing",
    { attempt: { proof: "silent" }, gained: {} },
    "closed proxy-accepts-nothing-forwarded between",
  ],
  [
    "accepted by a listener that says nothing whole",
    {
      attempt: { proof: "silent" },
      gained: { received: 24, delivered: 24, accepted: 12 },
      rest: { bulkNearby: "stalls" },
    },
    "closed mtu-black-hole between",
  ],
  [
    "accepted by a program that says nothing, where large packets pass",
    {
      attempt: { proof: "silent" },
      gained: { received: 24, delivered: 24, accepted: 12 },
      rest: { bulkNearby: "passes" },
    },
    "closed program-unresponsive listener",
  ],
  [
    "accepted by a program that says nothing, and nobody tried large packets",
    { attempt: { proof: "silent" }, gained: { received: 24, delivered: 24, accepted: 12 } },
    "closed mtu-black-hole|program-unresponsive between,listener",
  ],
  [
    "accepted, and what was sent is never acknowledged, where large packets pass",
    {
      attempt: { proof: "lost" },
      gained: { received: 24, delivered: 24, accepted: 12 },
      rest: { bulkNearby: "passes" },
    },
    "closed packet-loss between",
  ],
  [
    "accepted, and what was sent is never acknowledged, and nobody tried large packets",
    { attempt: { proof: "lost" }, gained: { received: 24, delivered: 24, accepted: 12 } },
    "closed mtu-black-hole|packet-loss between",
  ],
  [
    "accepted by the kernel for a listener of the test's own that was too busy to see it",
    {
      attempt: { proof: "silent" },
      sockets: [],
      gained: { received: 12, delivered: 12, resets: 12 },
      listener: { temporary: [{ port: 10000, code: "", accepted: 0, proven: 0 }] },
    },
    "closed program-unresponsive|packet-loss listener,between",
  ],
  [
    "a small answer comes, a large one is taken and does not come back",
    { attempt: { proof: "ours" }, rest: { bulk: "unreturned" } },
    "partly mtu-black-hole|program-unresponsive between,listener",
  ],
  [
    "small answers, no time for large ones, and another flow whose packets vanish",
    { attempt: { proof: "ours" }, rest: { isPool: true, losesNearby: true } },
    "partly mtu-black-hole|packet-loss between",
  ],
  [
    "silence first, and connections that are made while it is counted",
    {
      attempt: silent,
      gained: { received: 14, delivered: 14, accepted: 10 },
      rest: { burst: { sent: 12, refused: 0, passed: 10 } },
    },
    "partly packet-loss|rate-limit between,listener",
  ],
  [
    "small passes, large stalls",
    { attempt: { proof: "ours" }, rest: { bulk: "stalls" } },
    "partly mtu-black-hole between",
  ],
  [
    "expired by both clocks",
    { attempt: { proof: "expired" }, rest: { clockAheadMs: 500 } },
    "closed certificate-expired listener",
  ],
  [
    "expired by one clock",
    { attempt: { proof: "expired" }, rest: { clockAheadMs: -86_400_000 } },
    "closed clock-off initiator,listener",
  ],
  [
    "expired, the other clock unknown",
    { attempt: { proof: "expired" } },
    "closed certificate-expired|clock-off listener,initiator",
  ],
  [
    "revoked",
    { attempt: { proof: "refused-us" }, listener: { revoked: true } },
    "closed certificate-revoked initiator",
  ],
  ["the name does not resolve", { attempt: { code: "ENOTFOUND" } }, "closed name-not-resolved initiator"],
  ["no route", { attempt: { code: "ENETUNREACH" }, initiator: { route: "missing" } }, "closed no-route initiator"],
  [
    "IPv6 at the other end only",
    { attempt: { code: "ENETUNREACH" }, initiator: { route: "missing" }, rest: { family: "ipv6" } },
    "closed ipv4-only initiator",
  ],
  [
    "nobody answers on the segment",
    { attempt: { ...silent, code: "EHOSTUNREACH" }, initiator: { neighbour: "silent" } },
    "closed host-down listener",
  ],
  [
    "a limit: the first pass",
    { attempt: { proof: "ours" }, rest: { series: [...Array(6).fill(true), ...Array(14).fill(false)] } },
    "partly rate-limit between,listener",
  ],
  [
    "a bad line: any pass",
    { attempt: { proof: "ours" }, rest: { series: Array.from({ length: 20 }, (_, index) => index % 4 !== 3) } },
    "partly packet-loss between",
  ],
  [
    "one failure of twenty is no finding",
    { attempt: { proof: "ours" }, rest: { series: Array.from({ length: 20 }, (_, index) => index !== 3) } },
    "open",
  ],
  [
    "idle connections are cut",
    { attempt: { proof: "ours" }, rest: { idle: { ...IDLE, shortLives: true, longLives: false } } },
    "partly idle-cut between",
  ],
  [
    "idle connections are cut sooner than tried",
    { attempt: { proof: "ours" }, rest: { idle: { ...IDLE, shortLives: false, longLives: false } } },
    "partly idle-cut between",
  ],
  [
    "idle connections are cut, and the listener's own host forgets them in that time",
    { attempt: { proof: "ours" }, rest: { idle: { ...IDLE, longLives: false, listenerForgetsS: 120 } } },
    "partly idle-cut listener,between",
  ],
  ["idle connections live", { attempt: { proof: "ours" }, rest: { idle: IDLE } }, "open"],
  [
    "Windows: nobody listens looks like a drop",
    { attempt: silent, sockets: [], listener: { platform: "win32" } },
    "closed not-listening listener",
  ],
  [
    "a drop that only one end sees",
    { attempt: silent, listener: { sockets: null, addresses: null, sent: null } },
    "closed middle-drop|middle-missing-rule|host-firewall-drop|missing-return-path|host-down between,listener",
  ],
  [
    "a refusal that only one end sees",
    { attempt: refused, listener: { sockets: null } },
    "closed not-listening|loopback-only|host-firewall-reject-reset|host-firewall-reject-icmp|middle-reject listener,between",
  ],
  [
    "too much other traffic to count",
    { attempt: silent, gained: { received: 5 } },
    "closed middle-drop|middle-missing-rule|host-firewall-drop|missing-return-path between,listener",
  ],
  ["nobody could try, and it is connected", { attempts: [], listener: { hasConnection: true } }, "open"],
  ["nobody could try", { attempts: [], listener: { sockets: null } }, "unknown"],
  [
    "datagrams that came",
    { attempt: silent, rest: { transport: "udp", datagrams: { sent: 10, received: 10, answered: 0 } } },
    "open",
  ],
  [
    "datagrams stopped in between",
    { attempt: silent, gained: {}, rest: { transport: "udp", datagrams: { sent: 10, received: 0, answered: 0 } } },
    "closed udp-blocked between",
  ],
  [
    "datagrams stopped by the host",
    { attempt: silent, gained: { received: 12 }, rest: { transport: "udp" } },
    "closed host-firewall-drop listener",
  ],
  [
    "datagrams to nobody",
    {
      attempt: refused,
      gained: { received: 12, delivered: 12, unreachables: 6 },
      sockets: [],
      rest: { transport: "udp" },
    },
    "closed udp-refused+not-listening listener",
  ],
  [
    "ping stopped by the host",
    { attempt: { ...silent, port: 0 }, gained: { sent: 5, received: 5 }, rest: { transport: "icmp" } },
    "closed ping-blocked listener",
  ],
  [
    "ping that is answered only when it is tried again",
    {
      attempt: { port: 0, code: "ETIMEDOUT" },
      rest: { transport: "icmp", burst: { sent: 5, refused: 0, passed: 5 } },
    },
    "open",
  ],
  [
    "ping that is answered now and then",
    {
      attempt: { port: 0, code: "ETIMEDOUT" },
      rest: { transport: "icmp", burst: { sent: 5, refused: 0, passed: 1 } },
    },
    "partly packet-loss between",
  ],
  [
    "ping from one end, the host answers otherwise",
    { attempt: { ...silent, port: 0 }, rest: { transport: "icmp", hostAnswers: true } },
    "closed ping-blocked listener,between",
  ],
];

describe("the verdict", () => {
  it.each(ROWS)("%s", (_, known, saying) => expect(sayingOf(known)).toBe(saying));

  it("names the holes of a range, and what made them", () => {
    const ports = [20300, 20301, 20302, 20303];
    const attempts = ports.map((port) =>
      attempt(port === 20301 || port === 20302 ? { port, ...silent } : { port, proof: "ours" }),
    );
    const verdict = judge(
      evidenceOf({
        attempts,
        gained: { received: 12 },
        rest: { isPool: true },
        sockets: [],
        listener: { temporary: ports.map((port) => ({ port, code: "", accepted: 0, proven: 0 })) },
      }),
    );
    expect(verdict).toMatchObject({
      state: "partly",
      causes: ["data-port-hole", "host-firewall-drop"],
      failedPorts: [20301, 20302],
      isProven: true,
    });
  });

  it("does not take a host's limit of ICMP errors for a second cause", () => {
    const attempts = [attempt({ port: 20300, code: "EACCES" }), attempt({ port: 20301, ...silent })];
    const verdict = judge(
      evidenceOf({
        attempts,
        gained: { received: 12 },
        listener: { temporary: attempts.map(({ port }) => ({ port, code: "", accepted: 0, proven: 0 })) },
        rest: { family: "ipv6" },
      }),
    );
    expect(verdict).toMatchObject({
      state: "closed",
      causes: ["admin-prohibited", "host-firewall-drop"],
      isProven: false,
    });
  });
});

const anyEvidence: fc.Arbitrary<Evidence> = fc.record({
  isOneComputer: fc.constantFrom(null, true, false),
  ports: fc.constantFrom([], [PORT]),
  answersAt: fc.constantFrom("", FAR),
  destinationIsForwarded: fc.boolean(),
  isPool: fc.boolean(),
  losesNearby: fc.boolean(),
  bulkNearby: fc.constantFrom("passes", "stalls", "unreturned", "untried"),
  transport: fc.constantFrom("tcp", "udp", "icmp"),
  family: fc.constantFrom(...FAMILIES),
  destination: fc.constantFrom(FAR, "fd77:2::20", "127.0.1.1", ""),
  attempts: fc.array(
    fc.record({
      port: fc.constantFrom(0, PORT, 20300, 20301),
      code: fc.constantFrom(
        "",
        "ECONNREFUSED",
        "ETIMEDOUT",
        "EHOSTUNREACH",
        "ENETUNREACH",
        "EACCES",
        "EPERM",
        "ENOTFOUND",
        "EADDRNOTAVAIL",
        "UNTRIED",
        "EODD",
      ),
      tookMs: fc.integer({ min: 0, max: 4_000 }),
      localAddress: fc.constant(NEAR),
      proof: fc.constantFrom(...PROOFS),
      detail: fc.constant(""),
    }),
    { maxLength: 4 },
  ),
  initiator: fc.record({
    addresses: fc.constantFrom(null, [NEAR], []),
    route: fc.constantFrom("present", "missing", "unknown"),
    neighbour: fc.constantFrom("answers", "silent", "far", "unknown"),
    sent: fc.option(fc.record({ probes: fc.nat(20), kept: fc.option(fc.integer({ min: -5, max: 40 })) })),
  }),
  listener: fc.record({
    platform: fc.constantFrom("linux", "win32", ""),
    addresses: fc.constantFrom(null, [FAR], ["10.9.9.9"]),
    sockets: fc.option(
      fc.array(
        fc.record({
          family: fc.constantFrom(...FAMILIES),
          address: fc.constantFrom("::", "0.0.0.0", "127.0.0.1", "::1"),
          alsoIpv4: fc.boolean(),
          port: fc.constantFrom(PORT, 20300),
          holder: fc.constantFrom("own", "other", "hidden"),
          owner: fc.constant("x (pid 1)"),
        }),
        { maxLength: 3 },
      ),
    ),
    temporary: fc.array(
      fc.record({
        port: fc.constantFrom(PORT, 20300),
        code: fc.constantFrom("", "EADDRINUSE", "UNTRIED"),
        accepted: fc.nat(2),
        proven: fc.nat(2),
      }),
      { maxLength: 2 },
    ),
    gained: fc.option(
      fc.record({
        sent: fc.nat(20),
        received: fc.nat(40),
        delivered: fc.nat(40),
        resets: fc.nat(20),
        unreachables: fc.nat(6),
        accepted: fc.nat(20),
        echos: fc.nat(5),
        echoReplies: fc.nat(5),
        halfOpen: fc.nat(12),
      }),
    ),
    sent: fc.option(fc.record({ probes: fc.nat(20), kept: fc.option(fc.nat(20)) })),
    sawFrom: fc.constantFrom([], [NEAR], ["10.77.2.1"]),
    hasConnection: fc.boolean(),
    revoked: fc.constantFrom(null, true, false),
    rulesNameInitiator: fc.constantFrom(null, true, false),
    routeBack: fc.constantFrom("present", "missing", "unknown"),
    problem: fc.constantFrom("", "in use"),
  }),
  clockAheadMs: fc.option(fc.integer({ min: -1e9, max: 1e9 })),
  hostAnswers: fc.constantFrom(null, true, false),
  burst: fc.option(fc.record({ sent: fc.nat(12), refused: fc.nat(12), passed: fc.nat(12) })),
  sameDirectionWorks: fc.constantFrom(null, true, false),
  oppositeDirectionWorks: fc.constantFrom(null, true, false),
  series: fc.array(fc.boolean(), { maxLength: 20 }),
  idle: fc.option(
    fc.record({
      seconds: fc.nat(60),
      shortLives: fc.boolean(),
      longLives: fc.boolean(),
      initiatorForgetsS: fc.option(fc.nat(300)),
      listenerForgetsS: fc.option(fc.nat(300)),
    }),
  ),
  hops: fc.option(
    fc.record({
      port: fc.constant(PORT),
      missing: fc.constantFrom<readonly string[]>([], ["root"], ["nmap"]),
      path: fc.constantFrom<readonly { hop: number; address: string }[]>([], [{ hop: 1, address: "10.77.1.1" }]),
      refusal: fc.option(
        fc.record({
          kind: fc.constantFrom<("reset" | "icmp" | "answer")[]>("reset", "icmp", "answer"),
          from: fc.constantFrom(FAR, "10.77.1.1"),
          ttl: fc.integer({ min: 1, max: 255 }),
        }),
      ),
      hostTtl: fc.option(fc.integer({ min: 1, max: 255 })),
    }),
  ),
  bulk: fc.constantFrom("passes", "stalls", "unreturned", "untried"),
  datagrams: fc.option(fc.record({ sent: fc.nat(10), received: fc.option(fc.nat(10)), answered: fc.nat(10) })),
});

it("is total, and says of whatever it cannot tell apart how to decide it", () => {
  fc.assert(
    fc.property(anyEvidence, (evidence) => {
      const { state, causes, isProven, where, nextTest, evidence: lines } = judge(evidence);
      expect(causes.every((cause) => CAUSE_IDS.includes(cause))).toBe(true);
      expect(new Set(causes).size).toBe(causes.length);
      expect(lines.length).toBeGreaterThan(0);
      if (state === "closed" || state === "partly") expect([causes.length > 0, where.length > 0]).toEqual([true, true]);
      if (state !== "open" && !isProven) expect(nextTest).not.toBeNull();
      if (!isProven && causes.length > 0) expect(causes.length).toBeGreaterThan(1);
    }),
    { numRuns: 3_000 },
  );
});

it("has words in both languages for every cause", () => {
  for (const id of CAUSE_IDS) {
    const { title, meaning, proof, places } = causeOf(id);
    for (const text of [title, meaning, proof]) expect([text.en, text.ja].every((each) => each.length > 3)).toBe(true);
    expect(places.length).toBeGreaterThan(0);
  }
});
