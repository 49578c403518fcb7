// The command that mends a cause, for the firewall found at the place. Each opens one flow for one address and nothing
// else; `rusuban firewall apply` does the same for all flows of a host, in one piece and on trial.

import { portText } from "../firewall/port-list.ts";
import { TCP_KEEPALIVE_MS } from "../net/limits.ts";
import type { Text } from "../ports/flow.ts";
import {
  type AcceptFacts,
  acceptLines,
  type FirewallKind,
  type FoundFirewall,
  foundFirewalls,
  type Way,
} from "./accept-lines.ts";
import type { Mend, Place } from "./cause.ts";
import { text } from "./words.ts";

export interface MendingFacts extends AcceptFacts {
  /** The setting that moves the flow's port; null where it cannot be moved. */
  readonly setting: string | null;
  /** Seconds of silence that a connection was seen to survive, 0 for none; null where that was not tried. */
  readonly idleLivesS: number | null;
  /** Which program listens: `rusuban agent run`. */
  readonly program: string;
}

export interface MendingCommand {
  readonly place: Place;
  /** Empty where it does not depend on it. */
  readonly firewall: FirewallKind | "";
  /** A line for a shell, or for people where no line could do it. */
  readonly command: Text;
}

/** `firewall`: as the host says it (read-firewall.ts), `nftables inet filter input, out ufw`; empty where not known. */
export function mendingCommands(mend: Mend, place: Place, facts: MendingFacts, firewall = ""): MendingCommand[] {
  const rules = (way: Way) => acceptCommands(way, place, facts, firewall);
  const words = (en: string, ja: string): MendingCommand[] => [{ place, firewall: "", command: text(en, ja) }];
  switch (mend) {
    case "allow-in":
    case "translated-rule":
      return place === "between" ? betweenCommands("through", facts) : rules("in");
    case "allow-ping":
      return place === "between" ? betweenCommands("through", facts) : rules(place === "initiator" ? "out" : "in");
    case "allow-out":
      // A listener's host keeps answers in, the other one what it begins.
      return rules(place === "listener" ? "answer" : "out");
    case "allow-between":
      return betweenCommands("through", facts);
    case "allow-back":
      return betweenCommands("back", facts);
    case "start":
      return words(`start it: ${facts.program}`, `起動してください: ${facts.program}`);
    case "listen-everywhere":
      return words(
        "set listen.host to `::` (every address) and start the program again",
        "listen.host を `::`(全アドレス)に設定し、プログラムを再起動してください",
      );
    case "free-port":
      return facts.setting === null
        ? words("stop the other program, or move its port", "別のプログラムを停止するか、そのポートを変更してください")
        : words(
            `stop the other program, or set ${facts.setting} to another port`,
            `別のプログラムを停止するか、${facts.setting} を別のポートに設定してください`,
          );
    case "keepalive":
      return keepalive(place, facts);
    case "mtu":
      return words(
        "let ICMP “packet too big” / “fragmentation needed” pass, or clamp the MSS on the router: nft add rule inet filter forward tcp flags syn tcp option maxseg size set rt mtu",
        "ICMP「packet too big」/「fragmentation needed」を通すか、ルータで MSS を調整してください: nft add rule inet filter forward tcp flags syn tcp option maxseg size set rt mtu",
      );
    case "clock":
      return words(
        "set the clock by the network: timedatectl set-ntp true",
        "時刻をネットワークで合わせてください: timedatectl set-ntp true",
      );
    case "certificate":
      return words(
        "enrol the host again: `rusuban host token` on the manager, `rusuban agent enroll` on the host",
        "ホストを再登録してください: マネージャで `rusuban host token`、ホストで `rusuban agent enroll`",
      );
    case "route":
      return words(
        `add the route: ip route add ${place === "listener" ? facts.from : facts.to} via GATEWAY`,
        `経路を追加してください: ip route add ${place === "listener" ? facts.from : facts.to} via ゲートウェイ`,
      );
    case "name":
      return words(
        "correct the name's address (name server or hosts file), or name the right address: `rusuban agent enroll --manager ADDRESS`, listen.names on the manager",
        "名前のアドレス(DNS・hosts)を直すか、正しいアドレスを指定してください: `rusuban agent enroll --manager アドレス`、マネージャの listen.names",
      );
    case "none":
      return [];
  }
}

/** Common firewalls forget after five minutes at the soonest; Linux' own default is five days. */
const ESTABLISHED_S = 432_000;

/** Either the firewall remembers longer, or the connection speaks sooner than it forgets. */
function keepalive(place: Place, { idleLivesS }: MendingFacts): MendingCommand[] {
  const words = (en: string, ja: string): MendingCommand => ({ place, firewall: "", command: text(en, ja) });
  const longer = `sysctl -w net.netfilter.nf_conntrack_tcp_timeout_established=${ESTABLISHED_S}`;
  const first = words(
    `let the firewall remember established connections longer, for at least 300 s (Linux: ${longer})`,
    `ファイアウォールの確立済み接続の無通信タイムアウトを 300 秒以上にしてください(Linux: ${longer})`,
  );
  const ownS = TCP_KEEPALIVE_MS / 1_000;
  if (idleLivesS === null) return [first];
  if (idleLivesS < ownS) {
    const own = words(
      `Rusuban's own connections send a keepalive after ${ownS} s of silence, and ${ownS} s were not seen to be survived: for them the firewall's time has to be longer than that`,
      `Rusuban の接続は無通信 ${ownS} 秒でキープアライブを送りますが、${ownS} 秒の維持は確認されていません。ファイアウォールの時間をこれより長くしてください`,
    );
    if (idleLivesS === 0) return [first, own];
    return [first, own, systemKeepalive(place, idleLivesS)];
  }
  const own = words(
    `Rusuban's own connections send a keepalive after ${ownS} s of silence, in time: they stay`,
    `Rusuban の接続は無通信 ${ownS} 秒でキープアライブを送るため、切断されません`,
  );
  return [first, own, systemKeepalive(place, idleLivesS)];
}

function systemKeepalive(place: Place, seconds: number): MendingCommand {
  const line = `sysctl -w net.ipv4.tcp_keepalive_time=${seconds}`;
  return {
    place,
    firewall: "",
    command: text(
      `other programs that switch keepalive on and set no time of their own, at either end: ${line}`,
      `キープアライブを使い、独自の時間を設定しない他のプログラム(両端いずれか): ${line}`,
    ),
  };
}

/** For the firewalls that were found; where nobody could say, for all that it may be. */
function acceptCommands(way: Way, place: Place, facts: MendingFacts, firewall: string): MendingCommand[] {
  const found = foundFirewalls(firewall, way, facts.family);
  return linesFor(found.length > 0 ? found : ANY_HOST.map(anywhereOf), way, place, facts);
}

/** Whose firewall stands between is not known: a sentence for whoever runs it, and lines for those of Linux. */
function betweenCommands(way: "through" | "back", facts: MendingFacts): MendingCommand[] {
  const { transport, ports, from, to } = facts;
  const spans = ports.map((span) => portText(span, "-")).join(", ");
  const named = transport === "icmp" ? "ICMP echo" : `${transport} ${spans}`;
  const words = text(
    `allow ${named} from ${from} to ${to}, and the replies (established connections)`,
    `${from} から ${to} への ${named} と、その応答(確立済み接続)を許可してください`,
  );
  // ufw and firewalld always let through what belongs to a conversation.
  const kinds = way === "back" ? (["nftables", "iptables"] as const) : FORWARDING;
  return [
    { place: "between", firewall: "", command: words },
    ...linesFor(kinds.map(anywhereOf), way, "between", facts),
  ];
}

const ANY_HOST = ["nftables", "firewalld", "ufw", "windows"] as const;
const FORWARDING = ["nftables", "iptables", "firewalld", "ufw"] as const;

function anywhereOf(kind: FirewallKind): FoundFirewall {
  return { kind, where: [] };
}

function linesFor(found: readonly FoundFirewall[], way: Way, place: Place, facts: MendingFacts): MendingCommand[] {
  return found.flatMap((each) =>
    acceptLines(each, way, facts).map((line) => ({ place, firewall: each.kind, command: text(line, line) })),
  );
}
