// firewalld's rich rules (firewalld.richlanguage(5)) for openings. firewalld keeps no comments: ours are known by a
// priority that nobody else has reason to use. It stands behind every rule of the operator (theirs deny first, if they
// mean to) and before the zone's own answer.

import type { PortRange } from "../../ports/flow.ts";
import { normalize, type Opening } from "./opening.ts";

export const OWN_PRIORITY = 24_160;
/** Openings of running jobs, which firewalld closes by itself. */
export const JOB_PRIORITY = 24_161;

/** Exactly as firewalld lists it back. The opening has one source at most and one range of ports. */
export function richRule({ family, transport, from, ports }: Opening, priority = OWN_PRIORITY): string {
  const [range] = ports;
  const port = range === undefined || range.from === range.to ? `${range?.from}` : `${range.from}-${range.to}`;
  return [
    `rule priority="${priority}" family="ipv${family}"`,
    ...from.map((address) => `source address="${address}"`),
    transport === "icmp" ? `icmp-type name="echo-request"` : `port port="${port}" protocol="${transport}"`,
    "accept",
  ].join(" ");
}

export function hasPriority(rule: string, priority: number): boolean {
  return rule.startsWith(`rule priority="${priority}" `);
}

/** A rule of our priority as an opening; undefined for one that we did not write so. */
export function openingOfRichRule(rule: string): Opening | undefined {
  const match =
    /^rule priority="\d+" family="ipv([46])"(?: source address="([^"]+)")? (?:icmp-type name="(echo-request)"|port port="(\d+)(?:-(\d+))?" protocol="(tcp|udp)") accept$/.exec(
      rule,
    );
  if (match === null) return undefined;
  const [, family, source, icmp, first = "", last = first, transport] = match;
  const ports: PortRange[] = icmp === undefined ? [{ from: Number(first), to: Number(last) }] : [];
  return normalize({
    direction: "in",
    family: family === "6" ? 6 : 4,
    transport: icmp === undefined ? (transport as "tcp" | "udp") : "icmp",
    from: source === undefined ? [] : [source],
    to: [],
    ports,
    comment: "",
  });
}
