import type { Cause } from "../cause.ts";

/** The port itself: who listens on it, and on which address. */
export const LISTENING_CAUSES = {
  "not-listening": {
    title: { en: "nothing listens there", ja: "待ち受けているプログラムがありません" },
    meaning: {
      en: "The way is free as far as it was tried, but no program has the port open.",
      ja: "試した範囲で経路は通じていますが、そのポートを開いているプログラムがありません。",
    },
    proof: {
      en: "the listener's own socket table has no listener on the port",
      ja: "待ち受け側のソケット一覧にそのポートの待ち受けがない",
    },
    places: ["listener"],
    mend: "start",
  },
  "loopback-only": {
    title: { en: "listens on the loopback only", ja: "ループバックでだけ待ち受けています" },
    meaning: {
      en: "The program is there, but takes connections of its own computer only.",
      ja: "プログラムは動いていますが、自分のコンピュータからの接続しか受け付けません。",
    },
    proof: {
      en: "all listeners of the port in the socket table have a loopback address",
      ja: "ソケット一覧でそのポートの待ち受けがすべてループバックアドレス",
    },
    places: ["listener"],
    mend: "listen-everywhere",
  },
  "port-taken": {
    title: { en: "another program holds the port", ja: "別のプログラムがポートを使用しています" },
    meaning: {
      en: "A program that is not Rusuban has the port, so that Rusuban cannot listen on it.",
      ja: "Rusuban 以外のプログラムがポートを使っているため、Rusuban は待ち受けできません。",
    },
    proof: {
      en: "the socket table names another owner, or the listener could not be opened for that reason",
      ja: "ソケット一覧の所有者が別のプログラム、またはその理由で待ち受けを開始できなかった",
    },
    places: ["listener"],
    mend: "free-port",
  },
  "ipv4-only": {
    title: { en: "IPv4 only", ja: "IPv4 のみ" },
    meaning: {
      en: "One end has the flow by IPv4 only: it listens on no IPv6 address, or has none.",
      ja: "一方が IPv4 でしか通信できません(IPv6 で待ち受けていない、または IPv6 アドレスがない)。",
    },
    proof: {
      en: "the socket table has the port for IPv4 only, or the other end has no IPv6 address",
      ja: "ソケット一覧にそのポートが IPv4 しかない、または相手に IPv6 アドレスがない",
    },
    places: ["initiator", "listener"],
    mend: "listen-everywhere",
  },
  "ipv6-only": {
    title: { en: "IPv6 only", ja: "IPv6 のみ" },
    meaning: {
      en: "One end has the flow by IPv6 only: it listens on no IPv4 address, or has none.",
      ja: "一方が IPv6 でしか通信できません(IPv4 で待ち受けていない、または IPv4 アドレスがない)。",
    },
    proof: {
      en: "the socket table has the port for IPv6 only, or the other end has no IPv4 address",
      ja: "ソケット一覧にそのポートが IPv6 しかない、または相手に IPv4 アドレスがない",
    },
    places: ["initiator", "listener"],
    mend: "listen-everywhere",
  },
  "data-port-hole": {
    title: { en: "holes in the range of data ports", ja: "データポートの範囲に通らないポートがあります" },
    meaning: {
      en: "Some ports of the range pass and some do not: a job fails or not as chance has it.",
      ja: "範囲のうち一部のポートだけが通りません。ジョブは割り当てられたポート次第で失敗します。",
    },
    proof: {
      en: "all ports of the range were tried at once; these failed, the others did not",
      ja: "範囲の全ポートを同時に試し、一部だけが失敗した",
    },
    places: ["listener", "between", "initiator"],
    mend: "allow-between",
  },
} as const satisfies Record<string, Cause>;
