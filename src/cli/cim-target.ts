import { readFile } from "node:fs/promises";
import type { ForeignTrust } from "../net/foreign-dial.ts";
import { createForeignAgent } from "../net/foreign-request.ts";
import type { Text } from "../ports/flow.ts";
import { type FlowKey, flowName } from "../ports/port-map.ts";
import { createPortBook } from "../ports/port-settings.ts";
import { reasonOf } from "../runtime/errors.ts";
import { seconds } from "../runtime/setting-kinds.ts";
import type { Connection, ConnectionNeeds } from "./cim-connection.ts";
import type { OptionShape } from "./define-command.ts";
import { EXIT } from "./output.ts";
import { readSecret } from "./secret-input.ts";
import type { Session } from "./session.ts";
import { visible } from "./visible.ts";

// From the address and the options of `rusuban cim` to a connection.

const WORDS = {
  address: {
    en: "the server: https://[USER@]HOST[:PORT][/PATH]",
    ja: "サーバのアドレス: https://[ユーザー@]ホスト[:ポート][/パス]",
  },
  protocol: { en: "by the port where not given", ja: "プロトコル(省略時はポートから判断)" },
  namespace: { en: "CIM namespace", ja: "CIM の名前空間" },
  passwordFile: { en: "file whose first line is the password", ja: "1 行目にパスワードを書いたファイル" },
  ca: { en: "the authority that vouches for the server, a PEM file", ja: "サーバ証明書の認証局(PEM ファイル)" },
  pin: { en: "SHA-256 fingerprint of the server's certificate", ja: "サーバ証明書の SHA-256 フィンガープリント" },
  timeout: { en: "time for each answer, such as 30s", ja: "応答ごとの待ち時間(例: 30s)" },
  raw: { en: "show every XML document on stderr as it travels", ja: "送受信する XML を標準エラー出力に表示" },
  question: { en: "Password of {user} at {host}: ", ja: "{host} の {user} のパスワード: " },
  none: { en: "no password, and there is nobody to ask", ja: "パスワードがなく、入力を求める端末もありません" },
  isEmpty: { en: "the password is empty", ja: "パスワードが空です" },
  notAnAddress: {
    en: "{address} is no address such as https://web1.example",
    ja: "{address} は https://web1.example のようなアドレスではありません",
  },
  secretInAddress: {
    en: "a password in the address can be read by every user of this computer: set RUSUBAN_CIM_PASSWORD, or give --password-file FILE",
    ja: "アドレス内のパスワードは他の利用者に読まれます。環境変数 RUSUBAN_CIM_PASSWORD か --password-file を使ってください",
  },
  plain: {
    en: "Plain HTTP: everything, the password too, can be read on the way.",
    ja: "平文の HTTP です。パスワードも含め、通信内容が途中で読まれます。",
  },
  unreadable: { en: "{file} cannot be read: {problem}", ja: "{file} を読めません: {problem}" },
} as const satisfies Record<string, Text>;

export const ADDRESS_ARGUMENT = ["<address>", WORDS.address] as const;

/** What makes a connection of each protocol; loaded when it is used. */
const CONNECTIONS = {
  "cim-xml": async () => (await import("./cim-xml-connection.ts")).createCimXmlConnection,
  wsman: async () => (await import("./cim-wsman-connection.ts")).createWsmanConnection,
} as const satisfies Readonly<Record<string, () => Promise<(needs: ConnectionNeeds) => Connection>>>;

export type ProtocolName = keyof typeof CONNECTIONS;
const PROTOCOLS = Object.keys(CONNECTIONS) as readonly ProtocolName[];

export interface TargetOptions {
  readonly protocol?: ProtocolName;
  readonly namespace?: string;
  readonly passwordFile?: string;
  readonly ca?: string;
  readonly pin?: string;
  readonly timeout?: number;
  readonly raw?: boolean;
}

export const TARGET_OPTIONS: readonly OptionShape[] = [
  { flags: "--protocol <protocol>", about: WORDS.protocol, choices: PROTOCOLS },
  { flags: "--namespace <namespace>", about: WORDS.namespace },
  { flags: "--password-file <file>", about: WORDS.passwordFile },
  { flags: "--ca <file>", about: WORDS.ca },
  { flags: "--pin <fingerprint>", about: WORDS.pin },
  { flags: "--timeout <time>", about: WORDS.timeout, kind: seconds({ min: 1, max: 3_600 }) },
  { flags: "--raw", about: WORDS.raw },
];

const FLOWS: Readonly<Record<ProtocolName, { readonly https: FlowKey; readonly http: FlowKey }>> = {
  "cim-xml": { https: "cimXml", http: "cimXmlLoopback" },
  wsman: { https: "wsmanHttps", http: "wsmanHttp" },
};
const TIMEOUT_SECONDS = 60;

/** Runs `work` with a connection, and closes it afterwards. */
export async function withConnection<T>(
  session: Session,
  address: string,
  options: TargetOptions,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const target = parseTarget(session, address, options.protocol);
  const { host, port, isPlain, path, user, protocol } = target;
  const timeoutMs = (options.timeout ?? TIMEOUT_SECONDS) * 1_000;
  const trust = isPlain ? ({ kind: "plain" } as const) : await trustOf(session, options);
  if (isPlain && !isLoopback(host)) session.tell(WORDS.plain);
  const account =
    user === "" ? undefined : { name: user, password: await passwordOf(session, { user, host, ...options }) };
  const flow = flowName(FLOWS[protocol][isPlain ? "http" : "https"]);
  const agent = createForeignAgent({ flow, host, port, trust, timeoutMs, clock: session.world.clock });
  try {
    const connect = await CONNECTIONS[protocol]();
    const namespace = options.namespace ?? "root/cimv2";
    const onDocument = options.raw ? showDocument(session) : undefined;
    const signal = session.world.interruption();
    return await work(connect({ agent, path, namespace, account, signal, timeoutMs, onDocument }));
  } finally {
    agent.close();
  }
}

export interface ParsedTarget {
  readonly protocol: ProtocolName;
  readonly isPlain: boolean;
  readonly host: string;
  readonly port: number;
  readonly path: string | undefined;
  readonly user: string;
}

/** `https://` is meant where there is no scheme. @throws CommandError where it is no address. */
export function parseTarget(
  session: Pick<Session, "failure">,
  address: string,
  given: ProtocolName | undefined,
): ParsedTarget {
  const text = /^[a-z]+:\/\//i.test(address) ? address : `https://${address}`;
  let url: URL;
  try {
    url = new URL(text);
    if (!/^https?:$/.test(url.protocol) || url.hostname === "") throw new Error("neither http nor https");
  } catch {
    throw session.failure("usage", WORDS.notAnAddress, { values: { address }, exit: EXIT.usage });
  }
  if (url.password !== "") throw session.failure("usage", WORDS.secretInAddress, { exit: EXIT.usage });
  const isPlain = url.protocol === "http:";
  const book = createPortBook();
  const [, written] = /^[a-z]+:\/\/(?:[^/@]*@)?(?:\[[^\]]*\]|[^/:?#[\]]*):(\d{1,5})/i.exec(text) ?? [];
  const byPort = PROTOCOLS.find((name) =>
    [FLOWS[name].http, FLOWS[name].https].some((flow) => book.portOf(flow) === Number(written)),
  );
  const protocol = given ?? byPort ?? "cim-xml";
  const port = written === undefined ? book.portOf(FLOWS[protocol][isPlain ? "http" : "https"]) : Number(written);
  return {
    ...{ protocol, isPlain, port, host: url.hostname.replace(/^\[|\]$/g, "") },
    path: url.pathname === "/" ? undefined : url.pathname,
    user: decodeURIComponent(url.username),
  };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

async function trustOf(session: Session, { ca, pin }: TargetOptions): Promise<ForeignTrust> {
  if (pin !== undefined) return { kind: "pinned", fingerprint: pin };
  if (ca === undefined) return { kind: "system" };
  try {
    return { kind: "authority", pem: await readFile(ca, "utf8") };
  } catch (error) {
    const values = { file: ca, problem: reasonOf(error) };
    throw session.failure("usage", WORDS.unreadable, { values, exit: EXIT.usage });
  }
}

function passwordOf(
  session: Session,
  { user, host, passwordFile }: { user: string; host: string; passwordFile?: string | undefined },
): Promise<string> {
  const place = { variable: "RUSUBAN_CIM_PASSWORD", option: "--password-file", file: passwordFile };
  const words = { code: "no-password", none: WORDS.none, isEmpty: WORDS.isEmpty };
  return readSecret(session, { ...place, ...words }, (ask) => ask(session.say(WORDS.question, { user, host })));
}

function showDocument({ world }: Session) {
  return (direction: "sent" | "received", document: Buffer) => {
    world.output.tell(`${direction === "sent" ? ">" : "<"} ${visibleXml(document.toString("utf8"))}\n`);
  };
}

/** A peer's document must not act on the terminal. */
function visibleXml(text: string): string {
  return text
    .split("\n")
    .map((line) => visible(line.replace(/\r$/, "")))
    .join("\n");
}
