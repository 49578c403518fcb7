import { FLOW_KEYS, flowOf } from "../src/ports/port-map.ts";
import {
  dottedName,
  type Finding,
  importsOf,
  isNode,
  isTest,
  lineOf,
  type Node,
  nameOf,
  nodesOf,
  type Source,
} from "./tidy-source.ts";

/** Looks at each node of each file that `where` lets through; a text is a finding. */
function eachNode(
  sources: readonly Source[],
  rule: string,
  where: (path: string) => boolean,
  judge: (node: Node) => string | null,
): Finding[] {
  return sources
    .filter(({ path }) => where(path))
    .flatMap((source) =>
      nodesOf(source).flatMap((node) => {
        const problem = judge(node);
        return problem === null ? [] : [{ path: source.path, line: lineOf(source, node), rule, problem }];
      }),
    );
}

/** Every number of the port map; those below 1024 are also counts and sizes, so they are looked for by context only. */
const DECLARED_PORTS = new Set(
  FLOW_KEYS.map(flowOf).flatMap(({ port, range, variants }) => [
    ...(port === null ? [] : [port]),
    ...(range === null ? [] : [range.from, range.to]),
    ...variants.map((variant) => variant.port),
  ]),
);
const TELLTALE_PORTS = new Set([...DECLARED_PORTS].filter((port) => port >= 1024));

const outsidePorts = (path: string) => !path.startsWith("src/ports/") && !isTest(path);

/** No port outside src/ports: neither a declared number, nor any number where a port is meant. */
export function portNumbers(sources: readonly Source[]): Finding[] {
  const advice = "ask the port book: portOf(flow)";
  return eachNode(sources, "port number", outsidePorts, (node) => {
    if (node.type === "Literal" && typeof node.value === "number" && TELLTALE_PORTS.has(node.value)) {
      // Ports are written plain; `10_000` with its separator is a count or a time.
      return String(node.raw).includes("_")
        ? null
        : `${node.raw} is a declared port: ${advice} (a count is written 10_000)`;
    }
    const text = node.type === "Literal" ? node.value : node.type === "TemplateElement" ? quasi(node) : null;
    if (typeof text === "string") {
      const named = [...text.matchAll(/(?:^|:)(\d{2,5})(?=$|[/?#])/g)].find(([, port]) =>
        TELLTALE_PORTS.has(Number(port)),
      );
      return named === undefined ? null : `${JSON.stringify(text)} names a declared port: ${advice}`;
    }
    const number = numberGivenTo(node);
    return number === null ? null : `a port is set to ${number}: declare a flow in src/ports and ${advice}`;
  });
}

function quasi(node: Node): unknown {
  return typeof node.value === "object" && node.value !== null && "cooked" in node.value ? node.value.cooked : null;
}

/** The number in `port: 8080`, `const httpPort = 8080`, `PORT = 8080`, `{ port = 8080 }`; null for 0, the system's choice. */
function numberGivenTo(node: Node): string | null {
  const [target, value] = {
    Property: [node.key, node.value],
    PropertyDefinition: [node.key, node.value],
    VariableDeclarator: [node.id, node.init],
    AssignmentExpression: [node.left, node.right],
    AssignmentPattern: [node.left, node.right],
  }[node.type] ?? [null, null];
  if (!/(^p|P)ort$|(^|_)PORT$/.test(nameOf(target)) || !isNode(value) || value.type !== "Literal") return null;
  return typeof value.value === "number" && value.value !== 0 ? String(value.raw) : null;
}

/** A listener takes its port from the port book through src/net; in a test it takes 0. */
export function fixedListeners(sources: readonly Source[]): Finding[] {
  return eachNode(
    sources,
    "fixed listener",
    () => true,
    (node) => {
      if (
        node.type !== "CallExpression" ||
        !/^(listen|bind)$/.test(nameOf(node.callee)) ||
        !Array.isArray(node.arguments)
      )
        return null;
      const [first] = node.arguments;
      const given = isNode(first) && first.type === "ObjectExpression" ? portProperty(first) : first;
      if (!isNode(given) || given.type !== "Literal" || typeof given.value !== "number" || given.value === 0)
        return null;
      return `listens on ${given.raw}: take the port from the port book, in a test 0`;
    },
  );
}

function portProperty(object: Node): unknown {
  const properties = Array.isArray(object.properties) ? object.properties : [];
  return properties.find((property) => isNode(property) && nameOf(property.key) === "port")?.value;
}

const SOCKET_MODULES = /^(node:)?(net|tls|dgram|http|https|http2)$/;
/** What opens nothing. */
const HARMLESS = [
  "isIP",
  "isIPv4",
  "isIPv6",
  "BlockList",
  "SocketAddress",
  "STATUS_CODES",
  "checkServerIdentity",
  "rootCertificates",
];
const SOCKET_GLOBALS = ["fetch", "WebSocket", "EventSource"];

/**
 * Sockets are opened in src/net, where each carries its flow, and in the doctor's probes, which want the bare connection;
 * the console lives in a browser, which has its own.
 */
export function sockets(sources: readonly Source[]): Finding[] {
  const where = (path: string) => !/^src\/(net|doctor\/probes)\//.test(path) && !isTest(path);
  const modules = sources
    .filter(({ path }) => where(path))
    .flatMap((source) =>
      importsOf(source)
        .filter(({ from, names }) => SOCKET_MODULES.test(from) && names.some((name) => !HARMLESS.includes(name)))
        .map(({ node, from }) => ({
          path: source.path,
          line: lineOf(source, node),
          rule: "socket",
          problem: `takes more than types from ${from}: sockets are opened in src/net, each with its flow`,
        })),
    );
  const inBrowser = (path: string) => path.startsWith("src/console/");
  const globals = eachNode(
    sources,
    "socket",
    (path) => where(path) && !inBrowser(path),
    (node) => {
      const opens =
        /^(CallExpression|NewExpression)$/.test(node.type) &&
        SOCKET_GLOBALS.includes(dottedName(node.callee).replace("globalThis.", ""));
      return opens ? `${nameOf(node.callee)} opens a socket of no flow: use a dialer of src/net` : null;
    },
  );
  return [...modules, ...globals];
}

/** Only src/runtime/clock.ts reads the time; everything else takes a Clock. */
export function clocks(sources: readonly Source[]): Finding[] {
  const where = (path: string) => path !== "src/runtime/clock.ts" && !isTest(path);
  return eachNode(sources, "clock", where, (node) => {
    const name = dottedName(node.callee);
    const empty = Array.isArray(node.arguments) && node.arguments.length === 0;
    const reads =
      (node.type === "CallExpression" && (name === "Date.now" || name === "Date")) ||
      (node.type === "NewExpression" && name === "Date" && empty);
    return reads ? `${name} reads this machine's time: take a Clock (src/runtime/clock.ts) as an argument` : null;
  });
}

/** Randomness comes in as an argument, and is never guessable. */
export function randomness(sources: readonly Source[]): Finding[] {
  return eachNode(
    sources,
    "randomness",
    () => true,
    (node) =>
      node.type === "MemberExpression" && dottedName(node) === "Math.random"
        ? "Math.random can be guessed and not repeated: take a Random (src/runtime/random.ts), in a test fast-check"
        : null,
  );
}

/** Node's own way to the other side's certificate loses memory with every handshake. */
export function leaks(sources: readonly Source[]): Finding[] {
  const where = (path: string) => !isTest(path);
  return eachNode(sources, "leak", where, (node) =>
    node.type === "MemberExpression" && nameOf(node.property) === "getPeerX509Certificate"
      ? "getPeerX509Certificate never gives back a chain's memory: call shownCertificate (src/net/certificate.ts)"
      : null,
  );
}
