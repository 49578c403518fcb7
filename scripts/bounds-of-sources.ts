import { globSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAst } from "vite";

// Finds every named bound in src/: a constant at the top of a file, or a property of one, whose name says that it bounds
// something and whose value is a number. The value is computed from the source, the reason is the comment beside it.

export interface Bound {
  /** `NDMP_RECORD_BYTES_MAX`, or `INBOX_LIMITS.window`. */
  readonly name: string;
  /** Null for a group of bounds, whose comment is about all of them. */
  readonly value: number | null;
  /** The comment in one line; empty where there is none. */
  readonly why: string;
}

export interface BoundGroup {
  /** From the top of the tree. */
  readonly path: string;
  readonly bounds: readonly Bound[];
}

/** Names that bound something, and names that only look so: units of time, and what a format fixes. */
const BOUND =
  /_MAX$|_MIN$|_MS$|_MS_MAX$|_SECONDS$|_DAYS$|_MAX_|_LIMITS$|_TIMES$|_LOOKS$|_KEPT$|_AT_ONCE|_TARGET$|_CONCURRENCY$|_HEARTBEATS$|_PER_WINDOW$|^CHUNK_SIZES$|^KEY_STRENGTH$|^CACHE_BYTES$|_FLUSH_LINES$|^RETRY_MS$/;
const NO_BOUND = /^(DAY|HOUR|MINUTE)_MS$|^U32_MAX$|^PORT_MAX$|^DATE_MS_MAX$|^NOW_MS$|^UNIT_SECONDS$|_FLAGS_ALL$/;

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

interface Source {
  readonly path: string;
  readonly text: string;
  readonly body: readonly Node[];
  /** Initialisers of the constants at the top of the file. */
  readonly constants: ReadonlyMap<string, Node>;
}

const TOP = fileURLToPath(new URL("..", import.meta.url));

export function collectBounds(): BoundGroup[] {
  const paths = globSync("src/**/*.ts", { cwd: TOP })
    .map((path) => path.replaceAll("\\", "/"))
    .filter(
      (path) => !path.startsWith("src/console/") && !/\.test\.ts$|fixture|sample|memory-|fake-|compliance/.test(path),
    )
    .sort();
  const sources = new Map(paths.map((path) => [path, parse(path)]));
  return [...sources.values()]
    .map((source) => ({ path: source.path, bounds: boundsOf(source, sources) }))
    .filter(({ bounds }) => bounds.length > 0);
}

function parse(path: string): Source {
  const text = readFileSync(`${TOP}/${path}`, "utf8");
  const body = parseAst(text, { lang: "ts" }).body as unknown as Node[];
  const constants = new Map<string, Node>();
  for (const [name, { init }] of body.flatMap(declarators)) constants.set(name, init);
  return { path, text, body, constants };
}

function declarators(statement: Node): [string, { id: Node; init: Node }][] {
  const declaration = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
  if (!isNode(declaration) || declaration.type !== "VariableDeclaration" || declaration.kind !== "const") return [];
  return (declaration.declarations as Node[]).flatMap((each) => {
    const { id, init } = each as unknown as { id: Node; init: unknown };
    return id.type === "Identifier" && isNode(init)
      ? [[String(id.name), { id, init }] as [string, { id: Node; init: Node }]]
      : [];
  });
}

function boundsOf(source: Source, sources: ReadonlyMap<string, Source>): Bound[] {
  return source.body.flatMap((statement, index) => {
    const before = source.body[index - 1]?.end ?? 0;
    return declarators(statement).flatMap(([name, { id, init }]) => {
      if (!BOUND.test(name) || NO_BOUND.test(name)) return [];
      const own = commentBetween(source.text, before, statement);
      const value = bare(init);
      if (value.type !== "ObjectExpression") {
        const number = evaluate(value, source, sources);
        return number === undefined ? [] : [{ name, value: number, why: own }];
      }
      const inside = propertiesOf(name, value, { source, sources, comments: commentsOfType(source, id) });
      return own === "" || inside.length === 0 ? inside : [{ name, value: null, why: own }, ...inside];
    });
  });
}

function propertiesOf(
  name: string,
  object: Node,
  context: { source: Source; sources: ReadonlyMap<string, Source>; comments: ReadonlyMap<string, string> },
): Bound[] {
  const { source, sources, comments } = context;
  let before = object.start + 1;
  return (object.properties as Node[]).flatMap((property) => {
    const key = keyOf(property);
    const why = comments.get(key) || commentBetween(source.text, before, property);
    before = property.end;
    if (!isNode(property.value)) return [];
    const value = bare(property.value);
    if (value.type === "ObjectExpression")
      return propertiesOf(`${name}.${key}`, value, { ...context, comments: new Map() });
    const number = evaluate(value, source, sources);
    return number === undefined ? [] : [{ name: `${name}.${key}`, value: number, why }];
  });
}

/** Comments of the members of the interface that the constant is declared to be. */
function commentsOfType({ text, body }: Source, id: Node): Map<string, string> {
  const annotation = /:\s*(?:Readonly<)?(\w+)/.exec(text.slice(id.start, id.end + 1))?.[1];
  const declaration = body
    .map((statement) => (statement.type === "ExportNamedDeclaration" ? statement.declaration : statement))
    .find(
      (each) =>
        isNode(each) && each.type === "TSInterfaceDeclaration" && isNode(each.id) && each.id.name === annotation,
    );
  if (!isNode(declaration) || !isNode(declaration.body)) return new Map();
  let before = declaration.body.start + 1;
  return new Map(
    (declaration.body.body as Node[]).map((member) => {
      const comment = commentBetween(text, before, member);
      before = member.end;
      return [keyOf(member), comment];
    }),
  );
}

function keyOf(node: Node): string {
  return isNode(node.key) ? String(node.key.name ?? node.key.value) : "";
}

/** The comment above a node, which begins after `before`, and the one that follows it on its line. */
function commentBetween(text: string, before: number, node: Node): string {
  const line = text.slice(node.end, text.indexOf("\n", node.end));
  const trailing = /^[,;]?\s*\/\/\s?(.*)$/.exec(line)?.[1];
  // What stands on the line of the node before belongs to that one; only the block next to this node counts.
  const between = text.slice(before, node.start);
  const above = (before === 0 ? between : between.slice(between.indexOf("\n") + 1)).split(/\n[ \t]*\n/).at(-1) ?? "";
  const comment = above
    .split("\n")
    .map((each) => each.trim())
    .filter((each) => /^(\/\*\*|\*|\/\/)/.test(each) && !each.startsWith("// biome-ignore"))
    .map((each) => each.replace(/^(\/\*\*|\*\/|\*|\/\/)\s?/, "").replace(/\s*\*\/$/, ""))
    .join(" ")
    .trim();
  return [comment, trailing ?? ""].filter(Boolean).join(" ");
}

/** Without `as const` and `satisfies`. */
function bare(node: Node): Node {
  return /^TS(As|Satisfies)Expression$/.test(node.type) && isNode(node.expression) ? bare(node.expression) : node;
}

/** The number that an expression of literals, arithmetic and other constants comes to; undefined for anything else. */
function evaluate(node: Node, source: Source, sources: ReadonlyMap<string, Source>): number | undefined {
  const inner = (part: unknown) => (isNode(part) ? evaluate(bare(part), source, sources) : undefined);
  if (node.type === "Literal") return typeof node.value === "number" ? node.value : undefined;
  if (node.type === "Identifier") return constant(String(node.name), source, sources);
  if (node.type !== "BinaryExpression") return undefined;
  const [left, right] = [inner(node.left), inner(node.right)];
  if (left === undefined || right === undefined) return undefined;
  const operations: Readonly<Record<string, number>> = {
    "+": left + right,
    "-": left - right,
    "*": left * right,
    "/": left / right,
    "**": left ** right,
  };
  return operations[String(node.operator)];
}

function constant(name: string, source: Source, sources: ReadonlyMap<string, Source>): number | undefined {
  const own = source.constants.get(name);
  if (own !== undefined) return evaluate(bare(own), source, sources);
  for (const statement of source.body) {
    if (statement.type !== "ImportDeclaration" || !isNode(statement.source)) continue;
    const from = String(statement.source.value);
    const takes = (statement.specifiers as Node[]).some(({ local }) => isNode(local) && local.name === name);
    const other = takes && from.startsWith(".") ? sources.get(posix.join(posix.dirname(source.path), from)) : undefined;
    if (other !== undefined) return constant(name, other, sources);
  }
  return undefined;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
