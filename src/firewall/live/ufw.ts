// ufw as a manager: rules by its own command, known as ours by their comment. ufw keeps what it is told, so that there is
// no rule for now only; and a rule that the operator made the same way is left to them.

import type { PortRange, Transport } from "../../ports/flow.ts";
import { COMMENT_MARK } from "../rule.ts";
import type { FirewallBackend, LiveRules, Machine } from "./backend.ts";
import { mustRun } from "./command-runner.ts";
import { MULTIPORT_MAX } from "./iptables.ts";
import {
  JOB_PEERS,
  normalize,
  type Opening,
  openingLine,
  type PlacedOpening,
  perAddress,
  perPorts,
  sorted,
} from "./opening.ts";

export const UFW_PLACE = "ufw";
/** Where versions since 0.34 keep their rules, and where earlier ones did; a file for each family. */
const RULE_FILES = [
  { 4: "/etc/ufw/user.rules", 6: "/etc/ufw/user6.rules" },
  { 4: "/lib/ufw/user.rules", 6: "/lib/ufw/user6.rules" },
] as const;

export function createUfwBackend(machine: Machine): FirewallBackend {
  const { run } = machine;
  const read = async () => readUfw(await allRules(machine));
  return {
    kind: "ufw",
    async want(openings, places) {
      const directions = places.filter(({ manager }) => manager === "ufw").map(({ direction }) => direction);
      const here = openings.filter(({ direction }) => directions.includes(direction));
      const reasonFor = ({ from, transport }: Opening) =>
        from.includes(JOB_PEERS)
          ? "ufw has no openings that close by themselves: leave the range of data ports open instead"
          : transport === "icmp"
            ? "ufw takes no rules for ICMP; its own before.rules let echo requests in unless somebody changed them"
            : undefined;
      const entries = here
        .filter((opening) => reasonFor(opening) === undefined)
        .flatMap((opening) => perAddress(opening).flatMap((each) => perPorts(each, MULTIPORT_MAX)))
        .map((opening) => ({ place: UFW_PLACE, opening }));
      const leftOut = here.flatMap((opening) => {
        const reason = reasonFor(opening);
        return reason === undefined ? [] : [{ opening, reason }];
      });
      // What the operator opened the same way is open: taking it over would one day take it away.
      const others = (await allRules(machine)).filter(isOthers).map(({ opening }) => bare(opening));
      return { entries: sorted(entries.filter(({ opening }) => !others.includes(bare(opening)))), leftOut };
    },
    read,
    async converge(entries) {
      const [live, wanted] = [(await read()).entries, entries].map(
        (list) => new Map(list.map(({ opening }) => [openingLine(opening), opening])),
      ) as [Map<string, Opening>, Map<string, Opening>];
      for (const [line, opening] of wanted) if (!live.has(line)) await mustRun(run, "ufw", ufwArguments(opening));
      for (const [line, opening] of live) {
        // The same rule under another comment was changed by the command above.
        const isKept = [...wanted.values()].some((each) => bare(each) === bare(opening));
        if (!wanted.has(line) && !isKept) await mustRun(run, "ufw", ["--force", "delete", ...ufwArguments(opening)]);
      }
    },
    readPersistent: async () => (await read()).entries,
    persist: async () => ({ done: [], missing: [] }),
  };
}

interface UfwRule {
  readonly opening: Opening;
  readonly isOurs: boolean;
}

function isOthers({ isOurs }: UfwRule): boolean {
  return !isOurs;
}

function bare(opening: Opening): string {
  return openingLine({ ...opening, comment: "" });
}

function readUfw(rules: readonly UfwRule[]): LiveRules {
  const entries: PlacedOpening[] = rules
    .filter(({ isOurs }) => isOurs)
    .map(({ opening }) => ({ place: UFW_PLACE, opening }));
  return { entries: sorted(entries), strange: [] };
}

async function allRules({ files }: Machine): Promise<UfwRule[]> {
  for (const paths of RULE_FILES) {
    const texts = [await files.read(paths[4]), await files.read(paths[6])];
    if (texts[0] === undefined && texts[1] === undefined) continue;
    return texts.flatMap((text, index) => parseTuples(text ?? "", index === 0 ? 4 : 6));
  }
  return [];
}

/**
 * ufw's own record of a rule: `### tuple ### allow tcp 80,443 0.0.0.0/0 any 10.77.1.10 in comment=6d65`: action,
 * protocol, destination port, destination, source port, source, direction (with `_CARD`), comment in hexadecimal.
 */
export function parseTuples(text: string, family: 4 | 6): UfwRule[] {
  return text.split("\n").flatMap((line): UfwRule[] => {
    const [, tuple, hex = ""] = /^### tuple ### (.*?)(?: comment=([0-9a-f]*))?$/.exec(line) ?? [];
    const [action = "", transport = "", ports = "", to = "", sourcePort = "", from = "", way = "", more] =
      tuple?.split(" ") ?? [];
    const comment = Buffer.from(hex, "hex").toString("utf8");
    const isForward = action === "route:allow";
    if ((action !== "allow" && !isForward) || more !== undefined || sourcePort !== "any") return [];
    if ((transport !== "tcp" && transport !== "udp") || (way !== "in" && way !== "out")) return [];
    const opening = normalize({
      direction: isForward ? "forward" : way,
      family,
      transport: transport satisfies Transport,
      from: isAnywhere(from) ? [] : [from],
      to: isAnywhere(to) ? [] : [to],
      ports: ports.split(",").map(rangeOf),
      comment,
    });
    return [{ opening, isOurs: comment.startsWith(COMMENT_MARK) }];
  });
}

function isAnywhere(address: string): boolean {
  return address === "0.0.0.0/0" || address === "::/0";
}

function rangeOf(text: string): PortRange {
  const [from = "", to = from] = text.split(":");
  return { from: Number(from), to: Number(to) };
}

/** What follows `ufw` to add the rule; ufw's "any" would be both families. */
export function ufwArguments({ direction, family, transport, from, to, ports, comment }: Opening): string[] {
  const anywhere = family === 4 ? "0.0.0.0/0" : "::/0";
  const list = ports
    .map((range) => (range.from === range.to ? `${range.from}` : `${range.from}:${range.to}`))
    .join(",");
  return [
    ...(direction === "forward" ? ["route", "allow"] : ["allow", direction]),
    ...["proto", transport, "from", from[0] ?? anywhere, "to", to[0] ?? anywhere, "port", list, "comment", comment],
  ];
}
