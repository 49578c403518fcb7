import { readFile } from "node:fs/promises";
import type { Text } from "../ports/flow.ts";
import { reasonOf } from "../runtime/errors.ts";
import { integer } from "../runtime/setting-kinds.ts";
import type { CommandShape } from "./define-command.ts";
import { EXIT, type Style } from "./output.ts";
import { findHost } from "./references.ts";
import { readSecret } from "./secret-input.ts";
import type { Session } from "./session.ts";
import { SNMP_OPTIONS, type SnmpOptions, snmpAccess, warningOf } from "./snmp-access.ts";
import { LABELS, SHARED } from "./words.ts";

const WORDS = {
  add: { en: "mind a server that runs no agent of ours", ja: "エージェントを入れないサーバを監視対象に追加" },
  check: {
    en: "what works on the way to a server without our agent: name, ping, port, version, certificate, account, path, subscription",
    ja: "エージェントなしのサーバへの接続確認(名前・Ping・ポート・バージョン・証明書・アカウント・パス・予約)",
  },
  name: { en: "what it shall be called", ja: "表示名" },
  address: { en: "its name in the network, or its address", ja: "ホスト名または IP アドレス" },
  byOption: { en: "by what it is looked at", ja: "監視の方式" },
  portOption: { en: "its port, where it is not the usual one", ja: "ポート(標準と異なる場合)" },
  accountOption: { en: "the account to sign in with", ja: "接続に使うアカウント" },
  passwordOption: {
    en: "file with the account's password (else RUSUBAN_HOST_PASSWORD, or the terminal)",
    ja: "パスワードのファイル(省略時は RUSUBAN_HOST_PASSWORD または端末入力)",
  },
  pinOption: {
    en: "believe exactly the certificate with this SHA-256 fingerprint",
    ja: "この SHA-256 フィンガープリントの証明書だけを信頼",
  },
  authorityOption: {
    en: "believe certificates of the authority in this PEM file",
    ja: "この PEM ファイルの認証局を信頼",
  },
  plainOption: {
    en: "no TLS: the password can be read by whoever is on the way",
    ja: "TLS を使わない(経路上でパスワードが読まれます)",
  },
  pathOption: { en: "where it serves, if not at /wsman or /cimom", ja: "パス(/wsman・/cimom 以外の場合)" },
  namespaceOption: { en: "CIM namespace, if not root/cimv2", ja: "CIM 名前空間(root/cimv2 以外の場合)" },
  indicationsOption: {
    en: "subscribe to its indications; it must be able to reach the manager, and answer ping",
    ja: "CIM-Indication を予約(サーバからマネージャへの通信と Ping 応答が必要)",
  },
  question: { en: "Password of {account} at {address}: ", ja: "{address} の {account} のパスワード: " },
  none: { en: "no password, and there is nobody to ask", ja: "パスワードがなく、入力を求める端末もありません" },
  isEmpty: { en: "the password is empty", ja: "パスワードが空です" },
  manyTrusts: {
    en: "--pin, --authority and --plain say different things: give one of them",
    ja: "--pin・--authority・--plain は同時に指定できません",
  },
  unreadable: { en: "{file} cannot be read: {problem}", ja: "{file} を読めません: {problem}" },
  plainWarning: {
    en: "Without TLS everything that {name} tells, and the password, can be read on the way.",
    ja: "TLS を使わないため、{name} との通信内容とパスワードが経路上で読まれる可能性があります。",
  },
  added: {
    en: "{name} is minded from now on. `rusuban host check {name}` says whether it answers.",
    ja: "{name} の監視を開始しました。`rusuban host check {name}` で接続を確認できます。",
  },
  step: { en: "STEP", ja: "確認項目" },
  passed: { en: "right", ja: "正常" },
  failed: { en: "FAILS", ja: "異常" },
  open: { en: "not known", ja: "未確認" },
} as const satisfies Record<string, Text>;

const STEP_WORDS = {
  name: { en: "name", ja: "名前解決" },
  ping: { en: "ping", ja: "Ping" },
  port: { en: "port", ja: "ポート" },
  version: { en: "version", ja: "バージョン" },
  certificate: { en: "certificate", ja: "証明書" },
  account: { en: "account", ja: "アカウント" },
  path: { en: "path", ja: "パス" },
  subscription: { en: "subscription", ja: "予約" },
} as const satisfies Record<string, Text>;

interface AddOptions extends SnmpOptions {
  readonly by: "wsman" | "cim-xml" | "snmp" | "ping";
  readonly port?: number;
  readonly pin?: string;
  readonly authority?: string;
  readonly plain?: boolean;
  readonly path?: string;
  readonly namespace?: string;
  readonly indications?: boolean;
}

/** `rusuban host add`. */
export const HOST_ADD = {
  name: "add",
  about: WORDS.add,
  arguments: [
    ["<name>", WORDS.name],
    ["<address>", WORDS.address],
  ],
  options: [
    { flags: "--by <means>", about: WORDS.byOption, choices: ["wsman", "cim-xml", "snmp", "ping"], isRequired: true },
    { flags: "--port <port>", about: WORDS.portOption, kind: integer({ min: 1, max: 65_535 }) },
    { flags: "--account <name>", about: WORDS.accountOption },
    { flags: "--password-file <file>", about: WORDS.passwordOption },
    ...SNMP_OPTIONS,
    { flags: "--pin <fingerprint>", about: WORDS.pinOption },
    { flags: "--authority <file>", about: WORDS.authorityOption },
    { flags: "--plain", about: WORDS.plainOption },
    { flags: "--path <path>", about: WORDS.pathOption },
    { flags: "--namespace <namespace>", about: WORDS.namespaceOption },
    { flags: "--indications", about: WORDS.indicationsOption },
  ],
  examples: [
    "rusuban host add win1 win1.example --by wsman --account monitor --password-file win1.password",
    "rusuban host add esx1 192.0.2.30 --by cim-xml --account root --indications",
    "rusuban host add switch1 192.0.2.50 --by snmp --account monitor",
    "rusuban host add printer 192.0.2.40 --by ping",
  ],
  async run(session: Session, name: string, address: string, options: AddOptions): Promise<void> {
    const { by: means, account, port, path, namespace, indications } = options;
    const trust = await trustOf(session, options);
    const others = [trust, path, namespace];
    const snmp = await snmpAccess(session, { ...options, by: means, address, others });
    const password =
      account === undefined || snmp !== undefined
        ? undefined
        : await readSecret(
            session,
            {
              ...{ file: options.passwordFile, variable: "RUSUBAN_HOST_PASSWORD", option: "--password-file" },
              ...{ code: "no-password", none: WORDS.none, isEmpty: WORDS.isEmpty },
            },
            (ask) => ask(session.say(WORDS.question, { account, address })),
          );
    const api = await session.api();
    const host = await api.hostAdd({
      body: {
        ...{ name, address, means },
        ...(port === undefined ? {} : { port }),
        ...(trust === undefined ? {} : { trust }),
        ...(account === undefined || password === undefined ? {} : { account: { name: account, password } }),
        ...(snmp === undefined ? {} : { snmp }),
        ...(path === undefined ? {} : { path }),
        ...(namespace === undefined ? {} : { namespace }),
        ...(indications === undefined ? {} : { indications }),
      },
    });
    if (trust?.kind === "plain") session.tell(WORDS.plainWarning, { name: host.name });
    const warning = warningOf(snmp);
    if (warning !== undefined) session.tell(warning, { name: host.name });
    session.result(host, () => session.print(session.say(WORDS.added, { name: host.name })));
  },
} satisfies CommandShape<[string, string, AddOptions]>;

async function trustOf(session: Session, { pin, authority, plain }: AddOptions) {
  if ([pin, authority, plain].filter((each) => each !== undefined).length > 1) {
    throw session.failure("usage", WORDS.manyTrusts, { exit: EXIT.usage });
  }
  if (plain) return { kind: "plain" } as const;
  if (pin !== undefined) return { kind: "pinned", fingerprint: pin } as const;
  if (authority === undefined) return undefined;
  try {
    return { kind: "authority", pem: await readFile(authority, "utf8") } as const;
  } catch (error) {
    const values = { file: authority, problem: reasonOf(error) };
    throw session.failure("usage", WORDS.unreadable, { values, exit: EXIT.usage });
  }
}

/** `rusuban host check`. */
export const HOST_CHECK = {
  name: "check",
  about: WORDS.check,
  arguments: [["<host>", SHARED.hostArgument]],
  examples: ["rusuban host check win1"],
  async run(session: Session, ref: string) {
    const api = await session.api();
    const { id } = await findHost(session, api, ref);
    const checked = await api.hostCheck({ params: { host: id } });
    session.result(checked, () =>
      session.table(
        [LABELS.state, WORDS.step, LABELS.what],
        checked.steps.map(({ step, passed, what }) => [
          { text: session.say(wordOf(passed)), style: styleOf(passed) },
          session.say(STEP_WORDS[step]),
          what,
        ]),
      ),
    );
    return checked.steps.some(({ passed }) => passed === false) ? EXIT.failed : EXIT.done;
  },
} satisfies CommandShape<[string]>;

function wordOf(passed: boolean | null): Text {
  if (passed === null) return WORDS.open;
  return passed ? WORDS.passed : WORDS.failed;
}

function styleOf(passed: boolean | null): Style {
  if (passed === null) return "dim";
  return passed ? "green" : "red";
}
