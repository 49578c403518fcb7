// Who is connected to this host now: before a table of ours denies the rest, each of them must stay let in, the terminal
// that the command runs over among them.

import { type CommandRunner, mustRun } from "./command-runner.ts";
import type { Opening } from "./opening.ts";
import { contains } from "./spans.ts";

export interface InboundConnection {
  /** Without a zone: `fe80::1`. */
  readonly peer: string;
  /** Of this host. */
  readonly port: number;
}

/** TCP connections that others began, each peer and port once; those of this host with itself left out. */
export async function readInboundConnections(run: CommandRunner): Promise<InboundConnection[]> {
  const listening = parse(await mustRun(run, "ss", ["-Hltn"])).map(({ local }) => local.port);
  const established = parse(await mustRun(run, "ss", ["-Htn", "state", "established"]));
  const found = new Map<string, InboundConnection>();
  for (const { local, peer } of established) {
    const isLocal = peer.address === local.address || /^(127\.|::1$)/.test(peer.address);
    if (isLocal || !listening.includes(local.port)) continue;
    found.set(`${peer.address} ${local.port}`, { peer: peer.address, port: local.port });
  }
  return [...found.values()];
}

/** Those that could not be made again under these openings. */
export function notAdmitted(
  connections: readonly InboundConnection[],
  openings: readonly Opening[],
): InboundConnection[] {
  return connections.filter(
    ({ peer, port }) =>
      !openings.some(
        ({ direction, family, transport, from, ports }) =>
          direction === "in" &&
          transport === "tcp" &&
          family === (peer.includes(":") ? 6 : 4) &&
          (from.length === 0 || from.some((network) => contains(network, peer))) &&
          ports.some((range) => range.from <= port && port <= range.to),
      ),
  );
}

interface End {
  readonly address: string;
  readonly port: number;
}

/** Lines of ss(8): the last two of their words are `local:port peer:port`, whatever columns come before. */
function parse(text: string): { readonly local: End; readonly peer: End }[] {
  return text.split("\n").flatMap((line) => {
    const [local, peer] = line.trim().split(/\s+/).slice(-2).map(endOf);
    return local === undefined || peer === undefined ? [] : [{ local, peer }];
  });
}

function endOf(text: string): End | undefined {
  const [, address = "", port = ""] = /^(.*):(\d+|\*)$/.exec(text) ?? [];
  if (address === "") return undefined;
  // Brackets round IPv6, a card behind the address, IPv4 as a socket of both families shows it.
  const plain = address
    .replace(/^\[|\]$/g, "")
    .replace(/%.*$/, "")
    .replace(/^::ffff:(?=\d+\.)/i, "");
  return { address: plain, port: Number(port) };
}
