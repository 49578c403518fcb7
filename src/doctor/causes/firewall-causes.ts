import type { Cause } from "../cause.ts";

/** Firewalls: the listener's own, the initiator's own, and whatever stands between. */
export const FIREWALL_CAUSES = {
  "host-firewall-drop": {
    title: {
      en: "the listening host's own firewall drops it",
      ja: "待ち受け側ホスト自身のファイアウォールが破棄しています",
    },
    meaning: {
      en: "The packets reach the host, and its firewall throws them away without a word.",
      ja: "パケットはホストに届いていますが、ホストのファイアウォールが無応答で破棄しています。",
    },
    proof: {
      en: "the host's counters: received, not delivered (InReceives rises, InDelivers does not), and nothing comes back",
      ja: "ホストのカウンタで受信はしたが配送されておらず(InReceives だけ増加)、応答もない",
    },
    places: ["listener"],
    mend: "allow-in",
  },
  "host-firewall-reject-reset": {
    title: {
      en: "the listening host's own firewall rejects it with a reset",
      ja: "待ち受け側ホスト自身のファイアウォールがリセットで拒否しています",
    },
    meaning: {
      en: "It looks as if nothing listened, but the reset comes from the host's firewall.",
      ja: "待ち受けがないように見えますが、リセットはホストのファイアウォールが返しています。",
    },
    proof: {
      en: "refused; the host's counters: received, not delivered, no reset of TCP's own (OutRsts), no ICMP error",
      ja: "接続拒否され、ホストでは受信・未配送、TCP 自身のリセット(OutRsts)も ICMP エラーもない",
    },
    places: ["listener"],
    mend: "allow-in",
  },
  "host-firewall-reject-icmp": {
    title: {
      en: "the listening host's own firewall rejects it with an ICMP error",
      ja: "待ち受け側ホスト自身のファイアウォールが ICMP エラーで拒否しています",
    },
    meaning: {
      en: "The host's firewall answers with an ICMP error: port, host or network unreachable.",
      ja: "ホストのファイアウォールが ICMP エラー(ポート・ホスト・ネットワーク到達不能)を返しています。",
    },
    proof: {
      en: "refused or unreachable; the host's counters: received, not delivered, ICMP errors sent",
      ja: "拒否または到達不能で、ホストでは受信・未配送、ICMP エラー送信あり",
    },
    places: ["listener"],
    mend: "allow-in",
  },
  "admin-prohibited": {
    title: {
      en: "a firewall says “administratively prohibited”",
      ja: "ファイアウォールが「管理上の禁止」で拒否しています",
    },
    meaning: {
      en: "A firewall rejects with ICMP “administratively prohibited”, as firewalld does by default.",
      ja: "ファイアウォールが ICMP「管理上の禁止」で拒否しています(firewalld の既定の動作)。",
    },
    proof: {
      en: "IPv6: EACCES. IPv4 shows it as EHOSTUNREACH, like “host unreachable”, so that both are named there",
      ja: "IPv6 では EACCES。IPv4 では「ホスト到達不能」と同じ EHOSTUNREACH になるため、両方を挙げる",
    },
    places: ["listener", "between"],
    mend: "allow-in",
  },
  "middle-drop": {
    title: { en: "a firewall in between drops it", ja: "途中のファイアウォールが破棄しています" },
    meaning: {
      en: "The packets leave and never arrive: a rule of a firewall in between throws them away.",
      ja: "パケットは送出されていますが届いていません。途中のファイアウォールの規則が破棄しています。",
    },
    proof: {
      en: "the listener's host received none of the packets. Whether a rule drops them or no rule lets them pass shows on the firewall only, so that both are named",
      ja: "待ち受け側ホストで受信なし。破棄規則か許可規則の不足かはファイアウォール上でしか分からないため、両方を挙げる",
    },
    places: ["between"],
    mend: "allow-between",
  },
  "middle-missing-rule": {
    title: { en: "a firewall in between has no rule for it", ja: "途中のファイアウォールに許可規則がありません" },
    meaning: {
      en: "The packets leave and never arrive: no rule of a firewall in between lets them pass.",
      ja: "パケットは送出されていますが届いていません。途中のファイアウォールに許可規則がありません。",
    },
    proof: {
      en: "as for middle-drop: the two are told apart by the counters of the firewall's own rules",
      ja: "middle-drop と同じ。区別にはファイアウォール自身の規則カウンタが必要",
    },
    places: ["between"],
    mend: "allow-between",
  },
  "middle-reject": {
    title: { en: "a firewall in between rejects it", ja: "途中のファイアウォールが拒否しています" },
    meaning: {
      en: "The refusal does not come from the host: a firewall in between answers in its place.",
      ja: "拒否の応答はホストからではなく、途中のファイアウォールが代わりに返しています。",
    },
    proof: {
      en: "refused or unreachable at once, and the listener's host received none of the packets",
      ja: "即座に拒否または到達不能となり、待ち受け側ホストでは受信なし",
    },
    places: ["between"],
    mend: "allow-between",
  },
  "missing-return-path": {
    title: { en: "the way back is closed", ja: "戻りの経路が閉じています" },
    meaning: {
      en: "The packets arrive and are answered, but the answers do not come back: a stateless rule, or another route.",
      ja: "パケットは届き応答も出ていますが、応答が戻りません(ステートレスな規則、または非対称経路)。",
    },
    proof: {
      en: "the host holds half-open connections (SYN_RECV) of this initiator while the initiator hears nothing",
      ja: "ホストにこの相手の半開接続(SYN_RECV)があるのに、接続元には何も届かない",
    },
    places: ["between"],
    mend: "allow-back",
  },
  "one-way-block": {
    title: { en: "closed in this direction only", ja: "この方向だけ閉じています" },
    meaning: {
      en: "A firewall in between lets connections begin from the other side, and none from this one.",
      ja: "途中のファイアウォールは逆方向からの接続開始だけを通し、この方向からは何も通しません。",
    },
    proof: {
      en: "no packet of any flow of this direction arrives, while a flow of the other direction works",
      ja: "この方向のどのフローも届かず、逆方向のフローは通じている",
    },
    places: ["between"],
    mend: "allow-between",
  },
  "own-output-blocked": {
    title: {
      en: "the sending host's own firewall keeps it in",
      ja: "送信側ホスト自身のファイアウォールが送出を止めています",
    },
    meaning: {
      en: "The packets never leave: the output rules of the host that sends them stop them.",
      ja: "パケットが送出されていません。送信側ホストの出力規則が止めています。",
    },
    proof: {
      en: "EPERM, or the host's counters: asked to send, not sent (OutRequests rises, OutTransmits does not; Linux 6.10 and later)",
      ja: "EPERM、または送信要求はあるが送出されていない(OutRequests だけ増加、Linux 6.10 以降)",
    },
    places: ["initiator", "listener"],
    mend: "allow-out",
  },
  "udp-blocked": {
    title: { en: "datagrams do not arrive", ja: "UDP データグラムが届きません" },
    meaning: {
      en: "Datagrams leave and do not arrive; UDP itself says nothing of it.",
      ja: "データグラムは送出されていますが届きません。UDP ではエラーも返りません。",
    },
    proof: {
      en: "numbered datagrams were sent, and the listener's host received none",
      ja: "番号付きデータグラムを送り、待ち受け側ホストでは受信なし",
    },
    places: ["between"],
    mend: "allow-between",
  },
  "udp-refused": {
    title: { en: "datagrams are refused", ja: "UDP データグラムが拒否されています" },
    meaning: {
      en: "An ICMP “port unreachable” comes back: nobody listens, or a firewall rejects.",
      ja: "ICMP「ポート到達不能」が返ります。待ち受けがないか、ファイアウォールが拒否しています。",
    },
    proof: {
      en: "ECONNREFUSED on the sending socket; the listener's counters say whose answer it is",
      ja: "送信ソケットの ECONNREFUSED。誰の応答かは待ち受け側のカウンタで分かる",
    },
    places: ["listener", "between"],
    mend: "allow-in",
  },
  "ping-blocked": {
    title: { en: "ping is blocked", ja: "ping が遮断されています" },
    meaning: {
      en: "The host is there, but ICMP echo does not come back.",
      ja: "ホストは動作していますが、ICMP エコーの応答がありません。",
    },
    proof: {
      en: "no echo reply, while the host answers by another flow of the same family",
      ja: "エコー応答がないが、同じファミリの別のフローでは応答がある",
    },
    places: ["listener", "between", "initiator"],
    mend: "allow-ping",
  },
} as const satisfies Record<string, Cause>;
