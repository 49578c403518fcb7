// What the tests of this folder share: a small model with every type, keys of several kinds, a subclass, an association,
// methods and a slow provider, behind a real listener on the loopback address. Never used outside tests.

import { CimDateTime } from "../../cim/cim-date-time.ts";
import { CimInstance } from "../../cim/cim-instance.ts";
import {
  boolean,
  datetime,
  declareClass,
  real64,
  reference,
  string,
  uint8,
  uint16,
  uint32,
  uint64,
} from "../../cim/class-declaration.ts";
import { createObjectManager } from "../../cim/create-object-manager.ts";
import type { ObjectManager } from "../../cim/object-manager.ts";
import { ObjectPath } from "../../cim/object-path.ts";
import { CIMV2, provide } from "../../cim/provider.ts";
import { createForeignAgent, type ForeignAgent } from "../../net/foreign-request.ts";
import { createHttpListener, remoteAddressOf } from "../../net/http-listen.ts";
import { createReadableLog } from "../../net/loopback-fixture.ts";
import { type Clock, systemClock } from "../../runtime/clock.ts";
import { formatUuid, systemRandom } from "../../runtime/random.ts";
import { createAccountGate } from "../account-gate.ts";
import { WsmanClient } from "./client.ts";
import { foreignTransport } from "./client-transport.ts";
import { createWsmanHandler } from "./http-handler.ts";
import { type ActionHandler, createWsmanServer } from "./server.ts";

const text = { version: "1.0.0", description: "For tests." } as const;

export const Test_Element = declareClass({
  name: "Test_Element",
  ...text,
  properties: {
    Name: string({ key: true }),
    Number: uint32({ key: true }),
    Caption: string({ write: true }),
  },
  methods: {
    Rename: {
      returns: "uint32",
      parameters: { NewName: string(), Tags: string({ array: true }), Old: string({ in: false, out: true }) },
    },
    Fail: { returns: "uint32" },
    Hang: { returns: "uint32" },
  },
});

export const Test_Disk = declareClass({
  name: "Test_Disk",
  extends: Test_Element,
  ...text,
  properties: {
    Size: uint64(),
    Wear: real64(),
    Online: boolean({ write: true }),
    Since: datetime(),
    Age: datetime(),
    Blocks: uint16({ array: true }),
    Raw: uint8({ array: true }),
    Label: string(),
    Part: string({ embeddedInstance: "Test_Element" }),
    Twin: reference("Test_Element"),
  },
});

export const Test_Link = declareClass({
  name: "Test_Link",
  association: true,
  ...text,
  properties: {
    Antecedent: reference("Test_Element", { key: true }),
    Dependent: reference("Test_Element", { key: true }),
  },
});

export const Test_Many = declareClass({
  name: "Test_Many",
  ...text,
  properties: { Id: uint32({ key: true }), Text: string() },
});
export const Test_Slow = declareClass({ name: "Test_Slow", ...text, properties: { Id: uint32({ key: true }) } });
export const Test_Alert = declareClass({
  name: "Test_Alert",
  indication: true,
  ...text,
  properties: {
    Message: string(),
    PerceivedSeverity: uint16(),
    When: datetime(),
    Source: reference("Test_Element"),
    Note: string(),
  },
});

/** Not marked as an indication itself: its superclass is. */
export const Test_LoudAlert = declareClass({ name: "Test_LoudAlert", extends: Test_Alert, ...text });

export function pathTo(className: string, name: string, number: bigint): ObjectPath {
  return new ObjectPath({
    namespace: CIMV2,
    className,
    keys: [
      { name: "Name", value: name },
      { name: "Number", value: number },
    ],
  });
}

export const DISK = {
  Name: "sda & <co>",
  Number: 7,
  Caption: "  first\ndisk ",
  Size: 18_446_744_073_709_551_615n,
  Wear: 0.25,
  Online: true,
  Since: CimDateTime.parse("20261122070315.000000+540"),
  Age: CimDateTime.interval(90_061_000),
  Blocks: [1, 2, 65_535],
  Raw: [0, 255],
  Label: null,
  Part: new CimInstance({
    className: "Test_Element",
    properties: [{ name: "Name", type: "string", isArray: false, value: "part" }],
  }),
  Twin: pathTo("Test_Element", "plain", 1n),
} as const;

/** `many`: how many instances of Test_Many there are, and how long the text of each is. */
export function createTestObjects({
  clock = systemClock,
  many = 250,
  textLength = 20,
}: {
  clock?: Clock;
  many?: number;
  textLength?: number;
} = {}) {
  const captions = new Map<string, string>();
  let slowSignals = 0;
  const objects: ObjectManager = createObjectManager({
    classes: { "root/cimv2": [Test_Alert, Test_LoudAlert], "root/interop": [Test_Alert] },
    clock,
    providers: [
      provide(Test_Element, {
        instances: async () => [{ Name: "plain", Number: 1, Caption: captions.get("plain") ?? "p" }],
        modify: async (path, instance) => {
          captions.set(String(path.key("Name")), String(instance.get("Caption")));
        },
        methods: {
          Rename: async (path, parameters) => ({
            returnValue: 0,
            output: { Old: `${path.key("Name")}→${parameters.NewName} ${JSON.stringify(parameters.Tags ?? null)}` },
          }),
          Fail: async () => {
            throw new Error("it broke");
          },
          Hang: (_path, _parameters, { signal }) =>
            new Promise((_, reject) => {
              signal.addEventListener("abort", () => reject(new Error("given up")), { once: true });
            }),
        },
      }),
      provide(Test_Disk, { instances: async () => [DISK] }),
      provide(Test_Link, {
        instances: async () => [
          { Antecedent: pathTo("Test_Element", "plain", 1n), Dependent: pathTo("Test_Disk", DISK.Name, 7n) },
        ],
      }),
      provide(Test_Many, {
        instances: async function* () {
          for (let id = 0; id < many; id++) yield [{ Id: id, Text: "x".repeat(textLength) }];
        },
      }),
      provide(Test_Slow, {
        timeoutMs: 3_600_000,
        instances: ({ signal }) =>
          new Promise((_, reject) => {
            slowSignals += 1;
            signal.addEventListener("abort", () => reject(new Error("given up")), { once: true });
          }),
      }),
    ],
  });
  return { objects, slowReads: () => slowSignals };
}

export const ACCOUNT = { name: "ops", password: "right" };
/** May read and subscribe only. */
export const OTHER_ACCOUNT = { name: "other", password: "right too" };

export interface LoopbackServer {
  readonly port: number;
  readonly log: ReturnType<typeof createReadableLog>;
  readonly contexts: () => number;
  readonly agent: ForeignAgent;
  /** A client of its own, as ACCOUNT unless another is given. */
  readonly client: (
    changes?: Partial<ConstructorParameters<typeof WsmanClient>[0]> & { account?: typeof ACCOUNT },
  ) => WsmanClient;
  readonly stop: () => Promise<void>;
}

export async function startLoopbackServer({
  objects = createTestObjects().objects,
  eventing,
  clock = systemClock,
}: {
  objects?: ObjectManager;
  eventing?: ActionHandler;
  clock?: Clock;
} = {}): Promise<LoopbackServer> {
  const log = createReadableLog();
  const random = systemRandom;
  const server = createWsmanServer({
    objects,
    product: { vendor: "Rusuban", version: "1.2.3" },
    clock,
    random,
    log,
    ...(eventing === undefined ? {} : { eventing }),
  });
  const accounts = createAccountGate({
    checkAccount: async (name, password) =>
      [ACCOUNT, OTHER_ACCOUNT].some((each) => each.name === name && each.password === password),
    clock,
    random,
  });
  const handler = createWsmanHandler({
    server,
    identify: async (request) => {
      const verdict = await accounts.check(request.headers.authorization, remoteAddressOf(request));
      if (verdict.kind === "busy") return { known: false, retryAfterSeconds: verdict.retryAfterSeconds };
      if (verdict.kind === "unknown") return { known: false };
      return { known: true, user: verdict.name, mayChange: verdict.name !== OTHER_ACCOUNT.name };
    },
    newMessageId: () => `uuid:${formatUuid(random(16))}`,
  });
  const host = "127.0.0.1";
  const listener = createHttpListener({ flow: "wsmanHttp", host, port: 0, log, clock: systemClock });
  listener.serverFactory(handler);
  await listener.start();
  const agent = createForeignAgent({
    flow: "wsmanHttp",
    host,
    port: listener.port,
    trust: { kind: "plain" },
    timeoutMs: 20_000,
    clock: systemClock,
  });
  return {
    port: listener.port,
    log,
    contexts: () => server.contexts,
    agent,
    client: ({ account = ACCOUNT, ...changes } = {}) =>
      new WsmanClient({ transport: foreignTransport(agent, account), random, ...changes }),
    async stop() {
      agent.close();
      await listener.stop();
      server.close();
    },
  };
}
