import {
  bool,
  type Decoded,
  enumeration,
  fixed,
  integer,
  list,
  opaque,
  optional,
  struct,
  text,
  u32,
  union,
} from "../../wire/xdr.ts";

// What the doctor at one end asks the helper at the other (docs/protocols/doctor.md). The messages travel inside a
// connection that is authenticated already: in a call of our NDMP extension, or as an ask of the report flow. Nothing
// here names a program, a file or a command.

/** One question or answer: the largest is a look at 512 listeners. */
export const DOCTOR_RECORD_BYTES_MAX = 256 * 1024;
/** Questions in one batch: one for each flow and family. */
export const BATCH_MAX = 16;
const PORTS_MAX = 64;
const ATTEMPTS_MAX = 256;

const Family = enumeration({ ipv4: 4, ipv6: 6 });
const Transport = enumeration({ tcp: 6, udp: 17 }); // Numbers of IANA's protocol registry.
const Address = text(64);
const Ports = list(u32, PORTS_MAX);
const PortSpan = struct({ transport: Transport, from: u32, to: u32 });

/** Of a test's own listener. */
const TemporaryPort = struct({ port: u32, code: text(32), accepted: u32, proven: u32 });

const FamilyCounters = struct({
  received: integer,
  delivered: integer,
  asked: integer,
  left: optional(integer),
  unreachables: integer,
  echos: integer,
  echoReplies: integer,
});

const Counters = struct({ ipv4: FamilyCounters, ipv6: FamilyCounters, resets: integer, accepted: integer });
const HalfOpen = struct({ family: Family, port: u32, count: u32 });

const Attempt = struct({
  port: u32,
  code: text(64),
  tookMs: integer,
  localAddress: Address,
  proof: enumeration({
    none: 0,
    ours: 1,
    stalled: 2,
    foreign: 3,
    expired: 4,
    "not-yet-valid": 5,
    "other-peer": 6,
    "not-tls": 7,
    silent: 8,
    closed: 9,
    "refused-us": 10,
    lost: 11,
    unfinished: 12,
    unheard: 13,
  }),
  detail: text(256),
});

export const DoctorRequest = union({
  look: [1, struct({ ports: list(PortSpan, PORTS_MAX) })],
  dial: [
    2,
    struct({
      how: enumeration({ tls: 1, challenge: 2, connect: 3, datagrams: 4, ping: 5 }),
      flow: text(64),
      address: Address,
      ports: Ports,
      times: u32,
      timeoutMs: u32,
      secret: opaque(32),
      bulkBytes: u32,
    }),
  ],
  listen: [3, struct({ transport: Transport, family: Family, ports: Ports, secret: fixed(32), lifeMs: u32 })],
  heard: [4, struct({ id: u32 })],
  /** A listener for connections that are then left idle: one port, longer than others. */
  hold: [7, struct({ family: Family, port: u32, secret: fixed(32), lifeMs: u32 })],
  /** As look, for what changes while it is counted. */
  count: [6, struct({ ports: list(PortSpan, PORTS_MAX) })],
  /** Several at once, each in its own bytes; answered together. None of them is a batch. */
  batch: [5, struct({ bodies: list(opaque(DOCTOR_RECORD_BYTES_MAX), BATCH_MAX) })],
});
export type DoctorRequest = Decoded<typeof DoctorRequest>;

export const DoctorReply = union({
  sight: [
    1,
    struct({
      atMs: integer,
      platform: text(32),
      addresses: list(Address, 64),
      flows: list(
        struct({ flow: text(64), transport: Transport, from: u32, to: u32, isPool: bool, problem: text(512) }),
        PORTS_MAX,
      ),
      sockets: optional(
        list(
          struct({
            family: Family,
            address: Address,
            alsoIpv4: bool,
            port: u32,
            holder: enumeration({ own: 1, other: 2, hidden: 3 }),
            owner: text(128),
          }),
          512,
        ),
      ),
      halfOpen: list(HalfOpen, 512),
      counters: optional(Counters),
      peerAddresses: list(Address, 64),
      sawPeerFrom: list(Address, 64),
      ruleAddresses: optional(list(Address, 4_096)),
      firewall: text(256),
    }),
  ],
  dialled: [
    2,
    struct({
      attempts: list(Attempt, ATTEMPTS_MAX),
      route: enumeration({ unknown: 0, present: 1, missing: 2 }),
      neighbour: enumeration({ unknown: 0, answers: 1, silent: 2, far: 3 }),
      answered: u32,
    }),
  ],
  listening: [3, struct({ id: u32, ports: list(TemporaryPort, PORTS_MAX) })],
  heard: [
    4,
    struct({ ports: list(TemporaryPort, PORTS_MAX), provenFrom: list(Address, 256), datagrams: list(u32, PORTS_MAX) }),
  ],
  refused: [5, struct({ code: text(64), reason: text(1_024) })],
  /** `forgetsAfterS`: how long this host's own firewall remembers a silent connection. */
  held: [8, struct({ id: u32, code: text(32), forgetsAfterS: optional(u32) })],
  counted: [7, struct({ counters: optional(Counters), halfOpen: list(HalfOpen, 512) })],
  batch: [6, struct({ bodies: list(opaque(DOCTOR_RECORD_BYTES_MAX), BATCH_MAX) })],
});
export type DoctorReply = Decoded<typeof DoctorReply>;
