import { type Flow, formatRange, type Language, PARTY_TITLES, type Party, type Tls } from "../ports/flow.ts";
import { type FlowKey, flowOf } from "../ports/port-map.ts";
import type { PortBook } from "../ports/port-settings.ts";

interface Captions {
  readonly flow: string;
  readonly direction: string;
  readonly port: string;
  readonly tls: string;
  readonly title: string;
  readonly seedRows: string;
  readonly runs: string;
  readonly initiator: string;
  readonly inUse: string;
  readonly always: string;
  readonly platform: string;
  readonly change: string;
  readonly notChangeable: string;
  readonly changeable: string;
  readonly profile: string;
  readonly product: string;
  readonly variants: string;
  readonly whenClosed: string;
  readonly loopback: string;
  readonly row: string;
  readonly notStated: string;
  readonly notes: string;
  readonly inferred: string;
  readonly none: string;
  readonly automatic: string;
  readonly tlsWords: Record<Tls, string>;
  readonly tlsSentences: Record<Tls, string>;
}

/** The words round the texts of the map. */
export const CAPTIONS: Record<Language, Captions> = {
  en: {
    flow: "FLOW",
    direction: "DIRECTION",
    port: "PORT",
    tls: "TLS",
    title: "TITLE",
    seedRows: "SEED ROWS",
    runs: "what runs on it",
    initiator: "who begins",
    inUse: "in use",
    always: "always",
    platform: "platform",
    change: "to change it",
    notChangeable: "cannot be changed",
    changeable: "changeable",
    profile: "PROFILE",
    product: "PRODUCT",
    variants: "VARIANTS",
    whenClosed: "when closed",
    loopback: "this host only (loopback): never a rule between hosts",
    row: "ROW",
    notStated: "not stated",
    notes: "Notes",
    inferred: "not in the text, likely",
    none: "none",
    automatic: "automatic",
    tlsWords: { always: "always", standard: "standard", never: "never" },
    tlsSentences: {
      always: "always: TLS 1.3, and both sides prove who they are",
      standard: "as the standard has it, since the other side may be other software",
      never: "never on this port",
    },
  },
  ja: {
    flow: "フロー",
    direction: "方向",
    port: "ポート",
    tls: "TLS",
    title: "名称",
    seedRows: "元資料の行",
    runs: "プロトコル",
    initiator: "開始する側",
    inUse: "使用",
    always: "常に",
    platform: "プラットフォーム",
    change: "変更するには",
    notChangeable: "変更できません",
    changeable: "変更",
    profile: "プロファイル",
    product: "製品",
    variants: "バリアント",
    whenClosed: "閉じていると",
    loopback: "ローカルホスト内のみ(ホスト間の規則にはなりません)",
    row: "行",
    notStated: "記載なし",
    notes: "注記",
    inferred: "資料に記載なし(推定)",
    none: "なし",
    automatic: "自動割当",
    tlsWords: { always: "常時", standard: "規格による", never: "なし" },
    tlsSentences: {
      always: "常時: TLS 1.3、双方が身元を証明します",
      standard: "規格による(相手が他社製品のこともあるため)",
      never: "このポートでは使いません",
    },
  },
};

/** `agent, manager → mail server`. */
export function direction(flow: Flow, lang: Language): string {
  return `${partyNames(flow.initiators, lang)} → ${PARTY_TITLES[flow.listener][lang]}`;
}

export function partyNames(parties: readonly Party[], lang: Language): string {
  return parties.map((party) => PARTY_TITLES[party][lang]).join(", ");
}

/** `31134/tcp`, `20300-20349/tcp`, `icmp`, with the settings' changes. */
export function portText(key: FlowKey, book: PortBook): string {
  const { port, range, transport } = flowOf(key);
  if (range !== null) return `${formatRange(book.rangeOf(key))}/${transport}`;
  return port === null ? transport : `${book.portOf(key)}/${transport}`;
}
