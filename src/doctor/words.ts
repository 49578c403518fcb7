// The sentences of evidence and of next tests, in both languages. Values are put in as they are: whoever prints makes
// them visible.

import type { Text } from "../ports/flow.ts";
import type { Attempt, Gained, Proof } from "./evidence.ts";

export function text(en: string, ja: string): Text {
  return { en, ja };
}

const PROOF_WORDS: Record<Proof, Text> = {
  none: text("no connection", "接続なし"),
  ours: text("connected, and the right party answered", "接続し、正しい相手が応答した"),
  stalled: text(
    "connected, the right party answered, and the bulk behind it stalled",
    "接続し正しい相手が応答したが、続く大量データが止まった",
  ),
  foreign: text(
    "connected, but the certificate is not of our authority",
    "接続したが、証明書がこのマネージャの認証局のものではない",
  ),
  expired: text("connected, but the certificate has expired", "接続したが、証明書の期限が切れている"),
  "not-yet-valid": text("connected, but the certificate is not valid yet", "接続したが、証明書はまだ有効期間前である"),
  "other-peer": text("connected, but another of our parties answered", "接続したが、別の相手が応答した"),
  "not-tls": text("connected, but what answers does not speak TLS", "接続したが、応答が TLS ではない"),
  silent: text("connected, and no answer came", "接続したが、応答がない"),
  closed: text("connected, and closed before the handshake was done", "接続したが、ハンドシェイク前に切断された"),
  lost: text("connected, and nothing of what was sent is acknowledged", "接続したが、送ったデータに確認応答がない"),
  unheard: text(
    "connected, and this program was too busy to hear an answer",
    "接続したが、接続元のプログラムの負荷が高く応答を確認できなかった",
  ),
  unfinished: text(
    "connected, the right party answered, and the bulk behind it did not come back in time",
    "接続し正しい相手が応答したが、続く大量データが時間内に戻らない",
  ),
  "refused-us": text("connected, and closed right after the handshake", "接続したが、ハンドシェイク直後に切断された"),
};

/** `port 10000: ECONNREFUSED after 4 ms`. */
export function tried({ port, code, tookMs, proof, detail }: Attempt): Text {
  const where = port === 0 ? text("ping", "ping") : text(`port ${port}`, `ポート ${port}`);
  const tail = detail === "" ? "" : ` (${detail})`;
  const ms = Math.round(tookMs);
  if (code === "" && proof === "none")
    return text(`${where.en}: answered after ${ms} ms`, `${where.ja}: ${ms} ミリ秒で応答`);
  const [after, afterJa] = ms > SLOW_MS ? [` after ${ms} ms`, `(${ms} ミリ秒後)`] : ["", ""];
  if (code === "") {
    const { en, ja } = PROOF_WORDS[proof];
    return text(`${where.en}: ${en}${after}${tail}`, `${where.ja}: ${ja}${afterJa}${tail}`);
  }
  return text(`${where.en}: ${code} after ${ms} ms${tail}`, `${where.ja}: ${code}(${ms} ミリ秒後)${tail}`);
}

export function counted({ sent, received, delivered, resets, unreachables, halfOpen }: Gained): Text {
  const numbers = `InReceives +${received}, InDelivers +${delivered}, OutRsts +${resets}, OutDestUnreachs +${unreachables}, SYN_RECV ${halfOpen}`;
  return text(
    `while ${sent} packets were sent there, the listener's host counted ${numbers}`,
    `${sent} 個のパケットを送る間の待ち受け側ホストのカウンタ: ${numbers}`,
  );
}

/** Longer than any answer takes between computers that have time for it. */
const SLOW_MS = 1_000;

export const TESTS = {
  bothEnds: text(
    "let the listener's host look at its own counters and sockets: run the doctor while its agent can be reached by any flow, or paste the line below there",
    "待ち受け側ホスト自身にカウンタとソケットを確認させてください(いずれかのフローでエージェントに到達できる状態で doctor を実行するか、下の行を貼り付けて実行)",
  ),
  ownProtocol: text(
    "ask in its own protocol: for SNMP `rusuban host check HOST` does, step by step",
    "そのプロトコルで問い合わせてください(SNMP は `rusuban host check ホスト` が段階ごとに確認します)",
  ),
  capture: text(
    "watch on the listener's host while the doctor runs again: `tcpdump -n tcp port PORT` sees what arrives before its own firewall does",
    "doctor を再実行しながら待ち受け側ホストで `tcpdump -n tcp port ポート番号` を実行してください(ホスト自身のファイアウォールより手前で到着を確認できます)",
  ),
  middleCounters: text(
    "look at the rule counters of the firewall in between while the doctor runs again: the rule that counts, or the default policy, is the one",
    "doctor を再実行しながら途中のファイアウォールの規則カウンタを確認してください。増える規則(または既定ポリシー)が原因です",
  ),
  middleOrOwn: text(
    "count on the initiator's own interface whether the packets leave (tcpdump, or a Linux 6.10 or later, which counts OutTransmits); if they do, look at the rule counters of the firewall in between",
    "接続元のインターフェースでパケットが送出されているかを確認してください(tcpdump、または OutTransmits を数える Linux 6.10 以降)。送出されていれば途中のファイアウォールの規則カウンタを確認してください",
  ),
  quiet: text(
    "run it again when the listener's host has less other traffic: its counters moved too much to be told apart",
    "待ち受け側ホストの他の通信が少ないときに再実行してください(カウンタの変動が大きく判別できません)",
  ),
  oneByOne: text(
    "try the ports that timed out one by one, some seconds apart: a firewall that rejects sends few ICMP errors at once",
    "タイムアウトしたポートを数秒おきに 1 つずつ試してください(拒否の ICMP エラーは一度に少数しか送られません)",
  ),
  icmpKind: text(
    "watch which ICMP error comes back: `tcpdump -n icmp` on the initiator names it",
    "返ってくる ICMP エラーの種類を確認してください(接続元で `tcpdump -n icmp`)",
  ),
  natRule: text(
    "read the rules of the listener's host: does the one for this port name the initiator's own address, or does none let it in",
    "待ち受け側ホストの規則を確認してください。このポートの規則が接続元の変換前アドレスを指定しているか、許可規則がないかのどちらかです",
  ),
  fingerprint: text(
    "compare the fingerprint with the one that `rusuban agent status` shows on the host, and see who has the port there (`ss -ltnp`)",
    "ホストで `rusuban agent status` が示す指紋と比べ、ポートの使用者を確認してください(`ss -ltnp`)",
  ),
  clocks: text("compare `date -u` on both ends", "両端で `date -u` を比べてください"),
  listenerLog: text(
    "read the listener's log: it says why it refused the certificate",
    "待ち受け側のログを確認してください(証明書を拒否した理由が記録されています)",
  ),
  route: text(
    "ask each hop: `traceroute` from the initiator shows how far it comes",
    "接続元から `traceroute` で、どこまで届くかを確認してください",
  ),
  console: text(
    "look at the host's own screen or its switch port: does it run, and has it this address",
    "ホストの画面やスイッチのポートで、動作しているか、アドレスが正しいかを確認してください",
  ),
  repeat: text(
    "repeat it: a limit passes the first ones again, a bad line any",
    "繰り返してください。レート制限なら最初の数本が再び成功し、回線不良なら不規則になります",
  ),
  busyHere: text(
    "run it again when the initiator's computer has less to do: its program stood still while an answer may have come",
    "接続元コンピュータの負荷が低いときに再実行してください(応答が届いた可能性のある間、プログラムが動けませんでした)",
  ),
  busy: text(
    "look how busy the listener's computer is and whether its program still answers others (`uptime`, its log); if both are well, the way back loses large packets: `ping -M do -s 1472` from there",
    "待ち受け側コンピュータの負荷と、プログラムが他の相手に応答しているかを確認してください(`uptime`、ログ)。どちらも正常なら、戻りの経路で大きなパケットが失われています(そこから `ping -M do -s 1472`)",
  ),
  bulk: text(
    "run it when a data port of this host can be tried: a small answer and a large one tell the two apart",
    "このホストのデータポートを試せる状態で実行してください。小さな応答と大きな応答の違いで区別できます",
  ),
} as const satisfies Record<string, Text>;
