import { type Flow, formatRange, type Language, PARTY_TITLES } from "../ports/flow.ts";
import { type FlowKey, flowName, flowOf, settingKey } from "../ports/port-map.ts";
import type { PortBook } from "../ports/port-settings.ts";
import { PROFILES } from "../ports/profiles/profiles.ts";
import { displayWidth, padEnd } from "../runtime/display-width.ts";
import { environmentName } from "../runtime/settings.ts";
import { bold, type Output } from "./output.ts";
import { CAPTIONS, partyNames } from "./ports-words.ts";

/** One flow on half a page: a picture, what it is for, and everything one needs to open, move or miss it. */
export function printFlow(output: Output, key: FlowKey, { book, lang }: { book: PortBook; lang: Language }): void {
  const flow = flowOf(key);
  const caption = CAPTIONS[lang];
  const facts: (readonly [string, string])[] = [
    [caption.runs, `${flow.protocol} (${flow.spec})`],
    [caption.initiator, partyNames(flow.initiators, lang)],
    [caption.tls, caption.tlsSentences[flow.tls]],
    [caption.inUse, flow.enabled === true ? caption.always : flow.enabled[lang]],
    ...(flow.platform === "any" ? [] : [[caption.platform, flow.platform] as const]),
    ...flow.variants.map(({ port, when }) => [`${port}/${flow.transport}`, when[lang]] as const),
    [caption.change, changeText(key, book, lang)],
    ...flow.seedRows.map(
      (id, index) => [index === 0 ? caption.seedRows.toLowerCase() : "", rowText(id, lang)] as const,
    ),
    [caption.whenClosed, flow.whenClosed[lang]],
  ];
  const width = Math.max(...facts.map(([name]) => displayWidth(name)));
  const lines = [
    `${bold(output, flowName(key))}  ${flow.title[lang]}`,
    "",
    ...picture(key, flow, book, lang).map((line) => `  ${line}`),
    "",
    flow.purpose[lang],
    "",
    ...facts.map(([name, value]) => `${padEnd(name, width)}  ${value}`),
  ];
  output.write(`${lines.join("\n")}\n`);
}

/** `agent ──tcp 31134──▶ manager`, a line for each party that begins. */
function picture(key: FlowKey, flow: Flow, book: PortBook, lang: Language): string[] {
  const ports = flow.transport === "icmp" ? "icmp echo" : `${flow.transport} ${usedPorts(key, flow, book)}`;
  const names = flow.initiators.map((party) => PARTY_TITLES[party][lang]);
  const width = Math.max(...names.map(displayWidth));
  const lines = names.map((name) => `${padEnd(name, width)} ──${ports}──▶ ${PARTY_TITLES[flow.listener][lang]}`);
  return flow.scope === "loopback" ? [...lines, CAPTIONS[lang].loopback] : lines;
}

function usedPorts(key: FlowKey, flow: Flow, book: PortBook): string {
  return flow.range === null ? String(book.portOf(key)) : formatRange(book.rangeOf(key));
}

/** The setting, its environment variable, and the default where the settings say otherwise. */
function changeText(key: FlowKey, book: PortBook, lang: Language): string {
  const setting = settingKey(key);
  if (setting === null) return CAPTIONS[lang].notChangeable;
  const flow = flowOf(key);
  const usual = flow.range === null ? String(flow.port) : formatRange(flow.range);
  const changed =
    usual === usedPorts(key, flow, book) ? "" : lang === "ja" ? `、既定値 ${usual}` : `, default ${usual}`;
  return lang === "ja"
    ? `設定 ${setting}(環境変数 ${environmentName(setting)}${changed})`
    : `set ${setting} (environment: ${environmentName(setting)}${changed})`;
}

function rowText(id: string, lang: Language): string {
  for (const profile of PROFILES) {
    const row = profile.rows.find((each) => each.id === id);
    if (row !== undefined) return `${id}  ${profile.product}: ${row.feature[lang]}`;
  }
  return id;
}
