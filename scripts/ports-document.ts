import { CAPTIONS, direction, portText } from "../src/cli/ports-words.ts";
import { type Flow, type Language, PARTY_TITLES, type Party, rangeSize, type Text } from "../src/ports/flow.ts";
import { FLOW_KEYS, type FlowKey, flowName, flowOf, PORT_MAP, settingKey } from "../src/ports/port-map.ts";
import { createPortBook } from "../src/ports/port-settings.ts";
import type { Profile } from "../src/ports/profiles/profile.ts";
import { PROFILES } from "../src/ports/profiles/profiles.ts";

const BOOK = createPortBook();
const OURS: readonly Party[] = ["manager", "agent"];

const WORDS = {
  title: { en: "Ports", ja: "ポート一覧" },
  other: { en: "[日本語](ports.ja.md)", ja: "[English](ports.md)" },
  about: {
    en: "Every port of Rusuban is declared once, in `src/ports`. Listeners, firewall rules and this page come from that declaration; `node scripts/generate-docs.ts` writes this page, `rusuban ports list` shows the same for your own settings.",
    ja: "Rusuban のポートはすべて `src/ports` で一度だけ宣言されます。待ち受け、ファイアウォールの規則、このページはその宣言から作られます(`node scripts/generate-docs.ts` で生成)。`rusuban ports list --lang ja` は実際の設定での一覧を表示します。",
  },
  picture: { en: "Who calls whom", ja: "通信の方向" },
  listens: { en: "Open on the", ja: "受信を許可:" },
  outside: { en: "Outgoing only, to servers that are not ours", ja: "外部のサーバへの送信のみ" },
  local: {
    en: "On one host only (loopback): never a rule between hosts",
    ja: "ローカルホスト内のみ(ホスト間の規則にはなりません)",
  },
  range: { en: "The range of data ports", ja: "データ接続のポート範囲" },
  each: { en: "Each flow", ja: "各フロー" },
  products: { en: "The two original products", ja: "元の二製品との対応" },
} as const satisfies Record<string, Text>;

function rangeText(lang: Language): string {
  const { from, to } = PORT_MAP.backupData.range;
  const size = rangeSize(PORT_MAP.backupData.range);
  return lang === "en"
    ? `Data connections use ${from} to ${to}: ${size} ports, 2 for each of ${size / 2} jobs at once. The pool never holds fewer than 25, nor fewer than 2 for each job at once. The range lies outside the ports that systems hand out to outgoing connections (Linux 32768-60999, Windows and macOS 49152-65535), because a listener in there fails at random. Move it with \`ports.backupData\`; where the new range overlaps, the agent says so at start, with the setting that reserves it.`
    : `データ接続は ${from}~${to} の ${size} ポートを使います(同時 ${size / 2} ジョブ、1 ジョブあたり 2 ポート)。プールは常に 25 ポート以上、かつ同時ジョブ数の 2 倍以上です。OS が送信用に自動割当する範囲(Linux 32768-60999、Windows と macOS 49152-65535)の外にあります。その中では待ち受けが不定期に失敗するためです。\`ports.backupData\` で変更でき、重なる場合は起動時に予約の方法とともに知らせます。`;
}

/** docs/ports.md, or docs/ports.ja.md. */
export function renderPortsDocument(lang: Language): string {
  const word = (key: keyof typeof WORDS) => WORDS[key][lang];
  const network = FLOW_KEYS.filter((key) => flowOf(key).scope === "network");
  const parts = [
    `# ${word("title")}`,
    word("other"),
    word("about"),
    `## ${word("picture")}`,
    picture(network, lang),
    ...OURS.flatMap((party) => [
      `## ${word("listens")} ${PARTY_TITLES[party][lang]}`,
      flowTable(
        network.filter((key) => flowOf(key).listener === party),
        lang,
      ),
    ]),
    `## ${word("outside")}`,
    flowTable(
      network.filter((key) => !OURS.includes(flowOf(key).listener)),
      lang,
    ),
    `## ${word("local")}`,
    flowTable(
      FLOW_KEYS.filter((key) => flowOf(key).scope === "loopback"),
      lang,
    ),
    `## ${word("range")}`,
    rangeText(lang),
    `## ${word("each")}`,
    ...FLOW_KEYS.flatMap((key) => section(key, lang)),
    `## ${word("products")}`,
    ...PROFILES.flatMap((profile) => [
      `### ${profile.product} (\`rusuban ports profile ${profile.name}\`)`,
      profileTable(profile, lang),
    ]),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** One arrow for each pair of parties, carrying all its ports. */
function picture(keys: readonly FlowKey[], lang: Language): string {
  const arrows = new Map<string, string[]>();
  for (const key of keys) {
    const { initiators, listener } = flowOf(key);
    for (const initiator of initiators) {
      const ends = `${node(initiator)} -->|"LABEL"| ${node(listener)}`;
      arrows.set(ends, [...(arrows.get(ends) ?? []), `${flowName(key)} ${portText(key, BOOK)}`]);
    }
  }
  const parties = new Set(keys.map(flowOf).flatMap(({ initiators, listener }) => [...initiators, listener]));
  return [
    "```mermaid",
    "flowchart LR",
    ...[...parties].map((party) => `  ${node(party)}["${PARTY_TITLES[party][lang]}"]`),
    ...[...arrows].map(([ends, labels]) => `  ${ends.replace("LABEL", labels.join("<br/>"))}`),
    "```",
  ].join("\n");
}

function node(party: Party): string {
  return party.replaceAll("-", "_");
}

function flowTable(keys: readonly FlowKey[], lang: Language): string {
  const caption = CAPTIONS[lang];
  return table(
    [caption.flow, caption.direction, caption.port, caption.tls, caption.title],
    keys.map((key) => {
      const flow = flowOf(key);
      const name = flowName(key);
      return [
        `[${name}](#${name})`,
        direction(flow, lang),
        portText(key, BOOK),
        caption.tlsWords[flow.tls],
        flow.title[lang],
      ];
    }),
  );
}

function section(key: FlowKey, lang: Language): string[] {
  const flow = flowOf(key);
  const caption = CAPTIONS[lang];
  const setting = settingKey(key);
  const facts: (readonly [string, string])[] = [
    [caption.port, `${direction(flow, lang)}, ${portText(key, BOOK)}${variantText(flow, lang)}`],
    [caption.runs, `${flow.protocol} (${flow.spec})`],
    [caption.tls, caption.tlsSentences[flow.tls]],
    [caption.inUse, flow.enabled === true ? caption.always : flow.enabled[lang]],
    ...(flow.platform === "any" ? [] : [[caption.platform, flow.platform] as const]),
    [caption.change, setting === null ? caption.notChangeable : `\`${setting}\``],
    [caption.whenClosed, flow.whenClosed[lang]],
    [caption.seedRows.toLowerCase(), flow.seedRows.join(", ")],
  ];
  return [
    `### ${flowName(key)}`,
    `**${flow.title[lang]}**${lang === "en" ? ". " : "。"}${flow.purpose[lang]}`,
    facts.map(([name, value]) => `- ${name}: ${value}`).join("\n"),
  ];
}

function variantText({ variants }: Flow, lang: Language): string {
  return variants.map(({ port, when }) => ` (${port}: ${when[lang]})`).join("");
}

function profileTable({ rows }: Profile, lang: Language): string {
  const caption = CAPTIONS[lang];
  return table(
    [caption.row, caption.title, caption.flow],
    rows.map((row) => {
      const flows = row.flows.map(flowName).map((flow) => `[${flow}](#${flow})`);
      return [row.id, row.feature[lang], flows.join(", ") || `${caption.none}: ${row.unserved?.[lang]}`];
    }),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
