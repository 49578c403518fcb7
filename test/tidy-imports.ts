import { posix } from "node:path";
import { type Finding, type Import, importsOf, isTest, lineOf, type Source } from "./tidy-source.ts";

/**
 * Who may import whom: the table of the house style. A name is a folder of src/ with all in it, or one file.
 * Where it goes beyond that table: errors, clock, log and randomness live in `runtime` and everything needs some of
 * them, so the ground layers may take the first two and the rest all of it; `manager` implements the contract in `api`;
 * `cli` prints the port map and reads settings, so it sees ports, runtime, net and model as well.
 */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  runtime: [],
  ports: ["runtime/errors.ts"],
  wire: ["runtime/errors.ts", "runtime/clock.ts"],
  model: ["runtime/errors.ts"],
  // When a reading is bad and what is said of it: the agent judges its own host, the manager those without an agent.
  judging: ["runtime/errors.ts", "model"],
  cim: ["runtime/errors.ts", "runtime/clock.ts", "model"],
  net: ["ports", "runtime"],
  // Never model, never each other; files directly in protocols/ are shared by all of them.
  protocols: ["wire", "net", "ports", "runtime"],
  store: ["wire", "runtime"],
  // Trees of files into a store and back: used by the agent for the manager's store, by the command line for a local one.
  archive: ["store", "wire", "runtime"],
  firewall: ["ports", "runtime"],
  doctor: ["ports", "net", "firewall", "runtime"],
  database: ["model", "runtime"],
  agent: [
    "ports",
    "wire",
    "runtime",
    "model",
    "judging",
    "cim",
    "net",
    "protocols",
    "store",
    "archive",
    "firewall",
    "doctor",
    "database",
  ],
  manager: [
    "ports",
    "wire",
    "runtime",
    "model",
    "judging",
    "cim",
    "net",
    "protocols",
    "store",
    "firewall",
    "doctor",
    "database",
    "api",
  ],
  api: ["model"],
  // Of the two programs only what stands at their door: the composition root, its settings, its data folder.
  cli: [
    ...["api", "ports", "runtime", "net", "model", "store", "archive", "firewall", "doctor"],
    ...["agent/agent.ts", "agent/agent-data.ts", "agent/settings.ts"],
    ...["manager/manager.ts", "manager/manager-data.ts", "manager/settings.ts"],
    // `rusuban cim` speaks with any server, no manager needed.
    ...["cim", "protocols/cim-xml", "protocols/wsman"],
  ],
  // Of the model only the wording: how many bytes there are, and what an alert says, is said one way everywhere.
  console: ["api", "model/quantity.ts", "model/alert-words.ts"],
};

/** The only protocols that may also use `cim`. */
const CIM_PROTOCOLS = ["src/protocols/cim-xml/", "src/protocols/wsman/"];

export function importTable(sources: readonly Source[]): Finding[] {
  return sources.flatMap((source) =>
    importsOf(source).flatMap((each) => {
      const problem = each.path === null ? null : forbidden(source.path, each.path, each);
      return problem === null
        ? []
        : [{ path: source.path, line: lineOf(source, each.node), rule: "import table", problem }];
    }),
  );
}

function forbidden(from: string, to: string, { typeOnly }: Import): string | null {
  if (!to.startsWith("src/")) return isTest(from) ? null : `${to} is not in src/, and a release has only that`;
  const [folder, target] = [folderOf(from), folderOf(to)];
  const pair = [folder, target].sort().join(" ");
  if (pair === "agent manager")
    return `${folder} and ${target} never import each other: they meet on the wire (test/stories)`;
  if (isTest(from)) return null; // A test may borrow a fixture from any layer.
  const allowed = MAY_IMPORT[folder];
  if (allowed === undefined) return `src/${folder} is not in the table: give it a row in test/tidy-imports.ts`;
  if (folder === target) return folder === "protocols" ? otherProtocol(from, to) : null;
  if (folder === "console" && target === "api" && !typeOnly)
    return "the console takes only types from src/api: write `import type`";
  if (target === "cim" && CIM_PROTOCOLS.some((place) => from.startsWith(place))) return null;
  const inside = to.slice("src/".length);
  if (allowed.some((name) => inside === name || inside.startsWith(`${name}/`))) return null;
  const list = allowed.length === 0 ? "nothing else in src/" : allowed.join(", ");
  return `${folder} may import ${list}, not ${inside}: hand it in as an argument, or move the code to its layer`;
}

function otherProtocol(from: string, to: string): string | null {
  const [one, other] = [protocolOf(from), protocolOf(to)];
  if (other === null || one === other) return null;
  return `protocol ${one ?? "files shared by all"} may not import protocol ${other}: features meet in agent or manager`;
}

/** `ndmp` of src/protocols/ndmp/…; null for a file that all protocols share. */
function protocolOf(path: string): string | null {
  const parts = path.split("/");
  return parts.length > 3 ? (parts[2] ?? null) : null;
}

function folderOf(path: string): string {
  return path.split("/")[1] ?? "";
}

/** A folder and the folders inside it count as one neighbourhood; any other two may depend on each other one way only. */
export function folderCycles(sources: readonly Source[]): Finding[] {
  const edges = new Map<string, Map<string, { source: Source; each: Import }>>();
  for (const source of sources) {
    if (isTest(source.path)) continue;
    for (const each of importsOf(source)) {
      if (each.path === null) continue;
      const [from, to] = [posix.dirname(source.path), posix.dirname(each.path)];
      if (`${from}/`.startsWith(`${to}/`) || `${to}/`.startsWith(`${from}/`)) continue;
      const out = edges.get(from) ?? new Map();
      if (!out.has(to)) out.set(to, { source, each });
      edges.set(from, out);
    }
  }
  return [...edges].flatMap(([from, out]) =>
    [...out].flatMap(([to, { source, each }]) => {
      const back = pathBetween(edges, to, from);
      if (back === null) return [];
      const problem = `import cycle of folders ${[from, ...back].join(" → ")}: move what both need to a lower layer`;
      return [{ path: source.path, line: lineOf(source, each.node), rule: "folder cycle", problem }];
    }),
  );
}

function pathBetween(
  edges: ReadonlyMap<string, ReadonlyMap<string, unknown>>,
  from: string,
  to: string,
): string[] | null {
  const queue: string[][] = [[from]];
  const seen = new Set([from]);
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    const last = path.at(-1) ?? "";
    if (last === to) return path;
    for (const next of edges.get(last)?.keys() ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      queue.push([...path, next]);
    }
  }
  return null;
}

export function noBarrels(sources: readonly Source[]): Finding[] {
  return sources
    .filter(({ path }) => /\/index\.tsx?$/.test(path))
    .map(({ path }) => ({
      path,
      line: 1,
      rule: "barrel",
      problem: "no index files: import each thing from its own file",
    }));
}
