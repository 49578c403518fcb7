// One accept of ours, as every firewall manager can say it and give it back. What is wanted and what is there are both
// lists of these, each in its place, and are compared as lines of text: that is the whole of diff, apply and drift.

import { formatRange, type PortRange, type Transport } from "../../ports/flow.ts";
import { formatAddress } from "../address.ts";
import { byFamily, COMMENT_MARK, type Direction, type Rule } from "../rule.ts";
import { mergeAddresses, mergePorts } from "./spans.ts";

export interface Opening {
  readonly direction: Direction;
  readonly family: 4 | 6;
  /** `icmp` is the echo request. */
  readonly transport: Transport;
  /** Addresses and networks; empty is anybody. `JOB_PEERS` alone: see there. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** Empty for ICMP. */
  readonly ports: readonly PortRange[];
  /** Begins with `rusuban:`; empty where the manager keeps no comments. */
  readonly comment: string;
}

/** Stands for peers and ports of running jobs, which come and go in a set of the firewall's own (job-openings.ts). */
export const JOB_PEERS = "@jobs";
export const JOBS_COMMENT = `${COMMENT_MARK}jobs`;

/** An opening where it stands: `inet filter input`, `ufw`, `zone public`, `iptables-nft INPUT`. */
export interface PlacedOpening {
  readonly place: string;
  readonly opening: Opening;
}

/** nft takes 128 characters, the others more. */
const COMMENT_LENGTH_MAX = 100;

/**
 * The rules of a host as openings. The host's own address is left out of its own rules: it may have several, and the
 * far end's address is what a rule is about.
 */
export function openingsOf(rules: readonly Rule[]): Opening[] {
  return rules.flatMap((rule) =>
    byFamily(rule).map(({ direction, family, transport, sources, destinations, ports, comment }) =>
      normalize({
        direction,
        family,
        transport,
        from: direction === "out" ? [] : (sources ?? []).map(formatAddress),
        to: direction === "in" ? [] : (destinations ?? []).map(formatAddress),
        ports,
        comment,
      }),
    ),
  );
}

/** One text for one meaning: addresses and ports merged and sorted, the comment in characters that every program keeps. */
export function normalize(opening: Opening): Opening {
  const { from } = opening;
  return {
    ...opening,
    from: from.includes(JOB_PEERS) ? [JOB_PEERS] : mergeAddresses(from),
    to: mergeAddresses(opening.to),
    ports: mergePorts(opening.ports),
    comment: opening.comment.replace(/[^A-Za-z0-9:._-]+/g, "_").slice(0, COMMENT_LENGTH_MAX),
  };
}

/** `in tcp from 10.77.1.10 port 5986,20300-20349 # rusuban:backup-data:web1`. */
export function openingLine({ direction, family, transport, from, to, ports, comment }: Opening): string {
  const anybody = family === 4 ? "any IPv4" : "any IPv6";
  const ends = [
    ...(direction === "out" ? [] : [`from ${from.join(",") || anybody}`]),
    ...(direction === "in" ? [] : [`to ${to.join(",") || anybody}`]),
  ];
  const what = transport === "icmp" ? "echo request" : transport;
  const where = ports.length === 0 ? [] : [`port ${ports.map(portText).join(",")}`];
  return [direction, what, ...ends, ...where, ...(comment === "" ? [] : [`# ${comment}`])].join(" ");
}

export function portText(range: PortRange): string {
  return range.from === range.to ? `${range.from}` : formatRange(range);
}

export function placedLine({ place, opening }: PlacedOpening): string {
  return `${place}: ${openingLine(opening)}`;
}

/** In one order, each once. */
export function sorted(entries: readonly PlacedOpening[]): PlacedOpening[] {
  const lines = entries.map((entry) => ({ entry, line: placedLine(entry) }));
  const unique = new Map(lines.map(({ entry, line }) => [line, entry]));
  return [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}

/** One opening for each pair of a source and a destination, for programs whose rules name one of each. */
export function perAddress(opening: Opening): Opening[] {
  const each = (list: readonly string[]) => (list.length === 0 ? [[]] : list.map((item) => [item]));
  return each(opening.from).flatMap((from) => each(opening.to).map((to) => ({ ...opening, from, to })));
}

/** One opening for each `countMax` ports, a range counting as two (multiport of iptables, and ufw, which is built on it). */
export function perPorts(opening: Opening, countMax: number): Opening[] {
  const groups: PortRange[][] = [[]];
  let count = 0;
  for (const range of opening.ports) {
    const weight = range.from === range.to ? 1 : 2;
    if (count + weight > countMax) {
      groups.push([]);
      count = 0;
    }
    groups.at(-1)?.push(range);
    count += weight;
  }
  return groups.map((ports) => ({ ...opening, ports }));
}
