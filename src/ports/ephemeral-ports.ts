// Whether the data ports lie where the operating system takes ports for outgoing connections. A listener in there fails
// at random, because any program's outgoing connection may be using its port (EADDRINUSE).

import { formatRange, overlapOf, type PortRange, rangeSize } from "./flow.ts";

export type SystemPorts =
  | { readonly kind: "known"; readonly ephemeral: PortRange; readonly reserved: readonly PortRange[] }
  | { readonly kind: "unknown"; readonly reason: string };

export type OverlapVerdict =
  | { readonly kind: "clear" }
  /** The range overlaps, and the system has been told to leave all of it alone. */
  | { readonly kind: "reserved" }
  | {
      readonly kind: "overlaps";
      /** The part of the range that the system may take. */
      readonly shared: PortRange;
      /** Takes effect at once; to be run as administrator. */
      readonly command: string;
      /** What makes it last: a line for a file (with the file), or empty where the command does that too. */
      readonly permanently: string;
    };

/** Compares the data ports with the system's ephemeral ports, all ends included. `platform` as in process.platform. */
export function ephemeralOverlap({
  range,
  ephemeral,
  reserved = [],
  platform = "linux",
}: {
  readonly range: PortRange;
  readonly ephemeral: PortRange;
  readonly reserved?: readonly PortRange[];
  readonly platform?: string;
}): OverlapVerdict {
  const shared = overlapOf(range, ephemeral);
  if (shared === null) return { kind: "clear" };
  if (isCovered(shared, reserved)) return { kind: "reserved" };
  return { kind: "overlaps", shared, ...(platform === "win32" ? forWindows(range) : forLinux(range, reserved)) };
}

function forLinux(range: PortRange, reserved: readonly PortRange[]): { command: string; permanently: string } {
  // The setting replaces the whole list, so what others have reserved is written again.
  const all = [...reserved, range].map((part) => (part.from === part.to ? String(part.from) : formatRange(part)));
  const line = `net.ipv4.ip_local_reserved_ports=${all.join(",")}`;
  return { command: `sysctl -w ${line}`, permanently: `${line} in /etc/sysctl.d/60-rusuban.conf` };
}

function forWindows(range: PortRange): { command: string; permanently: string } {
  const rest = `add excludedportrange protocol=tcp startport=${range.from} numberofports=${rangeSize(range)} store=persistent`;
  return { command: `netsh int ipv4 ${rest} & netsh int ipv6 ${rest}`, permanently: "" };
}

/** Whether every port of `part` is in one of the ranges. */
function isCovered(part: PortRange, ranges: readonly PortRange[]): boolean {
  let next = part.from;
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    if (range.from > next) break;
    next = Math.max(next, range.to + 1);
  }
  return next > part.to;
}

const EPHEMERAL_FILE = "/proc/sys/net/ipv4/ip_local_port_range"; // Governs IPv6 too.
const RESERVED_FILE = "/proc/sys/net/ipv4/ip_local_reserved_ports";

/** Reads Linux' two settings through `readFile` (text in UTF-8). What cannot be read or understood is "unknown", with the reason. */
export async function readSystemPorts(readFile: (path: string) => Promise<string>): Promise<SystemPorts> {
  try {
    const ephemeral = parseRange((await readFile(EPHEMERAL_FILE)).trim(), /^(\d+)\s+(\d+)$/);
    const reserved = parseReserved(await readFile(RESERVED_FILE));
    return { kind: "known", ephemeral, reserved };
  } catch (error) {
    return { kind: "unknown", reason: error instanceof Error ? error.message : String(error) };
  }
}

/** `8080,9148-9150`; an empty line is an empty list (Linux, ip-sysctl). */
export function parseReserved(text: string): PortRange[] {
  const parts = text.trim().split(",");
  return parts.filter((part) => part !== "").map((part) => parseRange(part, /^(\d+)(?:-(\d+))?$/));
}

function parseRange(text: string, form: RegExp): PortRange {
  const [, from, to = from] = form.exec(text) ?? [];
  if (from === undefined || to === undefined) throw new Error(`not a range of ports: ${JSON.stringify(text)}`);
  return { from: Number(from), to: Number(to) };
}
