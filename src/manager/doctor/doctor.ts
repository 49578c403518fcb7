// The manager's doctor: one examination of a host, from both ends where its agent can be asked over any way that works.

import { readFile } from "node:fs/promises";
import type { ExaminedFlow } from "../../doctor/examination.ts";
import { examine } from "../../doctor/examine.ts";
import type { Helper, OwnFlow } from "../../doctor/helper.ts";
import { DOCTOR_LIMITS } from "../../doctor/limits.ts";
import { createLocalHelper } from "../../doctor/local-helper.ts";
import { readForgetting } from "../../doctor/probes/forgetting.ts";
import { leaveIdle } from "../../doctor/probes/idle-connections.ts";
import { createTrace } from "../../doctor/probes/trace.ts";
import { createFirewallReader, type FirewallReader } from "../../doctor/read-firewall.ts";
import { type DoctorEntry, entriesOf, lineOf } from "../../doctor/report.ts";
import type { IdleNeeds } from "../../doctor/try-idle.ts";
import { createCommandRunner } from "../../firewall/live/command-runner.ts";
import type { HostMeans } from "../../model/host.ts";
import type { Identity } from "../../net/identity.ts";
import { FLOWS_OF_MEANS } from "../../ports/flows-of-means.ts";
import { type FlowKey, findFlow, flowOf } from "../../ports/port-map.ts";
import {
  formatToken,
  NONCE_BYTES,
  type PasteToken,
  readAnswer,
  TOKEN_LIFE_MS,
} from "../../protocols/doctor/pasted-answer.ts";
import type { Clock } from "../../runtime/clock.ts";
import { type ConnectError, PeerError, reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { Random } from "../../runtime/random.ts";
import { withTimeout } from "../../runtime/service.ts";
import { createRecordedHelper } from "./recorded-helper.ts";
import { type AskFar, createRemoteHelper } from "./remote-helper.ts";

export interface ExaminedHost {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly isRevoked: boolean;
  readonly means: HostMeans;
}

/** How the far end was asked. */
export const VIAS = ["backup-control", "manager-report", "answer"] as const;
export type Via = (typeof VIAS)[number];

export interface HostExamination {
  readonly host: ExaminedHost;
  readonly startedAtMs: number;
  readonly tookMs: number;
  /** Null where the host could not be asked: verdicts are then of one side. */
  readonly via: Via | null;
  readonly entries: readonly DoctorEntry[];
  /** A token for `rusuban doctor answer` on the host, where it could not be asked. */
  readonly paste: string | null;
}

export interface DoctorNeeds {
  readonly find: (hostId: string) => Promise<ExaminedHost | undefined>;
  readonly identity: () => Identity;
  /** The manager's own listeners. */
  readonly flows: () => readonly OwnFlow[];
  /** What the manager begins towards any agent: what is tried where the agent cannot say on what it listens. */
  readonly dials: readonly FlowKey[];
  readonly hasConnection: (hostId: string, flow: FlowKey) => boolean;
  /** Over the report session that the host has open; undefined where it has none. */
  readonly askOverReport: (hostId: string) => AskFar | undefined;
  /** Over a control connection of its own. Rejects where there is none to be had. */
  readonly openControl: (
    hostId: string,
    signal: AbortSignal,
  ) => Promise<{ readonly ask: AskFar; readonly close: () => void }>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface Doctor {
  /** Throws PeerError `busy` beyond the bound. Undefined for a host that is not known. */
  examine(hostId: string, options?: ExamineOptions): Promise<HostExamination | undefined>;
  /** The line that a log ends with after a failed connection; undefined where there is nothing to say. Never throws. */
  lineFor(hostId: string, error: ConnectError): Promise<string | undefined>;
}

export interface ExamineOptions {
  /** What a pasted line printed on the host, instead of asking it. */
  readonly answer?: string | undefined;
  /** Leaves connections idle besides: takes four times as long. */
  readonly idle?: { readonly seconds: number; readonly signal: AbortSignal };
}

/** Long enough for a host far away; one that drops costs this much of the ten seconds. */
const REACH_MS = 2_500;
/** Where the report session is there to fall back on. */
const REACH_WITH_REPORT_MS = 700;
/** A host that fails over and over is examined once in this time; the line is the same. */
const REMEMBERED_MS = 60_000;
const REMEMBERED_MAX = 1_000;
/** A port that answers nothing takes traceroute a second, and nmap another. */
const TRACE_MS = 3_000;
/** A log is not held up longer. */
const LINE_MS = 15_000;

export function createDoctor(needs: DoctorNeeds): Doctor {
  const { clock, log } = needs;
  const readFirewall = createFirewallReader(clock);
  const trace = createTrace({
    run: createCommandRunner(clock, TRACE_MS),
    isPrivileged: process.getuid?.() === 0,
  });
  const underWay = new Map<string, Promise<HostExamination | undefined>>();
  const remembered = new Map<string, { readonly atMs: number; readonly examination: HostExamination }>();

  const pasting = createPasting(needs);

  const examineOnce = async (
    hostId: string,
    { answer, idle }: ExamineOptions,
  ): Promise<HostExamination | undefined> => {
    const host = await needs.find(hostId);
    if (host === undefined) return undefined;
    const startedAtMs = clock.now();
    const began = clock.monotonic();
    const reach =
      answer !== undefined
        ? pasting.read(hostId, answer)
        : host.isRevoked || host.means !== "agent"
          ? undefined
          : await reachFar(hostId, needs);
    try {
      const near = createNear(host, needs, readFirewall);
      const { examined, sights } = await examine(
        {
          near,
          far: reach?.helper ?? null,
          nearRole: "manager",
          farAddress: host.address,
          assumedFlows: assumedFlows(host, needs.dials),
          beganAt: began,
          hasConnection: (flow) => needs.hasConnection(hostId, flow),
          isRevoked: host.isRevoked,
          // Not from an answer that was given earlier: the hops are those of now.
          trace: answer === undefined ? trace : undefined,
          idle: idle && idleNeeds(idle, needs),
          onProblem: (error) => log.debug({ hostId, reason: reasonOf(error) }, "the far end did not help the doctor"),
        },
        needs,
      );
      const entries = entriesOf(examined, { nearRole: "manager", sights });
      const examination = {
        host,
        startedAtMs,
        tookMs: Math.round(clock.monotonic() - began),
        via: sights.far === null ? null : (reach?.via ?? null),
        entries,
        paste: sights.far === null && host.means === "agent" && !host.isRevoked ? pasting.token(hostId) : null,
      };
      if (remembered.size >= REMEMBERED_MAX) remembered.clear();
      remembered.set(hostId, { atMs: clock.monotonic(), examination });
      return examination;
    } finally {
      reach?.close();
    }
  };

  const examineHost = (hostId: string, options: ExamineOptions = {}) => {
    const key = `${hostId} ${options.answer ?? ""}`;
    const known = underWay.get(key);
    if (known !== undefined) return known;
    if (underWay.size >= DOCTOR_LIMITS.examinationsMax) {
      return Promise.reject(
        new PeerError("busy", `${underWay.size} examinations are under way: try again in a moment`),
      );
    }
    const examination = examineOnce(hostId, options).finally(() => underWay.delete(key));
    underWay.set(key, examination);
    return examination;
  };

  return {
    // With idle connections it takes minutes and is counted by whoever keeps it (idle-examinations.ts).
    examine: (hostId, options) =>
      options?.idle === undefined ? examineHost(hostId, options) : examineOnce(hostId, options),
    async lineFor(hostId, { destination }) {
      try {
        const before = remembered.get(hostId);
        const isFresh = before !== undefined && clock.monotonic() - before.atMs < REMEMBERED_MS;
        const examination = isFresh
          ? before.examination
          : await withTimeout(examineHost(hostId), { what: "the doctor", timeoutMs: LINE_MS, clock });
        const ofFlow = examination?.entries.filter(({ flow }) => flow === destination.flow) ?? [];
        const entry = ofFlow.find(({ state }) => state === "closed") ?? ofFlow.find(({ state }) => state !== "open");
        if (entry !== undefined) return lineOf(entry);
        const [open] = ofFlow;
        return open === undefined ? undefined : lineOf(open);
      } catch (error) {
        log.debug({ hostId, reason: reasonOf(error) }, "the doctor could not look into it");
        return undefined;
      }
    },
  };
}

function idleNeeds(
  { seconds, signal }: NonNullable<ExamineOptions["idle"]>,
  { clock, random }: DoctorNeeds,
): IdleNeeds {
  return {
    seconds,
    leave: (order) => leaveIdle(order, { clock, random, signal }),
    forgetsAfterS: () => readForgetting((path) => readFile(path, "utf8")),
  };
}

/** Tokens that are out; the newest of each host counts. */
function createPasting({ identity, clock, random }: DoctorNeeds) {
  const tokens = new Map<string, PasteToken>();
  return {
    token(hostId: string): string {
      for (const [id, { expiresAtMs }] of tokens) if (expiresAtMs < clock.now()) tokens.delete(id);
      if (tokens.size >= REMEMBERED_MAX) tokens.clear();
      const token = { nonce: random(NONCE_BYTES), expiresAtMs: clock.now() + TOKEN_LIFE_MS };
      tokens.set(hostId, token);
      return formatToken(token);
    },
    /** Throws PeerError `refused` or WireError for what is no answer to the host's last token. */
    read(hostId: string, answer: string): Reach {
      const token = tokens.get(hostId);
      if (token === undefined || token.expiresAtMs < clock.now()) {
        throw new PeerError("refused", "no line is waiting for an answer: run `rusuban doctor HOST` again");
      }
      const { authority } = identity();
      const body = readAnswer(answer, { nonce: token.nonce, hostId, authority, nowMs: clock.now() });
      tokens.delete(hostId);
      return { via: "answer", helper: createRecordedHelper(body, clock), close() {} };
    },
  };
}

interface Reach {
  readonly via: Via;
  readonly helper: Helper;
  readonly close: () => void;
}

/** A control connection shows from which address the host sees us; the report session is there already, or not. */
async function reachFar(
  hostId: string,
  { askOverReport, openControl, clock }: DoctorNeeds,
): Promise<Reach | undefined> {
  const giveUp = new AbortController();
  const waitMs = askOverReport(hostId) === undefined ? REACH_MS : REACH_WITH_REPORT_MS;
  const cancel = clock.after(waitMs, () => giveUp.abort());
  try {
    const line = await openControl(hostId, giveUp.signal);
    return { via: "backup-control", helper: createRemoteHelper(line.ask, clock), close: line.close };
  } catch {
    const ask = askOverReport(hostId);
    return ask && { via: "manager-report", helper: createRemoteHelper(ask, clock), close() {} };
  } finally {
    cancel();
  }
}

function createNear(
  host: ExaminedHost,
  { identity, flows, clock, random }: DoctorNeeds,
  readFirewall: FirewallReader,
): Helper {
  const isOurs = host.means === "agent";
  return createLocalHelper({
    // Whose certificate another server has is no matter of ours: `rusuban host check` looks at it.
    identity: () => (isOurs ? identity() : undefined),
    expect: { kind: "host", id: host.id },
    flows: () => flows().filter(({ flow }) => concerns(host, flow)),
    peerAddresses: () => [host.address],
    sawPeerFrom: () => [host.address],
    readFirewall,
    clock,
    random,
  });
}

/** Whether a listener of the manager is there for this host. */
function concerns({ means }: ExaminedHost, flow: FlowKey): boolean {
  if (means === "agent") return flow !== "eventCollector";
  const flows: readonly FlowKey[] = FLOWS_OF_MEANS[means];
  // Who is subscribed at sends its indications.
  return flows.includes(flow) || (flow === "cimIndication" && (means === "wsman" || means === "cim-xml"));
}

/** What the manager begins towards the host. */
function assumedFlows({ means, ports }: ExaminedHost, dials: readonly FlowKey[]): ExaminedFlow[] {
  const begun: readonly FlowKey[] = means === "agent" ? dials : FLOWS_OF_MEANS[means];
  return begun.flatMap((flow) => {
    const port = ports[flow] ?? flowOf(flow).port;
    return port === null ? [] : [{ flow, ports: [port], isPool: false, problem: "" }];
  });
}

/** The manager's listeners as the doctor takes them. */
export function ownFlowsOf(
  flows: readonly {
    readonly flow: string;
    readonly transport: "tcp" | "udp";
    readonly port: number;
    readonly listening: boolean;
    readonly problem: string | null;
  }[],
): OwnFlow[] {
  return flows.flatMap(({ flow, transport, port, listening, problem }) => {
    const search = findFlow(flow);
    if (!search.found) return [];
    return [
      { flow: search.key, transport, from: port, to: port, isPool: false, problem: listening ? "" : (problem ?? "") },
    ];
  });
}
