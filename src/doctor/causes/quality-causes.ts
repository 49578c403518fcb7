import type { Cause } from "../cause.ts";

/** Ways that are open, and yet do not carry what they should. */
export const QUALITY_CAUSES = {
  "idle-cut": {
    title: { en: "idle connections are cut", ja: "無通信の接続が切断されます" },
    meaning: {
      en: "A firewall in between forgets connections on which nothing is sent for a while.",
      ja: "途中のファイアウォールが、しばらく通信のない接続を忘れます。",
    },
    proof: {
      en: "of three connections, one idle for T, one for four times T and one kept busy, an idle one no longer carries a byte, and the busy one does",
      ja: "T 無通信、4T 無通信、通信継続の 3 本の接続のうち、無通信の接続だけが通信できなくなった",
    },
    places: ["initiator", "between", "listener"],
    mend: "keepalive",
  },
  "program-unresponsive": {
    title: { en: "the program does not answer in time", ja: "プログラムが時間内に応答しません" },
    meaning: {
      en: "The connection comes about, and the program behind it does not answer: it hangs, or its computer is too busy.",
      ja: "接続は確立しますが、プログラムが応答しません(停止しているか、コンピュータの負荷が高すぎます)。",
    },
    proof: {
      en: "two attempts, the second a longer one: the listener's kernel takes the connections and acknowledges what is sent, its program says nothing, and large packets pass between the two",
      ja: "2 回(2 回目は長く)試し、待ち受け側のカーネルは接続とデータを受け取るが、プログラムは応答しない。両者間で大きなパケットは通る",
    },
    places: ["listener"],
    mend: "none",
  },
  "mtu-black-hole": {
    title: { en: "large packets vanish (MTU black hole)", ja: "大きなパケットが消失します(MTU ブラックホール)" },
    meaning: {
      en: "Small packets pass, full-sized ones do not, and no ICMP “packet too big” says so: the port is not the problem.",
      ja: "小さなパケットは通りますが、最大長のパケットは ICMP の通知もなく消失します。ポートの問題ではありません。",
    },
    proof: {
      en: "twice an authenticated hello passes on a connection, and the bulk behind it is repeated and never acknowledged by the other kernel",
      ja: "2 回とも認証済みの短いやり取りは成功し、続く大量データは再送されても相手のカーネルから確認応答がない",
    },
    places: ["between"],
    mend: "mtu",
  },
  "rate-limit": {
    title: { en: "the rate of connections is limited", ja: "接続レートが制限されています" },
    meaning: {
      en: "The first connections pass and those that follow do not, until some time has gone by.",
      ja: "最初の数本は接続できますが、以降は一定時間経過するまで接続できません。",
    },
    proof: {
      en: "of a series of connections the first pass, and of the later ones at most a tenth",
      ja: "連続接続のうち最初の数本が成功し、以降の成功は 1 割以下",
    },
    places: ["between", "listener"],
    mend: "none",
  },
  "packet-loss": {
    title: { en: "packets are lost", ja: "パケットが失われています" },
    meaning: {
      en: "Of a series of connections some fail, in no order: a bad line, a full queue, a duplex mismatch.",
      ja: "連続接続のうち一部が不規則に失敗します(回線不良、輻輳、デュプレックス不一致など)。",
    },
    proof: {
      en: "passes and failures alternate in a series of connections",
      ja: "連続接続で成功と失敗が入り混じる",
    },
    places: ["between"],
    mend: "none",
  },
} as const satisfies Record<string, Cause>;
