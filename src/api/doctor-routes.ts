import { z } from "zod";
import { AtMs, HostRef } from "./fields.ts";
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
});
