import { z } from "zod";
import { READING_LIMITS } from "../model/reading.ts";
import { SNMP_CIPHERS, SNMP_HASHES } from "../model/snmp-access.ts";
import { SUBSCRIPTION_STATES } from "../model/subscription.ts";
import { AtMs, Count, HostRef, listOf, Nothing, PAGE_QUERY, pageOf, queryInteger } from "./fields.ts";
import { API_LIMITS } from "./limits.ts";
import {
  GroupPath,
  HostMeansSchema,
  HostReadingsSchema,
  HostSchema,
  HostStateSchema,
  ReadingSchema,
  ReadingStateSchema,
  ReadingUnitSchema,
  SeveritySchema,
} from "./model-schemas.ts";
import { defineRoutes } from "./route.ts";

/** How many readings of a host an overview shows as bars. */
export const GAUGES_MAX = 6;

/** The manager's subscription to the indications of a server without our agent. */
const SubscriptionSchema = z
  .object({
    state: z.enum(SUBSCRIPTION_STATES),
    reason: z.string().describe("why it is failing"),
    checkedAtMs: AtMs.nullable(),
    expiresAtMs: AtMs.nullable().describe("when the server would forget it; null: never"),
  })
  .meta({ id: "Subscription" });

/** A host with what a person wants to see of it first. */
export const HostOverview = HostSchema.extend({
  /** Worst of all readings; null until the first. */
  readingState: ReadingStateSchema.nullable(),
  readAtMs: AtMs.nullable().describe("by the host's clock"),
  /** The readings worth a bar: ratios, worst first. */
  gauges: z.array(ReadingSchema).max(GAUGES_MAX),
  openAlerts: Count,
  worstOpenSeverity: SeveritySchema.nullable(),
  lastSnapshot: z.object({ id: z.string(), finishedAtMs: AtMs }).nullable(),
  subscription: SubscriptionSchema.nullable().describe("null: none was asked for"),
}).meta({ id: "HostOverview" });
export type HostOverview = z.infer<typeof HostOverview>;

export const ReadingSeries = z
  .object({
    component: z.string().max(READING_LIMITS.componentBytes),
    measure: z.string().max(READING_LIMITS.measureBytes),
    unit: ReadingUnitSchema,
  })
  .meta({ id: "ReadingSeries" });
export type ReadingSeries = z.infer<typeof ReadingSeries>;

export const ReadingHistory = z
  .object({
    hostId: z.string(),
    ...ReadingSeries.shape,
    stepSeconds: z.int().describe("what one point stands for"),
    points: z
      .array(z.object({ atMs: AtMs, average: z.number(), minimum: z.number(), maximum: z.number() }))
      .max(API_LIMITS.historyPoints)
      .describe("oldest first, by the manager's clock; stretches without readings are left out"),
  })
  .meta({ id: "ReadingHistory" });
export type ReadingHistory = z.infer<typeof ReadingHistory>;

export const EnrolmentToken = z
  .object({
    token: z.string(),
    line: z.string().describe("paste this on the server that is to be minded"),
    name: z.string().nullable(),
    expiresAtMs: AtMs,
  })
  .meta({ id: "EnrolmentToken" });
export type EnrolmentToken = z.infer<typeof EnrolmentToken>;

export const HostName = z
  .string()
  .max(API_LIMITS.name)
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N} ._-]*$/u,
    "letters, digits, space, dot, underscore and hyphen, beginning with a letter or digit",
  );

const CertificateNameList = z.array(z.string().min(1).max(API_LIMITS.address)).max(API_LIMITS.certificateNames);

/** What a host's certificate carries beside its identity, for clients that compare names. */
export const CertificateNames = z
  .object({
    hostId: z.string(),
    given: CertificateNameList.describe("by an administrator"),
    signed: z
      .array(z.string())
      .describe("in its next certificate: those, and the address it is seen at; never the manager's or another host's"),
  })
  .meta({ id: "CertificateNames" });
export type CertificateNames = z.infer<typeof CertificateNames>;

/** Why a server's certificate is believed. */
export const TrustSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("plain") }).describe("no TLS: everything, the password too, can be read on the way"),
  z.object({ kind: z.literal("system") }),
  z.object({ kind: z.enum(["authority", "authority-any-name"]), pem: z.string().max(API_LIMITS.pem) }),
  z.object({ kind: z.literal("pinned"), fingerprint: z.string().regex(/^([0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2}$/) }),
]);

const SnmpPassword = z.string().min(API_LIMITS.snmpPassword.min).max(API_LIMITS.snmpPassword.max);

/** By what a server lets itself be asked. Kept sealed, never given back. */
export const SnmpAccessSchema = z.discriminatedUnion("version", [
  z
    .object({ version: z.enum(["1", "2c"]), community: z.string().min(1).max(API_LIMITS.snmpCommunity) })
    .describe("everything, the community too, can be read on the way"),
  z.object({
    version: z.literal("3"),
    user: z.string().min(1).max(API_LIMITS.snmpUser),
    authentication: z
      .object({ protocol: z.enum(SNMP_HASHES), password: SnmpPassword })
      .nullable()
      .describe("null: anybody may answer in the server's name"),
    privacy: z
      .object({ protocol: z.enum(SNMP_CIPHERS), password: SnmpPassword })
      .nullable()
      .describe("null: everything can be read on the way; only together with authentication"),
  }),
]);

/** A level of a part of the whole, and one of a load; null: none. */
const Part = z.number().min(0).max(1).nullable();
const Load = z.number().min(0).max(10_000).nullable();
const PartLevels = z.object({ warning: Part, critical: Part });
const ThresholdSetSchema = z.object({
  fileSystem: PartLevels,
  memory: PartLevels,
  load: z.object({ warning: Load, critical: Load }).describe("for each processor, over five minutes"),
  processor: PartLevels,
});
const HostThresholdsSchema = ThresholdSetSchema.partial().extend({
  fileSystems: z
    .record(z.string().min(1).max(API_LIMITS.path), PartLevels)
    .refine((own) => Object.keys(own).length <= API_LIMITS.thresholdFileSystems, {
      message: `at most ${API_LIMITS.thresholdFileSystems} file systems`,
    })
    .optional()
    .describe("by the name of the file system"),
});

/** From where on the manager finds the readings of a server without our agent bad. */
export const HostThresholdsReply = z
  .object({
    hostId: z.string(),
    own: HostThresholdsSchema.describe("what differs for this host"),
    effective: ThresholdSetSchema.extend({ fileSystems: z.record(z.string(), PartLevels) }),
  })
  .meta({ id: "HostThresholds" });
export type HostThresholdsReply = z.infer<typeof HostThresholdsReply>;

const ByHost = z.object({ host: HostRef });

export const HOST_ROUTES = defineRoutes({
  hostList: {
    method: "GET",
    path: "/api/v1/hosts",
    role: "viewer",
    description: "Hosts by name, a page at a time.",
    query: z.object({
      ...PAGE_QUERY,
      state: listOf(HostStateSchema, HostStateSchema.options.length).optional(),
      text: z.string().max(API_LIMITS.searchText).optional().describe("part of the name or the address"),
    }),
    status: 200,
    reply: pageOf(HostOverview),
  },
  hostShow: {
    method: "GET",
    path: "/api/v1/hosts/:host",
    role: "viewer",
    description: "One host.",
    params: ByHost,
    status: 200,
    reply: HostOverview,
  },
  hostReadings: {
    method: "GET",
    path: "/api/v1/hosts/:host/readings",
    role: "viewer",
    description: "The latest readings of a host; null until the first after the manager's start.",
    params: ByHost,
    status: 200,
    reply: z.object({ hostId: z.string(), latest: HostReadingsSchema.nullable() }),
  },
  hostSeries: {
    method: "GET",
    path: "/api/v1/hosts/:host/series",
    role: "viewer",
    description: "What there is a history of.",
    params: ByHost,
    status: 200,
    reply: z.object({ hostId: z.string(), series: z.array(ReadingSeries) }),
  },
  hostHistory: {
    method: "GET",
    path: "/api/v1/hosts/:host/history",
    role: "viewer",
    description: "What one measure of a host was: by the minute for some days, then by the hour.",
    params: ByHost,
    query: z.object({
      component: z.string().min(1).max(READING_LIMITS.componentBytes),
      measure: z.string().min(1).max(READING_LIMITS.measureBytes),
      fromMs: queryInteger({ min: 0, max: Number.MAX_SAFE_INTEGER }).optional().describe("a day ago otherwise"),
      toMs: queryInteger({ min: 0, max: Number.MAX_SAFE_INTEGER }).optional().describe("now otherwise"),
      points: queryInteger({ min: 2, max: API_LIMITS.historyPoints }).optional(),
    }),
    status: 200,
    reply: ReadingHistory,
  },
  hostAdd: {
    method: "POST",
    path: "/api/v1/hosts",
    role: "administrator",
    description: "Minds a server that runs no agent of ours: by WS-Management, CIM-XML, SNMP, or by ping alone.",
    body: z.object({
      name: HostName,
      address: z.string().min(1).max(API_LIMITS.address).describe("a name or an address"),
      means: HostMeansSchema.exclude(["agent", "windows-events"]),
      port: z.int().min(1).max(65_535).optional().describe("the port map's otherwise"),
      trust: TrustSchema.optional().describe("public authorities otherwise"),
      account: z
        .object({ name: z.string().min(1).max(API_LIMITS.name), password: z.string().max(API_LIMITS.accountPassword) })
        .optional()
        .describe("kept sealed, never given back"),
      snmp: SnmpAccessSchema.optional().describe("with `means` `snmp`, and only with it"),
      path: z.string().startsWith("/").max(API_LIMITS.address).optional().describe("/wsman or /cimom otherwise"),
      namespace: z.string().min(1).max(API_LIMITS.address).optional().describe("root/cimv2 otherwise"),
      indications: z.boolean().optional().describe("subscribe there; wants the setting indications.subscribe"),
    }),
    status: 201,
    reply: HostSchema,
  },
  hostDiscover: {
    method: "POST",
    path: "/api/v1/discovery",
    role: "administrator",
    description: "Looks at some addresses: who answers ping, and WS-Management or CIM-XML. Takes a few seconds.",
    body: z.object({
      addresses: z
        .array(z.union([z.ipv4(), z.ipv6()]))
        .min(1)
        .max(API_LIMITS.discovered),
    }),
    status: 200,
    reply: z.object({
      found: z.array(
        z.object({
          address: z.string(),
          ping: z.boolean().nullable().describe("null: could not be told"),
          means: z.array(
            z.object({
              means: HostMeansSchema,
              port: z.int(),
              certificate: z.string().describe("why it is trusted or not, with its fingerprint"),
            }),
          ),
          hostName: z.string().nullable().describe("of a host that is minded already"),
        }),
      ),
    }),
  },
  hostCheck: {
    method: "POST",
    path: "/api/v1/hosts/:host/check",
    role: "operator",
    description:
      "What works on the way to a server without our agent: name, ping, port, version, certificate, account, path, subscription.",
    params: ByHost,
    status: 200,
    reply: z.object({
      hostId: z.string(),
      steps: z.array(
        z.object({
          step: z.enum(["name", "ping", "port", "version", "certificate", "account", "path", "subscription"]),
          passed: z.boolean().nullable().describe("null: not reached, or not to be told"),
          what: z.string(),
        }),
      ),
    }),
  },
  hostThresholds: {
    method: "GET",
    path: "/api/v1/hosts/:host/thresholds",
    role: "viewer",
    description: "From where on the readings of a server without our agent are bad.",
    params: ByHost,
    status: 200,
    reply: HostThresholdsReply,
  },
  hostThresholdsSet: {
    method: "PUT",
    path: "/api/v1/hosts/:host/thresholds",
    role: "operator",
    description: "Sets what differs for this server; what is left out is as the manager's settings `watch.*` say.",
    params: ByHost,
    body: HostThresholdsSchema,
    status: 200,
    reply: HostThresholdsReply,
  },
  hostChange: {
    method: "PATCH",
    path: "/api/v1/hosts/:host",
    role: "operator",
    description: "Changes what is given: the name (unique), the group, whether its state counts.",
    params: ByHost,
    body: z.object({
      name: HostName.optional(),
      group: z
        .union([GroupPath, z.literal("")])
        .optional()
        .describe("empty: in no group"),
      watched: z.boolean().optional(),
    }),
    status: 200,
    reply: HostSchema,
  },
  hostNames: {
    method: "GET",
    path: "/api/v1/hosts/:host/names",
    role: "viewer",
    description: "DNS names and addresses in the certificate of a host with an agent.",
    params: ByHost,
    status: 200,
    reply: CertificateNames,
  },
  hostNamesSet: {
    method: "PUT",
    path: "/api/v1/hosts/:host/names",
    role: "administrator",
    description:
      "Gives a host other names and addresses for its certificate. Whoever holds it can pass for them; its agent fetches the new one within minutes.",
    params: ByHost,
    body: z.object({ names: CertificateNameList }),
    status: 200,
    reply: CertificateNames,
  },
  hostRemove: {
    method: "DELETE",
    path: "/api/v1/hosts/:host",
    role: "administrator",
    description: "Revokes a host: its certificate is refused from now on, live connections end. Its snapshots stay.",
    params: ByHost,
    status: 204,
    reply: Nothing,
  },
  hostToken: {
    method: "POST",
    path: "/api/v1/enrolment-tokens",
    role: "administrator",
    description: "Makes a token that enrols one server, once, until it expires.",
    body: z.object({
      validSeconds: z.int().min(API_LIMITS.tokenSeconds.min).max(API_LIMITS.tokenSeconds.max).optional(),
      name: HostName.optional().describe("what the host will be called; its own name otherwise"),
      certificateNames: CertificateNameList.optional().describe(
        "names and addresses for its certificate, beside `name` and the address it is seen at",
      ),
    }),
    status: 201,
    reply: EnrolmentToken,
  },
});
