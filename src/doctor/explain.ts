// What a code or a pasted log line means, and which ports to look at: only what the products' documents say, what our own
// errors say, and what the port map knows. Nothing is made up for a line that nobody has documented.

import type { Text } from "../ports/flow.ts";
import { FLOW_KEYS, type FlowKey, findFlow, flowName, flowOf } from "../ports/port-map.ts";
import type { CauseId } from "./causes/causes.ts";
import { text } from "./words.ts";

export interface Explanation {
  /** The part of the line that was understood: `0xE0000F02`, `ECONNREFUSED`, `manager-report`. */
  readonly about: string;
  readonly meaning: Text;
  /** Flows of ours to look at. */
  readonly flows: readonly FlowKey[];
  /** Rows of the original product's document. */
  readonly rows: readonly string[];
  /** What it may be. */
  readonly causes: readonly CauseId[];
}

interface Known {
  readonly pattern: RegExp;
  readonly about: string;
  readonly meaning: Text;
  readonly rows: readonly string[];
  readonly causes: readonly CauseId[];
}

const NO_CONNECTION: readonly CauseId[] = [
  "not-listening",
  "host-firewall-drop",
  "middle-missing-rule",
  "one-way-block",
  "host-down",
  "name-not-resolved",
];

/** Codes of Backup Exec, with the meaning that its document gives. */
const CODES: readonly Known[] = [
  {
    pattern: /\b(?:0x)?E0000F02|V-79-57344-3842/i,
    about: "0xE0000F02 (V-79-57344-3842)",
    meaning: text(
      "Backup Exec: the Backup Exec server could not connect to the remote computer. The control connection goes from the server to the agent; the advertisement the other way, so that a one-way firewall breaks exactly one of the two.",
      "Backup Exec: Backup Exec サーバーからリモートコンピュータに接続できませんでした。コントロール接続はサーバーからエージェントへ、アドバタイズは逆方向のため、一方向のファイアウォールでは片方だけが失敗します。",
    ),
    rows: ["be-05", "be-06", "be-01"],
    causes: NO_CONNECTION,
  },
  {
    pattern: /\b(?:0x)?E0000F25|V-79-57344-3877/i,
    about: "0xE0000F25 (V-79-57344-3877)",
    meaning: text(
      "Backup Exec: communication failed while connecting to the server. Its document names: a wrong computer name, a computer that is switched off, no agent installed, wrong network settings.",
      "Backup Exec: サーバーへの接続の試行中に通信障害が発生しました。一般的な原因: コンピュータ名の誤り、電源オフ、エージェント未インストール、ネットワーク設定の誤り。",
    ),
    rows: ["be-05", "be-06", "be-01"],
    causes: ["name-not-resolved", "name-elsewhere", "host-down", "not-listening", "middle-missing-rule", "no-route"],
  },
  {
    pattern: /V-370-59792-0*41\b/i,
    about: "V-370-59792-00041",
    meaning: text(
      "Backup Exec: listed beside the two codes for blocked ports; the document gives it no text of its own.",
      "Backup Exec: ポートが遮断されたときの 2 つのコードと並べて記載されていますが、説明文はありません。",
    ),
    rows: ["be-05", "be-06"],
    causes: NO_CONNECTION,
  },
  {
    pattern: /selection list|選択リスト/i,
    about: "selection list",
    meaning: text(
      "Backup Exec: the selection list is not shown where the agent's advertisement does not reach the server.",
      "Backup Exec: エージェントのアドバタイズがサーバーに届かないと、選択リストが表示されません。",
    ),
    rows: ["be-01"],
    causes: ["middle-missing-rule", "one-way-block", "not-listening"],
  },
];

/** System and TLS codes, as our errors and others' logs have them. */
const ERRORS: readonly (readonly [pattern: RegExp, about: string, meaning: Text, causes: readonly CauseId[]])[] = [
  [
    /ECONNREFUSED|connection refused|: refused:/i,
    "ECONNREFUSED",
    text("refused at once: an answer came back", "即座に拒否された(応答があった)"),
    ["not-listening", "loopback-only", "host-firewall-reject-reset", "host-firewall-reject-icmp", "middle-reject"],
  ],
  [
    /ETIMEDOUT|timed out|no answer within|タイムアウト/i,
    "ETIMEDOUT",
    text("no answer at all", "まったく応答がない"),
    [
      "middle-drop",
      "middle-missing-rule",
      "host-firewall-drop",
      "missing-return-path",
      "own-output-blocked",
      "host-down",
    ],
  ],
  [
    /EHOSTUNREACH|no route to (the )?host/i,
    "EHOSTUNREACH",
    text(
      "an ICMP error came back, or the host does not answer to its address",
      "ICMP エラーが返ったか、ホストがアドレス解決に応答しない",
    ),
    ["middle-reject", "host-firewall-reject-icmp", "admin-prohibited", "host-down"],
  ],
  [
    /ENETUNREACH|network is unreachable|no route to its network/i,
    "ENETUNREACH",
    text("there is no way to that network", "そのネットワークへの経路がない"),
    ["no-route", "middle-reject", "ipv4-only"],
  ],
  [
    /EACCES|EPERM|forbidden/,
    "EACCES, EPERM",
    text("a firewall prohibits it, or this computer's own does", "ファイアウォール(自ホストの場合も)が禁止している"),
    ["own-output-blocked", "admin-prohibited"],
  ],
  [
    /EADDRINUSE|already in use/i,
    "EADDRINUSE",
    text("another program has the port", "別のプログラムがポートを使用している"),
    ["port-taken"],
  ],
  [
    /ENOTFOUND|EAI_AGAIN|does not resolve|cannot be resolved/i,
    "ENOTFOUND",
    text("the name has no address", "名前に対応するアドレスがない"),
    ["name-not-resolved"],
  ],
  [
    /not of our authority|SELF_SIGNED|UNABLE_TO_VERIFY|FINGERPRINT_DIFFERS/,
    "certificate",
    text("the certificate is not ours", "証明書がこのマネージャの認証局のものではない"),
    ["tls-interception", "port-taken", "name-elsewhere"],
  ],
  [
    /CERT_HAS_EXPIRED|certificate (has )?expired/i,
    "CERT_HAS_EXPIRED",
    text("the certificate has expired", "証明書の有効期限切れ"),
    ["certificate-expired", "clock-off"],
  ],
  [
    /CERT_NOT_YET_VALID|not yet valid/i,
    "CERT_NOT_YET_VALID",
    text("the certificate is not valid yet", "証明書がまだ有効期間前"),
    ["clock-off"],
  ],
  [
    /certificate revoked|hung up without a word/i,
    "revoked",
    text("the manager refuses the host's certificate", "マネージャがホストの証明書を拒否している"),
    ["certificate-revoked"],
  ],
  [
    /no TLS answer|HANDSHAKE_TIMED_OUT/,
    "HANDSHAKE_TIMED_OUT",
    text("the port is open, but nobody of ours answers behind it", "ポートは開いているが、正しい相手が応答しない"),
    ["proxy-accepts-nothing-forwarded", "mtu-black-hole", "port-taken"],
  ],
];

/** Everything in the line that is understood; empty where nothing is. */
export function explain(line: string): Explanation[] {
  const codes = CODES.filter(({ pattern }) => pattern.test(line)).map(({ about, meaning, rows, causes }) => ({
    about,
    meaning,
    rows,
    causes,
    flows: flowsOfRows(rows),
  }));
  const flows = flowsNamedIn(line);
  const errors = ERRORS.filter(([pattern]) => pattern.test(line)).map(([, about, meaning, causes]) => ({
    about,
    meaning,
    causes,
    flows: [],
    rows: [],
  }));
  return [...codes, ...flows.map(explainFlow), ...errors];
}

function explainFlow(key: FlowKey): Explanation {
  const { title, whenClosed, seedRows } = flowOf(key);
  return {
    about: flowName(key),
    meaning: text(`${title.en}. Where it is closed: ${whenClosed.en}`, `${title.ja}。閉じている場合: ${whenClosed.ja}`),
    flows: [key],
    rows: seedRows,
    causes: [],
  };
}

function flowsOfRows(rows: readonly string[]): FlowKey[] {
  return FLOW_KEYS.filter((key) => flowOf(key).seedRows.some((row) => rows.includes(row)));
}

/** By name, by row, or by a number that stands where a port does: `:31134`, `31134/tcp`, `port 31134`, `ポート 31134`. */
function flowsNamedIn(line: string): FlowKey[] {
  const names = FLOW_KEYS.filter((key) => new RegExp(`(^|[^\\w-])${flowName(key)}($|[^\\w-])`).test(line));
  const places = line.matchAll(
    /(?:[\]\w.]:|\bport[ =:]*|ポート\s*)(\d{2,5})\b|\b(\d{2,5})\/(?:tcp|udp)\b|\b((?:esm|be)-\d\d)\b/gi,
  );
  const searched = [...places].flatMap(([, first, second, row]) => {
    const search = findFlow(first ?? second ?? row ?? "");
    return search.found ? [search.key] : [];
  });
  return [...new Set([...names, ...searched])];
}
