// Data ports that are open for one peer while a job runs, and that the firewall closes by itself when the time is over,
// whatever becomes of the agent. nftables does it with a set whose elements expire, firewalld with rules that do; ufw and
// iptables have nothing like it.

import { PeerError } from "../../runtime/errors.ts";
import type { Machine } from "./backend.ts";
import { mustRun } from "./command-runner.ts";
import { isFirewalldRunning } from "./detect.ts";
import { readActiveZones, zonesFor } from "./firewalld.ts";
import { parseNftRuleset } from "./nft-ruleset.ts";
import { jobSet } from "./nft-script.ts";
import { normalize, type Opening } from "./opening.ts";
import { JOB_PRIORITY, richRule } from "./rich-rule.ts";

export interface JobOpening {
  /** TCP ports of this host. */
  readonly ports: readonly number[];
  /** Address of the other end. */
  readonly peer: string;
  /** The firewall closes them after so long. */
  readonly seconds: number;
  /** `rusuban:job:…`. */
  readonly comment: string;
}

export type JobOpeningOutcome =
  /** `close` closes before the time; it is no mistake where they are closed already. */
  | { readonly opened: true; close(): Promise<void> }
  /** For a person: why, and what to do instead. */
  | { readonly opened: false; readonly reason: string };

/** Set elements of one job: a job has two ports; this is far beyond. */
const JOB_PORTS_MAX = 256;

/** Throws PeerError with the program's own words where it fails. */
export async function openForJob(machine: Machine, opening: JobOpening): Promise<JobOpeningOutcome> {
  if (opening.ports.length === 0 || opening.ports.length > JOB_PORTS_MAX) {
    throw new RangeError(`${opening.ports.length} ports for a job, expected 1 to ${JOB_PORTS_MAX}`);
  }
  return (await isFirewalldRunning(machine)) ? openInFirewalld(machine, opening) : openInNft(machine, opening);
}

async function openInNft({ run }: Machine, job: JobOpening): Promise<JobOpeningOutcome> {
  const { family, from, comment } = openingOf(job);
  const { sets } = parseNftRuleset(await mustRun(run, "nft", ["-j", "list", "ruleset"]));
  const own = sets.filter((set) => set.endsWith(` ${jobSet(family)}`));
  if (own.length === 0) {
    const reason = `no firewall of this host holds openings for jobs: run \`rusuban firewall apply --job-openings\` (nftables and firewalld can), or let the whole range of data ports in`;
    return { opened: false, reason };
  }
  const elements = (more: string) => job.ports.map((port) => `${from[0]} . ${port}${more}`).join(", ");
  const script = (verb: string, more: string) =>
    own.map((set) => `${verb} element ${set} { ${elements(more)} }\n`).join("");
  // Added first, so that deleting what is not there cannot fail: one transaction, whose end counts.
  const renewed =
    script("add", "") + script("delete", "") + script("add", ` timeout ${job.seconds}s comment "${comment}"`);
  await mustRun(run, "nft", ["-f", "-"], { input: renewed });
  return {
    opened: true,
    close: async () =>
      void (await mustRun(run, "nft", ["-f", "-"], { input: script("add", "") + script("delete", "") })),
  };
}

/** Throws RangeError for a peer that is no address: it comes from a connection, and goes into a firewall's words. */
function openingOf({ peer, ports, comment }: JobOpening): Opening {
  const ranges = ports.map((port) => ({ from: port, to: port }));
  const family = peer.includes(":") ? 6 : 4;
  return normalize({ direction: "in", family, transport: "tcp", from: [peer], to: [], ports: ranges, comment });
}

async function openInFirewalld({ run }: Machine, job: JobOpening): Promise<JobOpeningOutcome> {
  const opening = openingOf(job);
  const zones = await zonesFor(run, await readActiveZones(run), opening.from[0]);
  const rules = opening.ports.map((range) => richRule({ ...opening, ports: [range] }, JOB_PRIORITY));
  const change = async (verb: "add" | "remove", more: readonly string[]) => {
    for (const zone of zones) {
      const options = rules.map((rule) => `--${verb}-rich-rule=${rule}`);
      await mustRun(run, "firewall-cmd", [`--zone=${zone}`, ...options, ...more]);
    }
  };
  await change("add", [`--timeout=${job.seconds}`]);
  return {
    opened: true,
    async close() {
      try {
        await change("remove", []);
      } catch (error) {
        // firewalld closed it already.
        if (!(error instanceof PeerError && /NOT_ENABLED/.test(error.message))) throw error;
      }
    },
  };
}
