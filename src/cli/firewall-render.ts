import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AGENT_LISTENS } from "../agent/settings.ts";
import { deriveProfileRules } from "../firewall/profile-rules.ts";
import { NFT_PLACE, type Rendered, render } from "../firewall/renderer.ts";
import type { RuleParty, RuleSet } from "../firewall/rule.ts";
import { deriveRules } from "../firewall/rule-set.ts";
import { targetNamed } from "../firewall/targets.ts";
import type { OtherParty } from "../firewall/topology.ts";
import { MANAGER_LISTENS } from "../manager/settings.ts";
import type { HostMeans } from "../model/host.ts";
import { FLOWS_OF_MEANS } from "../ports/flows-of-means.ts";
import { FLOW_KEYS, type FlowKey, findFlow, flowOf } from "../ports/port-map.ts";
import { reasonOf, SettingsError } from "../runtime/errors.ts";
import { makeFolders } from "../runtime/make-folders.ts";
import { readPortChanges, readPorts, readTopology, type WhereOptions } from "./firewall-topology.ts";
import { PARTY_WORDS, WORDS } from "./firewall-words.ts";
import { EXIT } from "./output.ts";
import { profileNamed, variantNamed } from "./ports-profile.ts";
import type { Session } from "./session.ts";

/** As commander hands them over. */
export interface RenderOptions extends RuleSetOptions {
  readonly target: string;
  readonly nftTable?: string;
  readonly out?: string;
}

/** Which rules are meant. */
export interface RuleSetOptions extends Omit<WhereOptions, "side" | "others"> {
  readonly side?: WhereOptions["side"];
  readonly profile?: string;
  readonly from?: readonly string[];
  readonly with?: readonly string[];
  readonly without?: readonly string[];
  readonly plainHttp?: boolean;
}

/** `rusuban firewall render`. */
export async function renderCommand(session: Session, options: RenderOptions): Promise<void> {
  const renderer = targetNamed(options.target);
  const ruleSet = await ruleSetFor(session, options);
  if (ruleSet.rules.length === 0) {
    // Loaded, a file without rules would take away what an earlier one let through.
    for (const { flow, reason } of ruleSet.leftOut)
      session.tell(WORDS.leftOut, { flow, reason: reason[session.language] });
    throw session.failure("no-rules", WORDS.noRules, { hint: WORDS.noRulesHint, exit: EXIT.usage });
  }
  const nftPlace = { ...NFT_PLACE, ...(options.nftTable === undefined ? {} : { table: nftTable(options.nftTable) }) };
  const rendered = render(renderer, ruleSet, { language: session.language, nftPlace });
  if (options.out !== undefined) await write(session, options.out, rendered);
  const { place, side, rules } = ruleSet;
  const leftOut = rendered.leftOut.map(({ flow, reason }) => ({ flow, reason: reason[session.language] }));
  session.result({ target: renderer.name, place, side, rules, leftOut, files: rendered.files }, () => {
    for (const each of leftOut) session.tell(WORDS.leftOut, each);
    if (options.out === undefined) show(session, rendered);
    else {
      const values = { count: rendered.files.length, directory: options.out, use: renderer.use[session.language] };
      session.tell(WORDS.written, values);
    }
  });
}

/** One file as it is; several with their names between them. */
function show({ world: { output } }: Session, { files }: Rendered): void {
  for (const { name, text } of files) {
    if (files.length > 1) output.write(`# ===== ${name} =====\n`);
    output.write(text.endsWith("\n") ? text : `${text}\n`);
  }
}

async function write(session: Session, directory: string, { files }: Rendered): Promise<void> {
  try {
    for (const { name, text } of files) {
      const path = join(directory, name);
      await makeFolders(dirname(path));
      await writeFile(path, text, { mode: name.endsWith(".sh") ? 0o755 : 0o644 });
    }
  } catch (error) {
    throw session.failure("not-writable", WORDS.notWritable, {
      hint: WORDS.otherFolder,
      values: { directory, reason: reasonOf(error) },
    });
  }
}

/** The rules of one place that these options mean. Throws SettingsError or CommandError for what cannot be. */
export async function ruleSetFor(session: Session, options: RuleSetOptions): Promise<RuleSet> {
  const side = options.side ?? "agent";
  const where = { ...options, side, others: othersGiven(options) };
  if (options.profile !== undefined) return profileRules(session, where, options.profile);
  if (options.from !== undefined) {
    throw new SettingsError("from", "the port map says who begins every flow: it is only for a --profile");
  }
  const { variant, port = [] } = options;
  if (variant !== undefined && variant !== WINDOWS_SERVER_2008) {
    throw new SettingsError("variant", `${JSON.stringify(variant)} is unknown: there is ${WINDOWS_SERVER_2008}`);
  }
  const { topology, managerFlows } = await readTopology(session, where, readPortChanges(port));
  const ofAgents = flowsInUse(options, managerFlows);
  const agents = topology.agents.map((host) => ({ ...host, flows: flowsOfHost(host.means, ofAgents, options) }));
  const flows = new Set([...ofAgents, ...agents.flatMap((host) => [...host.flows])]);
  return deriveRules({ side, topology: { ...topology, agents }, flows });
}

const WINDOWS_SERVER_2008 = "windows-server-2008";

async function profileRules(
  session: Session,
  options: WhereOptions & Pick<RuleSetOptions, "from">,
  name: string,
): Promise<RuleSet> {
  const profile = profileNamed(name);
  if (options.variant === undefined && profile.variants.length > 0) {
    throw session.failure("no-variant", WORDS.noVariant, {
      hint: WORDS.giveVariant,
      values: { profile: profile.name, list: profile.variants.map((each) => each.name).join(", ") },
      exit: EXIT.usage,
    });
  }
  const variant = options.variant === undefined ? null : variantNamed(profile, options.variant);
  const ports = readPorts(options.port ?? []);
  const { topology } = await readTopology(session, options, null);
  return deriveProfileRules({
    side: options.side,
    topology,
    profile,
    variant,
    ports,
    initiators: new Map((options.from ?? []).map(readInitiator)),
    concurrentJobs: options.jobs ?? 1,
    allowOverlap: options.allowOverlap ?? false,
  });
}

function othersGiven(options: RuleSetOptions): WhereOptions["others"] {
  const flags = options as unknown as Readonly<Record<string, readonly string[] | undefined>>;
  return Object.fromEntries(
    (Object.keys(PARTY_WORDS) as OtherParty[]).flatMap((party) => {
      const given = flags[party.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())];
      return given === undefined ? [] : [[party, given]];
    }),
  );
}

const INITIATORS: readonly RuleParty[] = ["manager", "agent", ...(Object.keys(PARTY_WORDS) as OtherParty[])];

function readInitiator(text: string): [row: string, party: RuleParty] {
  const [row = "", name = ""] = text.split("=");
  const party = INITIATORS.find((each) => each === name);
  if (party === undefined) {
    throw new SettingsError(
      `from ${row}`,
      `${JSON.stringify(name)} is nobody: write ROW=PARTY with one of ${INITIATORS.join(", ")}`,
    );
  }
  return [row, party];
}

/**
 * What this release listens on and looks at, what a declared party is for, and what the options add and take
 * away. The data ports are here because the agent keeps them free for its jobs.
 */
function flowsInUse(options: RuleSetOptions, managerFlows: readonly FlowKey[] | null): ReadonlySet<FlowKey> {
  const planned = [...MANAGER_LISTENS, ...AGENT_LISTENS].filter((key) => flowOf(key).enabled === true);
  const listening = managerFlows === null ? planned : [...managerFlows, ...planned.filter(isOfAgent)];
  const flows = new Set<FlowKey>([...listening, "backupData", "ping"]);
  const others = othersGiven(options);
  for (const party of Object.keys(others) as OtherParty[]) for (const key of PARTY_FLOWS[party] ?? []) flows.add(key);
  if (options.plainHttp) flows.add("wsmanHttp");
  for (const name of options.with ?? []) for (const key of flowsNamed("with", name)) flows.add(key);
  for (const name of options.without ?? []) {
    if (options.with?.includes(name)) {
      throw new SettingsError("without", `${name} is also asked for (--with ${name}): leave one of the two out`);
    }
    for (const key of flowsNamed("without", name)) flows.delete(key);
  }
  return flows;
}

function isOfAgent(key: FlowKey): boolean {
  return flowOf(key).listener === "agent";
}

/**
 * A server without an agent is spoken to by what it is looked at with, and by nothing else. Windows' events are for those
 * that send them, also where the manager collects; which others shall is said by `--with`.
 */
function flowsOfHost(
  means: HostMeans,
  ofAgents: ReadonlySet<FlowKey>,
  { plainHttp, without = [], with: added = [] }: RuleSetOptions,
): ReadonlySet<FlowKey> {
  const sendsEvents = added.some((name) => flowsNamed("with", name).includes("eventCollector"));
  if (means === "agent")
    return sendsEvents ? ofAgents : new Set([...ofAgents].filter((key) => key !== "eventCollector"));
  const taken = new Set(without.flatMap((name) => flowsNamed("without", name)));
  const flows = [
    ...FLOWS_OF_MEANS[means],
    ...(means === "wsman" && plainHttp ? (["wsmanHttp"] as const) : []),
    ...(sendsEvents ? (["eventCollector"] as const) : []),
  ];
  return new Set(flows.filter((key) => !taken.has(key)));
}

/** Who names the address of one of these means the flows to it. */
const PARTY_FLOWS: Readonly<Partial<Record<OtherParty, readonly FlowKey[]>>> = {
  "mail-server": ["expressMail"],
  "web-server": ["expressWeb"],
  "microsoft-365": ["exchangeOnline"],
  "peer-manager": ["managerPeer"],
};

function flowsNamed(key: string, name: string): readonly FlowKey[] {
  if (name === "all") return FLOW_KEYS;
  const search = findFlow(name);
  if (search.found) return [search.key];
  const hint =
    search.names.length > 0 ? `did you mean ${search.names.join(" or ")}?` : "`rusuban ports list` shows all of them";
  throw new SettingsError(key, `there is no flow ${JSON.stringify(name)}: ${hint}`);
}

/** Where the text becomes part of a command: a family and a name, nothing else. */
function nftTable(text: string): string {
  if (/^(ip|ip6|inet) [A-Za-z_][A-Za-z0-9_]{0,30}$/.test(text)) return text;
  throw new SettingsError(
    "nft-table",
    `${JSON.stringify(text)} is not a family and a table: write it as "inet filter"`,
  );
}
