import { globSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAst } from "vite";

/** A file under src/: its path from the top of the tree, and its text. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** What a rule objects to. `problem` says what is wrong and what to do instead. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly problem: string;
}

export function formatFinding({ path, line, rule, problem }: Finding): string {
  return `${path}:${line} ${rule}: ${problem}`;
}

/** Every TypeScript file under src/, tests among them. */
export function readSources(): Source[] {
  const top = fileURLToPath(new URL("..", import.meta.url));
  return globSync("src/**/*.{ts,tsx}", { cwd: top, exclude: ["**/node_modules/**", "**/dist/**"] })
    .map((path) => path.replaceAll("\\", "/"))
    .sort()
    .map((path) => ({ path, text: readFileSync(`${top}/${path}`, "utf8") }));
}

/** Tests, and what exists only for them, may name any number and open any loopback socket. */
export function isTest(path: string): boolean {
  return /(\.test\.tsx?|-fixture\.ts|\/fake-[^/]+\.ts|-recorder\.ts)$/.test(path);
}

/** A node of the syntax tree (ESTree with TypeScript's additions); its fields are looked at by name. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly [field: string]: unknown;
}

const trees = new WeakMap<Source, readonly Node[]>();

/** All nodes of a file, outer before inner. Comments are not among them. */
export function nodesOf(source: Source): readonly Node[] {
  const known = trees.get(source);
  if (known !== undefined) return known;
  const nodes: Node[] = [];
  const visit = (value: unknown) => {
    if (Array.isArray(value)) return value.forEach(visit);
    if (typeof value !== "object" || value === null) return;
    if (isNode(value)) nodes.push(value);
    Object.values(value).forEach(visit);
  };
  visit(parseAst(source.text, { lang: source.path.endsWith("x") ? "tsx" : "ts" }));
  trees.set(source, nodes);
  return nodes;
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

export function lineOf({ text }: Source, node: Node): number {
  return text.slice(0, node.start).split("\n").length;
}

/** An import or re-export. */
export interface Import {
  readonly node: Node;
  /** As written (`node:net`, `../wire/xdr.ts`). */
  readonly from: string;
  /** The imported file's path from the top of the tree; null for a package. */
  readonly path: string | null;
  readonly typeOnly: boolean;
  /** The exported names that are taken as values; `*` for all of them. */
  readonly names: readonly string[];
}

export function importsOf(source: Source): Import[] {
  return nodesOf(source).flatMap((node) => {
    const from = isNode(node.source) ? node.source.value : undefined;
    if (typeof from !== "string" || !/^(Import|Export(Named|All))/.test(node.type)) return [];
    const path = from.startsWith(".") ? posix.join(posix.dirname(source.path), from) : null;
    const kind = node.importKind ?? node.exportKind;
    const names = Array.isArray(node.specifiers) ? node.specifiers.flatMap(valueName) : ["*"];
    const onlyTypes =
      kind === "type" || (Array.isArray(node.specifiers) && node.specifiers.length > 0 && names.length === 0);
    return [{ node, from, path, typeOnly: onlyTypes, names: onlyTypes ? [] : names }];
  });
}

function valueName(specifier: unknown): string[] {
  if (!isNode(specifier) || specifier.importKind === "type" || specifier.exportKind === "type") return [];
  const name = specifier.type === "ImportSpecifier" ? specifier.imported : specifier.local;
  return [
    isNode(name) && typeof name.name === "string" && /^(Im|Ex)portSpecifier$/.test(specifier.type) ? name.name : "*",
  ];
}

/** The last part of what is called or read: `listen` of `server.listen`, `fetch` of `fetch`. */
export function nameOf(value: unknown): string {
  if (!isNode(value)) return "";
  if (value.type === "MemberExpression") return nameOf(value.property);
  const name = value.type === "Literal" ? value.value : value.name;
  return typeof name === "string" ? name : "";
}

/** `Date.now`, `server.listen`; a lone name for a global. */
export function dottedName(value: unknown): string {
  if (isNode(value) && value.type === "MemberExpression") return `${nameOf(value.object)}.${nameOf(value.property)}`;
  return nameOf(value);
}
