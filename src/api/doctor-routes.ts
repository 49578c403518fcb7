import { z } from "zod";
import { AtMs, HostRef, queryInteger, Uuid } from "./fields.ts";
import { API_LIMITS } from "./limits.ts";
import { defineRoutes } from "./route.ts";

/** A sentence in both languages. */
const Sentence = z.object({ en: z.string(), ja: z.string() });

const Where = z.enum(["this-host", "between", "far-host"]);

/** One flow in one address family. "This host" is the manager's. */
export const DoctorEntry = z
  .object({
    flow: z.string().describe("the port map's name"),
    family: z.enum(["ipv4", "ipv6"]),
    direction: z.enum(["manager-to-agent", "agent-to-manager"]),
    transport: z.enum(["tcp", "udp", "icmp"]),
    ports: z.string().describe("`10000`, `20300-20349`; empty for ICMP"),
    from: z.string().describe("the initiator's address as the listener sees it; empty where not known"),
    to: z.string().describe("the address that was dialled"),
    state: z.enum(["open", "closed", "partly", "unknown"]),
    causes: z.array(z.string()).describe("of the list in docs/doctor.md"),
    proven: z.boolean().describe("true: all causes hold; false: one of them does, and `nextTest` decides"),
    where: z.array(Where),
    failedPorts: z.string().describe("of a range: what does not pass"),
    idle: z
      .object({ seconds: z.number(), shortLives: z.boolean(), longLives: z.boolean() })
      .nullable()
      .describe("connections left idle for `seconds`, and for four times as long; null where that was not tried"),
    hops: z
      .object({
        port: z.number(),
        path: z.array(z.object({ hop: z.number(), address: z.string() })).describe("routers that answered, in order"),
        refusedBy: z.string().nullable().describe("null where nothing refused, or it cannot be told who"),
      })
      .nullable()
      .describe("the way to one port that fails; null where nobody looked, or could"),
    evidence: z.array(Sentence),
    nextTest: Sentence.nullable(),
    commands: z.array(
      z.object({
        where: Where,
        firewall: z.enum(["nftables", "iptables", "firewalld", "ufw", "windows", "none", ""]),
        command: Sentence,
      }),
    ),
  })
  .meta({ id: "DoctorEntry" });
export type DoctorEntry = z.infer<typeof DoctorEntry>;

export const DoctorReport = z
  .object({
    host: z.string(),
    hostId: z.string(),
    address: z.string(),
    startedAtMs: AtMs,
    tookMs: z.number(),
    via: z
      .enum(["backup-control", "manager-report", "answer"])
      .nullable()
      .describe("how the host's agent was asked; null where it could not be, and verdicts are of one side"),
    entries: z.array(DoctorEntry),
    paste: z
      .string()
      .nullable()
      .describe("a line to run on the host where it could not be asked; give back its output"),
  })
  .meta({ id: "DoctorReport" });
export type DoctorReport = z.infer<typeof DoctorReport>;

/** An examination that leaves connections idle, under way or done. */
export const IdleExamination = z
  .object({
    id: Uuid,
    hostId: z.string(),
    idleSeconds: z.number(),
    state: z.enum(["running", "done", "failed", "cancelled"]),
    startedAtMs: AtMs,
    secondsLeft: z.number().describe("about; 0 where it has ended"),
    problem: z.string().describe("why it failed; empty otherwise"),
    report: DoctorReport.nullable().describe("once it is done"),
  })
  .meta({ id: "IdleExamination" });
export type IdleExamination = z.infer<typeof IdleExamination>;

const ById = z.object({ id: Uuid });

export const DOCTOR_ROUTES = defineRoutes({
  doctorExamine: {
    method: "POST",
    path: "/api/v1/hosts/:host/doctor",
    role: "operator",
    description:
      "Tries every enabled flow between the manager and a host, in its true direction and each address family, and says " +
      "what stands in the way. Takes up to ten seconds.",
    params: z.object({ host: HostRef }),
    body: z.object({
      answer: z
        .string()
        .max(API_LIMITS.doctorAnswer)
        .optional()
        .describe("what the pasted line printed on the host, where the host cannot be asked"),
    }),
    status: 200,
    reply: DoctorReport,
  },
  doctorIdleStart: {
    method: "POST",
    path: "/api/v1/hosts/:host/doctor/idle",
    role: "operator",
    description:
      "Begins an examination that besides leaves connections idle, one for `idleSeconds` and one for four times as long, " +
      "to see whether a firewall in between cuts them. Answers at once; the report is collected by the id.",
    params: z.object({ host: HostRef }),
    body: z.object({ idleSeconds: z.int().min(1).max(API_LIMITS.idleSeconds) }),
    status: 202,
    reply: IdleExamination,
  },
  doctorIdleShow: {
    method: "GET",
    path: "/api/v1/doctor/idle/:id",
    role: "operator",
    description:
      "An examination with idle connections; with `waitSeconds` the answer waits for its end. It is kept for ten minutes after that.",
    params: ById,
    query: z.object({ waitSeconds: queryInteger({ min: 0, max: API_LIMITS.logWaitSeconds }).optional() }),
    status: 200,
    reply: IdleExamination,
  },
  doctorIdleCancel: {
    method: "DELETE",
    path: "/api/v1/doctor/idle/:id",
    role: "operator",
    description: "Ends an examination with idle connections and closes them.",
    params: ById,
    status: 200,
    reply: IdleExamination,
  },
});
