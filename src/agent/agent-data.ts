import { join } from "node:path";
import { type Identity, loadIdentity } from "../net/identity.ts";
import type { Random } from "../runtime/random.ts";
import { loadManagerFacts, type ManagerFacts } from "./fleet/manager-link.ts";
import { type Accounts, createAccounts } from "./management/accounts.ts";

/** Where an agent keeps things, below one data folder. */
export function agentFiles(dataDirectory: string) {
  const agent = join(dataDirectory, "agent");
  return {
    agent,
    /** Key and certificate, and what is known of the manager. */
    identity: join(agent, "identity"),
    spool: join(agent, "spool.db"),
    watch: join(agent, "watch.json"),
    /** Who may come with a password to the listeners of WS-Management and CIM-XML. */
    accounts: join(agent, "accounts.json"),
    /** Subscriptions over WS-Management with their journal, and over CIM-XML with what waits for their listeners. */
    events: join(agent, "events.db"),
    indications: join(agent, "indications.db"),
    /** What has been told of the firewall's drift. */
    firewallDrift: join(agent, "firewall-drift.json"),
    settings: join(dataDirectory, "agent.toml"),
  };
}

/** The accounts of other people's clients; the folder is made where it is missing when the first one is set. */
export function openAccounts(dataDirectory: string, random: Random): Accounts {
  return createAccounts({ file: agentFiles(dataDirectory).accounts, random });
}

/** What enrolment left: who this host is, and whose. */
export interface AgentEnrolment {
  readonly hostId: string;
  readonly identity: Identity;
  readonly manager: ManagerFacts;
}

/** Undefined for a host that is not enrolled. Throws CorruptionError or SettingsError where its files are not as they should be. */
export async function readEnrolment(dataDirectory: string): Promise<AgentEnrolment | undefined> {
  const { identity: directory } = agentFiles(dataDirectory);
  const [identity, manager] = await Promise.all([loadIdentity(directory), loadManagerFacts(directory)]);
  if (identity?.peer.kind !== "host" || manager === undefined) return undefined;
  return { hostId: identity.peer.hostId, identity, manager };
}
