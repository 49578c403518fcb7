import type { Counters, FamilyCounters } from "../helper.ts";

type ReadText = (path: string) => Promise<string>;

/** This host's counters out of /proc/net/snmp and snmp6 (proc(5)), of its own network namespace; null where it has none. */
export async function readCounters(readText: ReadText, directory = "/proc/net"): Promise<Counters | null> {
  try {
    const [four, six] = await Promise.all([
      readText(`${directory}/snmp`),
      readText(`${directory}/snmp6`).catch(() => ""),
    ]);
    const v4 = parseSnmp(four);
    const v6 = parseSnmp6(six);
    return {
      ipv4: familyOf(v4, {
        received: "Ip.InReceives",
        delivered: "Ip.InDelivers",
        asked: "Ip.OutRequests",
        left: "Ip.OutTransmits",
        unreachables: "Icmp.OutDestUnreachs",
        echos: "Icmp.InEchos",
        echoReplies: "Icmp.OutEchoReps",
      }),
      ipv6: familyOf(v6, {
        received: "Ip6InReceives",
        delivered: "Ip6InDelivers",
        asked: "Ip6OutRequests",
        left: "Ip6OutTransmits",
        unreachables: "Icmp6OutDestUnreachs",
        echos: "Icmp6InEchos",
        echoReplies: "Icmp6OutEchoReplies",
      }),
      resets: v4.get("Tcp.OutRsts") ?? 0,
      accepted: v4.get("Tcp.PassiveOpens") ?? 0,
    };
  } catch {
    return null; // Not Linux, or no /proc.
  }
}

function familyOf(values: ReadonlyMap<string, number>, names: Record<keyof FamilyCounters, string>): FamilyCounters {
  const value = (name: keyof FamilyCounters) => values.get(names[name]) ?? 0;
  return {
    received: value("received"),
    delivered: value("delivered"),
    asked: value("asked"),
    // Since Linux 6.10: an older kernel does not say what left.
    left: values.get(names.left) ?? null,
    unreachables: value("unreachables"),
    echos: value("echos"),
    echoReplies: value("echoReplies"),
  };
}

/** `Ip: Forwarding DefaultTTL …` and below it `Ip: 2 64 …`. */
function parseSnmp(text: string): Map<string, number> {
  const values = new Map<string, number>();
  const lines = text.split("\n");
  for (let index = 0; index + 1 < lines.length; index += 2) {
    const [group = "", ...names] = (lines[index] ?? "").trim().split(/\s+/);
    const [, ...numbers] = (lines[index + 1] ?? "").trim().split(/\s+/);
    for (const [place, name] of names.entries()) values.set(`${group.slice(0, -1)}.${name}`, Number(numbers[place]));
  }
  return values;
}

/** `Ip6InReceives    483`. */
function parseSnmp6(text: string): Map<string, number> {
  return new Map(
    text.split("\n").flatMap((line) => {
      const [name, number] = line.trim().split(/\s+/);
      return name === undefined || number === undefined ? [] : [[name, Number(number)] as const];
    }),
  );
}
