import { AGENT_LISTENS } from "../src/agent/settings.ts";
import { MANAGER_LISTENS } from "../src/manager/settings.ts";
import type { Language, Text } from "../src/ports/flow.ts";
import { type FlowKey, flowName, flowOf } from "../src/ports/port-map.ts";

// The picture of the README: the flows that programs open today, with their ports from the map.

const WORDS = {
  title: {
    en: "Administrators, the manager and the agent on each server, with the ports between them",
    ja: "管理者・マネージャ・各サーバのエージェントと、その間のポート",
  },
  administrator: { en: "Administrator", ja: "管理者" },
  browser: { en: "web browser", ja: "Web ブラウザ" },
  cli: { en: "rusuban command", ja: "rusuban コマンド" },
  manager: { en: "Manager", ja: "マネージャ" },
  agent: { en: "Agent on each server", ja: "各サーバのエージェント" },
  managerHas: {
    en: "alert inbox|jobs|encrypted,|deduplicating store|certificate authority",
    ja: "通報の受信箱|ジョブ|暗号化・重複排除|ストア|認証局",
  },
  agentHas: {
    en: "looks at the host|durable spool of alerts|reads, cuts, sends|what is new|restores",
    ja: "サーバの状態を監視|通報の永続スプール|読み取り・分割・|新しい部分だけを送信|復元",
  },
  note: {
    en: "An arrow points to the side that listens. Our own programs speak TLS 1.3 with certificates on both sides;|a browser shows none, and a server that enrols has none yet. Ping is the only one without TLS.",
    ja: "矢印は接続の向き(待ち受ける側を指す)。Rusuban 同士は TLS 1.3 の相互認証。|ブラウザと登録前のサーバは証明書を提示しない。TLS を使わないのは ping だけ。",
  },
} as const satisfies Record<string, Text>;

const WIDTH = 1_000;
const HEIGHT = 430;
const BOXES = {
  administrator: { x: 20, width: 175 },
  manager: { x: 375, width: 190 },
  agent: { x: 780, width: 200 },
} as const;
const TOP = 30;
const BOX_HEIGHT = 330;
const FIRST_ARROW = 80;
const ARROW_STEP = 48;

/** docs/images/overview.svg, or overview.ja.svg. */
export function renderOverviewPicture(lang: Language): string {
  const word = (key: keyof typeof WORDS) => WORDS[key][lang];
  const ofAgents = MANAGER_LISTENS.filter((key) => flowOf(key).initiators.includes("agent"));
  const ofAdministrators = MANAGER_LISTENS.filter((key) => !flowOf(key).initiators.includes("agent"));
  const toAgents: readonly FlowKey[] = [...AGENT_LISTENS, "ping"];
  const gap = (from: keyof typeof BOXES, to: keyof typeof BOXES) =>
    [BOXES[from].x + BOXES[from].width + 8, BOXES[to].x - 8] as const;
  const [left, right] = gap("administrator", "manager");
  const [inner, outer] = gap("manager", "agent");
  const arrows = [
    ...ofAdministrators.map((key, index) =>
      arrow({ key, from: left, to: right, y: FIRST_ARROW + 30 + index * 2 * ARROW_STEP }),
    ),
    ...ofAgents.map((key, index) => arrow({ key, from: outer, to: inner, y: FIRST_ARROW + index * ARROW_STEP })),
    ...toAgents.map((key, index) =>
      arrow({ key, from: inner, to: outer, y: FIRST_ARROW + (ofAgents.length + index) * ARROW_STEP }),
    ),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" font-family="'Noto Sans CJK JP', 'Noto Sans JP', 'Segoe UI', sans-serif">
<title>${word("title")}</title>
<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 10 5 0 10z" fill="#1c5d7a"/></marker></defs>
<rect width="${WIDTH}" height="${HEIGHT}" rx="12" fill="#fbfaf7"/>
${box({ ...BOXES.administrator, title: word("administrator"), lines: [word("cli"), "", word("browser")], step: ARROW_STEP })}
${box({ ...BOXES.manager, title: word("manager"), lines: word("managerHas").split("|"), step: 40 })}
${box({ ...BOXES.agent, title: word("agent"), lines: word("agentHas").split("|"), step: 40 })}
${arrows.join("\n")}
${word("note")
  .split("|")
  .map((line, index) => text({ x: WIDTH / 2, y: HEIGHT - 40 + index * 20, size: 13, words: line, color: "#555" }))
  .join("\n")}
</svg>
`;
}

function box(options: { x: number; width: number; title: string; lines: readonly string[]; step: number }): string {
  const { x, width, title, lines, step } = options;
  const middle = x + width / 2;
  const inside = lines.map((words, index) =>
    text({ x: middle, y: TOP + 80 + index * step, size: 14, words, color: "#333" }),
  );
  return [
    `<rect x="${x}" y="${TOP}" width="${width}" height="${BOX_HEIGHT}" rx="10" fill="#fff" stroke="#1c5d7a" stroke-width="2"/>`,
    text({ x: middle, y: TOP + 32, size: 17, words: title, color: "#123", weight: "bold" }),
    ...inside.filter((line) => !line.includes("></text>")),
  ].join("\n");
}

function arrow({ key, from, to, y }: { key: FlowKey; from: number; to: number; y: number }): string {
  const { port, transport } = flowOf(key);
  const label = port === null ? flowName(key) : `${flowName(key)} ${port}/${transport}`;
  return [
    `<path d="M${from} ${y}H${to}" stroke="#1c5d7a" stroke-width="2" marker-end="url(#tip)"/>`,
    text({ x: (from + to) / 2, y: y - 8, size: 13, words: label, color: "#1c5d7a" }),
  ].join("\n");
}

function text(options: { x: number; y: number; size: number; words: string; color: string; weight?: string }): string {
  const { x, y, size, words, color, weight } = options;
  const bold = weight === undefined ? "" : ` font-weight="${weight}"`;
  return `<text x="${x}" y="${y}" font-size="${size}" text-anchor="middle" fill="${color}"${bold}>${words}</text>`;
}
