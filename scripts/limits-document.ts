import { type Bound, type BoundGroup, collectBounds } from "./bounds-of-sources.ts";

const ROOMS: readonly (readonly [folder: string, title: string])[] = [
  ["src/net/", "Network: listeners, connections, certificates"],
  ["src/wire/", "Records on the wire"],
  ["src/protocols/", "Protocols between manager and agent"],
  ["src/manager/alerts/", "The manager's alert inbox"],
  ["src/manager/api/", "The manager's API and console service"],
  ["src/api/", "Requests and replies of the API"],
  ["src/manager/watch/", "The manager's watching"],
  ["src/manager/", "The manager"],
  ["src/agent/reporting/", "The agent's reporting"],
  ["src/agent/providers/", "The agent's looks at the host"],
  ["src/judging/", "Judging readings"],
  ["src/agent/watch/", "The agent's looks and what it has told"],
  ["src/agent/backup/", "The agent's backup jobs"],
  ["src/archive/", "Trees of files into a store and back"],
  ["src/agent/", "The agent"],
  ["src/store/", "The store"],
  ["src/cim/", "CIM: values, classes, queries"],
  ["src/firewall/", "Firewall rules"],
  ["src/doctor/", "The doctor"],
  ["src/database/", "The database"],
  ["src/model/", "Alerts and readings"],
  ["src/ports/", "Ports"],
  ["src/runtime/", "Running and stopping"],
  ["src/cli/", "The command line"],
];

const ABOUT = `Every loop that talks to a peer, every queue and every buffer of Rusuban has a named bound. This page lists them, with the reason where the source gives one. It is generated from the constants in \`src/\` by \`node scripts/generate-docs.ts\`; none of these can be set, what can be set is in [settings.md](settings.md).

A bound that is reached has one of three outcomes, never silence: the request is refused with a reason, the sender is held back until there is room, or what matters least is summed up or left out and counted.`;

/** docs/limits.md. Throws where a bound lies in a folder that has no heading here. */
export function renderLimitsDocument(): string {
  const groups = collectBounds();
  const rooms = new Map<string, BoundGroup[]>(ROOMS.map(([, title]) => [title, []]));
  for (const group of groups) {
    const room = ROOMS.find(([folder]) => group.path.startsWith(folder));
    if (room === undefined) throw new Error(`${group.path} has bounds but no heading in scripts/limits-document.ts`);
    rooms.get(room[1])?.push(group);
  }
  const sections = [...rooms].filter(([, inRoom]) => inRoom.length > 0);
  return `${["# Limits", ABOUT, ...sections.flatMap(([title, inRoom]) => [`## ${title}`, ...inRoom.map(table)])].join("\n\n")}\n`;
}

function table({ path, bounds }: BoundGroup): string {
  const head = [`[${path}](../${path})`, "", "| bound | value | why |", "| --- | --- | --- |"];
  return [...head, ...bounds.map(row)].join("\n");
}

function row({ name, value, why }: Bound): string {
  return `| \`${name}\` | ${value === null ? "" : quantity(name, value)} | ${why.replaceAll("|", "\\|")} |`;
}

/** The number with the unit that its name ends in: `timeoutMs`, `BODY_BYTES_MAX`, `tokenSeconds.max`. */
function quantity(name: string, value: number): string {
  const words = name.replaceAll(/([a-z])([A-Z])/g, "$1_$2").toLowerCase();
  if (/_ms\b|_ms_/.test(words)) return duration(value);
  if (/_seconds|seconds/.test(words)) return duration(value * 1_000);
  if (/_days/.test(words)) return `${count(value)} days`;
  if (/bytes|chunk_sizes/.test(words)) return bytes(value);
  return count(value);
}

function duration(ms: number): string {
  const units = [
    ["days", 86_400_000],
    ["hours", 3_600_000],
    ["min", 60_000],
    ["s", 1_000],
  ] as const;
  const [unit, size] = units.find(([, each]) => ms >= each && ms % each === 0) ?? ["ms", 1];
  return `${count(ms / size)} ${ms === size ? unit.replace(/s$/, "") || unit : unit}`;
}

function bytes(value: number): string {
  const units = [
    ["GiB", 1024 ** 3],
    ["MiB", 1024 ** 2],
    ["KiB", 1024],
  ] as const;
  const [unit, size] = units.find(([, each]) => value >= each && value % each === 0) ?? ["bytes", 1];
  return `${count(value / size)} ${unit}`;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
