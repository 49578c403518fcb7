// Which hop? Packets with a limited life are answered by the routers on the way, and what is left of a refusal's life
// says how far away it was made. Needs root, and programs that can do what Node.js cannot: traceroute and nmap.

import { isIP, isIPv6 } from "node:net";
import type { CommandRunner } from "../../firewall/live/command-runner.ts";
import { PeerError } from "../../runtime/errors.ts";
import type { HopsEvidence } from "../evidence.ts";

export interface TraceOrder {
  readonly address: string;
  /** Ports that are refused or silent. */
  readonly ports: readonly number[];
  /** A port on which the host itself was proven to answer; null where there is none. */
  readonly hostPort: number | null;
}

/** What was seen for each port. Never rejects. */
export type Trace = (order: TraceOrder) => Promise<readonly HopsEvidence[]>;

/** Hops beyond are not looked at: traceroute sends to so many at once. */
const HOPS_MAX = 16;

export function createTrace({ run, isPrivileged }: { run: CommandRunner; isPrivileged: boolean }): Trace {
  return async ({ address, ports, hostPort }) => {
    // What stands in an argument vector is an address, and nothing that a program could take for an option.
    if (isIP(address) === 0) return [];
    if (!isPrivileged)
      return ports.map((port) => ({ port, missing: ["root"], path: [], refusal: null, hostTtl: null }));
    const missing = new Set<string>();
    const tell = async (program: string, args: readonly string[]) => {
      try {
        return (await run(program, args)).stdout;
      } catch (error) {
        if (error instanceof PeerError && error.code === "not-installed") missing.add(program);
        return ""; // It hangs, or may not run: nothing was seen.
      }
    };
    const family = isIPv6(address) ? ["-6"] : [];
    const scanned = [...new Set([...ports, ...(hostPort === null ? [] : [hostPort])])].join(",");
    const nmap = ["-n", "-Pn", "-sS", "--reason", "--max-retries", "1", "--max-rtt-timeout", "400ms"];
    const [answers, ...paths] = await Promise.all([
      tell("nmap", [...nmap, ...family, "-p", scanned, "-oX", "-", address]).then(parseNmap),
      ...ports.map((port) =>
        tell("traceroute", [
          ...["-T", "-n", "-q", "1", "-w", "1", "-m", `${HOPS_MAX}`, "-p", `${port}`],
          ...[...family, address],
        ]).then((text) => parseTraceroute(text, address)),
      ),
    ]);
    const hostTtl = hostPort === null ? null : (answers.get(hostPort)?.ttl ?? null);
    return ports.map((port, index) => {
      const answer = answers.get(port);
      const refusal = answer === undefined ? null : { ...answer, from: answer.from === "" ? address : answer.from };
      return { port, missing: [...missing], path: paths[index] ?? [], refusal, hostTtl };
    });
  };
}

/** `<port … portid="10000"><state … reason="reset" reason_ttl="62" reason_ip="…"/>`: what answered, by port. */
export function parseNmap(xml: string): Map<number, NonNullable<HopsEvidence["refusal"]>> {
  const found = new Map<number, NonNullable<HopsEvidence["refusal"]>>();
  for (const [, port = "", state = ""] of xml.matchAll(/<port [^>]*portid="(\d+)"[^>]*>\s*<state ([^>]*)\/>/g)) {
    const of = (name: string) => new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(state)?.[1] ?? "";
    const [reason, ttl, from] = [of("reason"), Number(of("reason_ttl")), of("reason_ip")];
    if (ttl <= 0 || reason === "no-response") continue;
    const kind = reason === "reset" ? "reset" : reason === "syn-ack" ? "answer" : "icmp";
    found.set(Number(port), { kind, from: isIP(from) === 0 ? "" : from, ttl });
  }
  return found;
}

/** ` 2  10.77.9.2  0.055 ms`; `*` for none; `!X` and the like behind an ICMP error that is no sign of a life's end. */
export function parseTraceroute(text: string, address: string): HopsEvidence["path"] {
  return text.split("\n").flatMap((line) => {
    const [, hop, from = "", more = ""] = /^\s*(\d+)\s+(\S+)\s+[\d.]+ ms(.*)$/.exec(line) ?? [];
    if (hop === undefined || isIP(from) === 0 || from === address || more.includes("!")) return [];
    return [{ hop: Number(hop), address: from }];
  });
}
