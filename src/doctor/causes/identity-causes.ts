import type { Cause } from "../cause.ts";

/** Who answers: certificates, clocks, and boxes in between that answer themselves. */
export const IDENTITY_CAUSES = {
  "tls-interception": {
    title: { en: "something in between opens TLS", ja: "途中の装置が TLS を終端しています" },
    meaning: {
      en: "The certificate that is shown is not of our authority: a box in between answers with its own.",
      ja: "提示された証明書がこのマネージャの認証局のものではありません。途中の装置が自身の証明書で応答しています。",
    },
    proof: {
      en: "a foreign certificate is shown, while the listener's own socket table says that our program has the port",
      ja: "別の認証局の証明書が提示され、待ち受け側のソケット一覧では Rusuban がポートを使用している",
    },
    places: ["between"],
    mend: "none",
  },
  "proxy-accepts-nothing-forwarded": {
    title: {
      en: "something in between accepts and forwards nothing",
      ja: "途中の装置が接続を受け付けるだけで転送していません",
    },
    meaning: {
      en: "The connection is accepted, but not by the listener: a proxy or SYN protection answers and passes nothing on.",
      ja: "接続は確立しますが、相手は待ち受け側ではありません。途中のプロキシや SYN 防御が応答し、転送していません。",
    },
    proof: {
      en: "connected, no authenticated answer, and the listener's host has accepted no connection",
      ja: "接続は確立したが認証された応答がなく、待ち受け側ホストは接続を受けていない",
    },
    places: ["between"],
    mend: "allow-between",
  },
  "clock-off": {
    title: { en: "a clock is too far off for certificates", ja: "時刻のずれにより証明書が有効と認められません" },
    meaning: {
      en: "By one end's clock the certificate is not valid yet, or not any more.",
      ja: "一方の時計では、証明書がまだ有効でないか、期限切れです。",
    },
    proof: {
      en: "the certificate is valid by one end's clock and not by the other's, or not valid yet at all",
      ja: "一方の時計では有効、他方では無効、またはまだ有効期間前である",
    },
    places: ["initiator", "listener"],
    mend: "clock",
  },
  "certificate-expired": {
    title: { en: "the certificate has expired", ja: "証明書の有効期限が切れています" },
    meaning: {
      en: "The certificate ran out before it was renewed; agents renew theirs at two thirds of its life.",
      ja: "更新される前に証明書の期限が切れました(エージェントは有効期間の 3 分の 2 で更新します)。",
    },
    proof: { en: "expired by the clocks of both ends", ja: "両端の時計で期限切れ" },
    places: ["initiator", "listener"],
    mend: "certificate",
  },
  "certificate-revoked": {
    title: { en: "the certificate was revoked", ja: "証明書は失効しています" },
    meaning: {
      en: "The host was removed: the manager refuses its certificate.",
      ja: "ホストは削除されており、マネージャがその証明書を拒否しています。",
    },
    proof: { en: "the manager's own list of revocations", ja: "マネージャの失効リスト" },
    places: ["initiator", "listener"],
    mend: "certificate",
  },
} as const satisfies Record<string, Cause>;
