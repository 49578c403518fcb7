// The rules of the host that the command runs on: what the options say, and where they are silent, what this data folder
// knows: an agent's enrolment and settings, a manager's hosts.

import { existsSync } from "node:fs";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { type AgentEnrolment, readEnrolment } from "../agent/agent-data.ts";
import { AGENT_SETTINGS } from "../agent/settings.ts";
import { parseAddress } from "../firewall/address.ts";
import { JOB_PEERS, JOBS_COMMENT, normalize, type Opening, openingsOf } from "../firewall/live/opening.ts";
import type { Request } from "../firewall/live/state-folder.ts";
import { managerFiles } from "../manager/manager-data.ts";
import { portOverridesOf } from "../net/port-settings.ts";
import { type FlowKey, flowName, flowOf } from "../ports/port-map.ts";
import { loadSettings } from "../runtime/settings.ts";
import { LIVE_WORDS } from "./firewall-live-words.ts";
import { type RuleSetOptions, ruleSetFor } from "./firewall-render.ts";
import { EXIT } from "./output.ts";
import type { Session } from "./session.ts";

type HereSide = "agent" | "manager";

export interface HereOptions extends Omit<RuleSetOptions, "side"> {
  readonly side?: readonly HereSide[];
  readonly defaultDeny?: boolean;
  readonly admit?: readonly string[];
  readonly jobOpenings?: boolean;
}

/** What this host's firewall must let through. Throws CommandError where nothing is known of the other end. */
export async function requestHere(session: Session, options: HereOptions): Promise<Request> {
  const { side, ...rest } = options;
  const openings: Opening[] = [];
  for (const each of side ?? (await sidesHere(session, options))) {
    const given = each === "agent" ? await agentHere(session, rest) : rest;
    const { rules } = await ruleSetFor(session, { ...given, side: each });
    openings.push(...openingsOf(rules));
  }
  if (openings.length === 0) {
    throw session.failure("no-rules", LIVE_WORDS.noRules, { hint: LIVE_WORDS.noRulesHint, exit: EXIT.usage });
  }
  const admitted = (options.admit ?? []).map((text) => admission(session, text));
  const all = [...(options.jobOpenings ? withJobOpenings(openings) : openings), ...admitted];
  return { openings: all, denying: options.defaultDeny ?? false };
}

/** Both where `rusuban up` runs. */
async function sidesHere({ dataDirectory }: Session, options: HereOptions): Promise<HereSide[]> {
  const enrolment = await readEnrolment(dataDirectory);
  const isManager = existsSync(managerFiles(dataDirectory).manager);
  if (enrolment !== undefined || isManager) {
    const isAgent = options.manager !== undefined || managersOf(enrolment).length > 0;
    return [
      ...(enrolment !== undefined && isAgent ? (["agent"] as const) : []),
      ...(isManager ? (["manager"] as const) : []),
    ];
  }
  return options.agent !== undefined || options.host !== undefined ? ["manager"] : ["agent"];
}

/** The options for the agent of this data folder: its manager, and the ports that its settings have moved. */
async function agentHere({ dataDirectory, world }: Session, options: Omit<HereOptions, "side">) {
  const enrolment = await readEnrolment(dataDirectory);
  const settings = loadSettings(AGENT_SETTINGS, { env: world.env, file: `${dataDirectory}/agent.toml` });
  const moved = Object.entries(portOverridesOf(settings)).map(([key, value]) => {
    const port = typeof value === "number" ? `${value}` : `${value.from}-${value.to}`;
    return { key: key as FlowKey, text: `${flowName(key as FlowKey)}=${port}` };
  });
  const told = Object.entries(enrolment?.manager.ports ?? {}).map(([key, port]) => ({
    key: key as FlowKey,
    text: `${flowName(key as FlowKey)}=${port}`,
  }));
  const own = moved.filter(({ key }) => flowOf(key).listener === "agent");
  const managers = managersOf(enrolment);
  return {
    ...options,
    agent: options.agent ?? [hostname()],
    ...(options.manager === undefined && managers.length === 0 ? {} : { manager: options.manager ?? managers }),
    jobs: options.jobs ?? settings["backup.concurrentJobs"],
    port: [...told, ...own].map(({ text }) => text).concat(options.port ?? []),
  };
}

/** Where the manager is, as addresses; none where it is on this very computer, which needs no rule. */
function managersOf(enrolment: AgentEnrolment | undefined): string[] {
  return (enrolment?.manager.addresses ?? []).filter(
    (address) => isIP(address) !== 0 && !address.startsWith("127.") && address !== "::1",
  );
}

/** Without the range of data ports as a whole: a set of the firewall's own holds those of running jobs. */
function withJobOpenings(openings: readonly Opening[]): Opening[] {
  const isDataRange = ({ direction, comment }: Opening) => direction === "in" && comment.includes(":backup-data:");
  const families = new Set(openings.filter(isDataRange).map(({ family }) => family));
  const jobs = [...families].map((family) =>
    normalize({
      direction: "in",
      family,
      transport: "tcp",
      from: [JOB_PEERS],
      to: [],
      ports: [],
      comment: JOBS_COMMENT,
    }),
  );
  return [...openings.filter((opening) => !isDataRange(opening)), ...jobs];
}

/** `192.0.2.10:22`, `[2001:db8::10]:22`. */
function admission(session: Session, text: string): Opening {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const number = Number(port);
  const address = bracketed ?? plain;
  if (address === undefined || !(number >= 1 && number <= 65_535)) {
    throw session.failure("bad-address", LIVE_WORDS.badAdmission, { values: { value: text }, exit: EXIT.usage });
  }
  const { family, address: from, prefix } = parseAddress(address, { key: "--admit", host: "admitted" });
  const ports = [{ from: number, to: number }];
  const comment = "rusuban:admitted";
  return normalize({ direction: "in", family, transport: "tcp", from: [`${from}/${prefix}`], to: [], ports, comment });
}
