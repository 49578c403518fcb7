import type { z } from "zod";
import type { SnmpAccessSchema } from "../api/host-routes.ts";
import { API_LIMITS } from "../api/limits.ts";
import { SNMP_CIPHERS, SNMP_HASHES } from "../model/snmp-access.ts";
import type { Text } from "../ports/flow.ts";
import type { OptionShape } from "./define-command.ts";
import { EXIT } from "./output.ts";
import { readSecret } from "./secret-input.ts";
import type { Session } from "./session.ts";

// By what a server may be asked by SNMP, from options, files and the person at the terminal.

export type SnmpAccess = z.infer<typeof SnmpAccessSchema>;

const VERSIONS = ["1", "2c", "3"] as const;
/** RFC 3411 §3.4.3: the levels of version 3 by their names. */
const LEVELS = ["authPriv", "authNoPriv", "noAuthNoPriv"] as const;

export interface SnmpOptions {
  readonly account?: string;
  readonly passwordFile?: string;
  readonly snmpVersion?: (typeof VERSIONS)[number];
  readonly level?: (typeof LEVELS)[number];
  readonly hash?: (typeof SNMP_HASHES)[number];
  readonly cipher?: (typeof SNMP_CIPHERS)[number];
  readonly privacyFile?: string;
}

const WORDS = {
  version: {
    en: "version of SNMP: 3 with --account; 1 and 2c take a community instead, which anybody on the way can read",
    ja: "SNMP のバージョン(--account があれば 3。1 と 2c は経路上で読めるコミュニティ名を使用)",
  },
  level: {
    en: "security level of SNMPv3; less than authPriv only where it is asked for",
    ja: "SNMPv3 のセキュリティレベル(authPriv 未満は明示した場合のみ)",
  },
  hash: { en: "by what SNMPv3 signs (sha256 otherwise)", ja: "SNMPv3 の認証方式(省略時 sha256)" },
  cipher: { en: "by what SNMPv3 encrypts (aes, 128 bits, otherwise)", ja: "SNMPv3 の暗号方式(省略時 aes、128 ビット)" },
  privacyFile: {
    en: "file with the privacy password of SNMPv3 (else RUSUBAN_HOST_PRIVACY_PASSWORD, or the terminal)",
    ja: "SNMPv3 のプライバシーパスワードのファイル(省略時は RUSUBAN_HOST_PRIVACY_PASSWORD または端末入力)",
  },
  community: { en: "Community of {address}: ", ja: "{address} のコミュニティ名: " },
  password: { en: "Password of {account} at {address}: ", ja: "{address} の {account} のパスワード: " },
  privacy: {
    en: "Privacy password of {account} at {address}: ",
    ja: "{address} の {account} のプライバシーパスワード: ",
  },
  none: {
    en: "no password or community, and there is nobody to ask",
    ja: "パスワードまたはコミュニティ名がなく、入力を求める端末もありません",
  },
  isEmpty: { en: "the password or community is empty", ja: "パスワードまたはコミュニティ名が空です" },
  short: {
    en: "a password of SNMPv3 has {min} characters or more",
    ja: "SNMPv3 のパスワードは {min} 文字以上です",
  },
  who: {
    en: "--by snmp wants --account (SNMPv3), or --snmp-version 2c or 1",
    ja: "--by snmp には --account(SNMPv3)、または --snmp-version 2c か 1 が必要です",
  },
  notOld: {
    en: "versions 1 and 2c know a community only: leave --account, --level, --hash, --cipher and --privacy-file out",
    ja: "バージョン 1 と 2c はコミュニティ名だけを使います(--account・--level・--hash・--cipher・--privacy-file は指定できません)",
  },
  onlySnmp: {
    en: "--snmp-version, --level, --hash, --cipher and --privacy-file are for --by snmp",
    ja: "--snmp-version・--level・--hash・--cipher・--privacy-file は --by snmp 用です",
  },
  noTrust: {
    en: "--pin, --authority, --plain, --path and --namespace mean nothing with --by snmp",
    ja: "--by snmp では --pin・--authority・--plain・--path・--namespace は使えません",
  },
  warnOld: {
    en: "Whoever is on the way can read everything that {name} tells, and the community; and can answer in its name.",
    ja: "経路上で {name} との通信内容とコミュニティ名が読まれ、なりすましも可能です。",
  },
  warnPrivacy: {
    en: "Without privacy everything that {name} tells can be read on the way.",
    ja: "暗号化しないため、{name} との通信内容が経路上で読まれる可能性があります。",
  },
} as const satisfies Record<string, Text>;

export const SNMP_OPTIONS: readonly OptionShape[] = [
  { flags: "--snmp-version <version>", about: WORDS.version, choices: VERSIONS },
  { flags: "--level <level>", about: WORDS.level, choices: LEVELS },
  { flags: "--hash <hash>", about: WORDS.hash, choices: SNMP_HASHES },
  { flags: "--cipher <cipher>", about: WORDS.cipher, choices: SNMP_CIPHERS },
  { flags: "--privacy-file <file>", about: WORDS.privacyFile },
];

interface OfWhom extends SnmpOptions {
  readonly by: string;
  readonly address: string;
  /** Options that are about TLS, or about CIM. */
  readonly others: readonly unknown[];
}

/** Undefined where it is looked at by something else. @throws CommandError */
export async function snmpAccess(session: Session, options: OfWhom): Promise<SnmpAccess | undefined> {
  const { by, account, address, snmpVersion, level, hash, cipher, privacyFile } = options;
  const usage = (text: Text, values = {}) => session.failure("usage", text, { values, exit: EXIT.usage });
  const own = [level, hash, cipher, privacyFile].some((each) => each !== undefined);
  if (by !== "snmp") {
    if (own || snmpVersion !== undefined) throw usage(WORDS.onlySnmp);
    return undefined;
  }
  if (options.others.some((each) => each !== undefined)) throw usage(WORDS.noTrust);
  const version = snmpVersion ?? (account === undefined ? undefined : "3");
  if (version === undefined || (version === "3" && account === undefined)) throw usage(WORDS.who);
  const secret = (question: Text, place: { file: string | undefined; variable: string; option: string }) =>
    readSecret(session, { ...place, code: "no-password", none: WORDS.none, isEmpty: WORDS.isEmpty }, (ask) =>
      ask(session.say(question, { address, account: account ?? "" })),
    );
  const main = { file: options.passwordFile, variable: "RUSUBAN_HOST_PASSWORD", option: "--password-file" };
  if (version !== "3" || account === undefined) {
    if (own || account !== undefined || version === "3") throw usage(WORDS.notOld);
    return { version, community: await secret(WORDS.community, main) };
  }
  const password = async (question: Text, place: typeof main) => {
    const given = await secret(question, place);
    const { min } = API_LIMITS.snmpPassword;
    if (given.length < min) throw usage(WORDS.short, { min });
    return given;
  };
  if (level === "noAuthNoPriv") return { version, user: account, authentication: null, privacy: null };
  const authentication = { protocol: hash ?? "sha256", password: await password(WORDS.password, main) };
  if (level === "authNoPriv") return { version, user: account, authentication, privacy: null };
  const other = { file: privacyFile, variable: "RUSUBAN_HOST_PRIVACY_PASSWORD", option: "--privacy-file" };
  const privacy = { protocol: cipher ?? "aes", password: await password(WORDS.privacy, other) };
  return { version, user: account, authentication, privacy };
}

/** What is to be known of weaker ways; undefined for the strongest. */
export function warningOf(access: SnmpAccess | undefined): Text | undefined {
  if (access === undefined) return undefined;
  if (access.version !== "3" || access.authentication === null) return WORDS.warnOld;
  return access.privacy === null ? WORDS.warnPrivacy : undefined;
}
