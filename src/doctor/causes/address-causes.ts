import type { Cause } from "../cause.ts";

/** Names, addresses, routes, and what translates addresses. */
export const ADDRESS_CAUSES = {
  "source-nat": {
    title: { en: "the initiator's address is translated", ja: "接続元アドレスが変換されています(送信元 NAT)" },
    meaning: {
      en: "The listener sees another address than the initiator has: rules by address must name that one.",
      ja: "待ち受け側には接続元本来のアドレスではない別のアドレスが見えます。アドレスによる規則はそちらを指定してください。",
    },
    proof: {
      en: "the address that the listener saw is none of the initiator's own",
      ja: "待ち受け側から見えたアドレスが、接続元のどのアドレスでもない",
    },
    places: ["between"],
    mend: "translated-rule",
  },
  "destination-nat": {
    title: { en: "the listener's address is translated", ja: "接続先アドレスが変換されています(宛先 NAT)" },
    meaning: {
      en: "The address that is dialled is not the listener's own: something in between forwards it.",
      ja: "接続先に指定したアドレスは待ち受け側のものではなく、途中で転送されています。",
    },
    proof: {
      en: "the connection reaches our own agent or manager, and the dialled address is none of its own",
      ja: "接続は正しい相手に届いているが、指定したアドレスが相手のどのアドレスでもない",
    },
    places: ["between"],
    mend: "none",
  },
  "address-rule-broken-by-nat": {
    title: {
      en: "a rule by address fails because of translation",
      ja: "アドレス変換のため、アドレス指定の規則が一致しません",
    },
    meaning: {
      en: "The host's firewall lets the initiator's own address in, but the packets carry a translated one.",
      ja: "ホストのファイアウォールは接続元本来のアドレスを許可していますが、届くパケットのアドレスは変換後のものです。",
    },
    proof: {
      en: "the host's own firewall stops it, the address is translated on this way, and the host's rules name the untranslated one",
      ja: "ホスト自身のファイアウォールが止め、この経路でアドレス変換があり、ホストの規則は変換前のアドレスを指定している",
    },
    places: ["listener"],
    mend: "translated-rule",
  },
  "no-route": {
    title: { en: "no route", ja: "経路がありません" },
    meaning: {
      en: "The routing table of the host that begins, or of the one that answers, has no way to the other's address.",
      ja: "接続元、または応答する側の経路表に、相手のアドレスへの経路がありません。",
    },
    proof: {
      en: "the routing table was read and no entry covers the address",
      ja: "経路表を確認し、そのアドレスに該当する経路がない",
    },
    places: ["initiator", "between", "listener"],
    mend: "route",
  },
  "host-down": {
    title: { en: "the host is down", ja: "ホストが停止しています" },
    meaning: {
      en: "The host is switched off, not connected, or has another address now.",
      ja: "ホストの電源が切れているか、ネットワークに接続されていないか、アドレスが変わっています。",
    },
    proof: {
      en: "on the same segment: it does not answer to its address (ARP, neighbour discovery). Behind a router it cannot be told from a drop",
      ja: "同一セグメントで ARP・近隣探索に応答がない。ルータ越しでは破棄と区別できない",
    },
    places: ["listener"],
    mend: "none",
  },
  "name-not-resolved": {
    title: { en: "the name does not resolve", ja: "名前を解決できません" },
    meaning: {
      en: "No name server, and no line of the hosts file, gives an address for the name.",
      ja: "DNS でも hosts ファイルでも、その名前のアドレスが得られません。",
    },
    proof: { en: "ENOTFOUND or EAI_AGAIN", ja: "ENOTFOUND または EAI_AGAIN" },
    places: ["initiator"],
    mend: "name",
  },
  "name-elsewhere": {
    title: { en: "the name or address leads elsewhere", ja: "名前・アドレスが別のコンピュータを指しています" },
    meaning: {
      en: "What is dialled belongs to another computer than the one that is meant.",
      ja: "接続先の名前またはアドレスが、目的とは別のコンピュータのものです。",
    },
    proof: {
      en: "another of our parties answers there, or the address is none of the listener's own and nothing forwards it",
      ja: "別の相手が応答する、またはアドレスが待ち受け側のものでなく転送もされていない",
    },
    places: ["initiator", "between"],
    mend: "name",
  },
} as const satisfies Record<string, Cause>;
