// The command that mends a cause, for the firewall found at the place. Each opens one flow for one address and nothing
// else; `rusuban firewall apply` does the same for all flows of a host, in one piece and on trial.

import { TCP_KEEPALIVE_MS } from "../net/limits.ts";
import { formatRange, type PortRange, type Text, type Transport } from "../ports/flow.ts";
import type { Mend, Place } from "./cause.ts";
import { text } from "./words.ts";

export const FIREWALL_KINDS = ["nftables", "iptables", "firewalld", "ufw", "windows", "none"] as const;
export type FirewallKind = (typeof FIREWALL_KINDS)[number];

export interface MendingFacts {
  /** The flow's public name, for comments. */
  readonly flow: string;
  readonly family: "ipv4" | "ipv6";
  readonly transport: Transport;
  /** None for ICMP. */
  readonly ports: readonly PortRange[];
  readonly from: string;
  readonly to: string;
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

/** `firewall`: as the host says it, `nftables inet filter input`; empty where not known. */
export function mendingCommands(mend: Mend, place: Place, facts: MendingFacts, firewall = ""): MendingCommand[] {
  const [kind = "", ...chain] = firewall.split(" ");
  const rules = (make: (one: FirewallKind) => readonly string[]): MendingCommand[] =>
    kindsFor(kind, facts).flatMap((one) =>
      make(one).map((command) => ({ place, firewall: one, command: text(command, command) })),
    );
  const words = (en: string, ja: string): MendingCommand[] => [{ place, firewall: "", command: text(en, ja) }];
  switch (mend) {
    case "allow-in":
    case "translated-rule":
    case "allow-ping":
      return place === "between" ? betweenCommands(facts) : rules((one) => accept(one, "in", facts, chain));
    case "allow-out":
      return rules((one) => accept(one, "out", facts, chain));
    case "allow-between":
    case "allow-back":
      return betweenCommands(facts);
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

/** The kind that was found; where nobody could say, all that it may be. */
function kindsFor(kind: string, { transport }: MendingFacts): FirewallKind[] {
  const found = FIREWALL_KINDS.find((each) => each === kind);
  if (found === "none") return ["nftables"];
  if (found !== undefined) return [found];
  return transport === "icmp" ? ["nftables", "firewalld", "windows"] : ["nftables", "firewalld", "ufw", "windows"];
}

/** A rule on one of the two hosts. `chain`: family, table and chain where packets are denied. */
function accept(kind: FirewallKind, way: "in" | "out", facts: MendingFacts, chain: readonly string[]): string[] {
  const { family, transport, from, to, flow, ports } = facts;
  const peer = way === "in" ? from : to;
  const spans = ports.map((span) => (span.from === span.to ? `${span.from}` : formatRange(span)));
  const isIcmp = transport === "icmp";
  const ip = family === "ipv6" ? "ip6" : "ip";
  const comment = `rusuban:${flow}`;
  switch (kind) {
    case "none":
    case "nftables": {
      const [table = "inet", name = "filter", hook = way === "in" ? "input" : "output"] =
        chain.length === 3 && way === "in" ? chain : [];
      const what = isIcmp
        ? `${family === "ipv6" ? "icmpv6" : "icmp"} type echo-request`
        : `${transport} dport { ${spans.join(", ")} }`;
      const side = way === "in" ? "saddr" : "daddr";
      return [`nft 'insert rule ${table} ${name} ${hook} ${ip} ${side} ${peer} ${what} accept comment "${comment}"'`];
    }
    case "iptables": {
      const program = family === "ipv6" ? "ip6tables" : "iptables";
      const where = way === "in" ? `INPUT -s ${peer}` : `OUTPUT -d ${peer}`;
      const icmp = family === "ipv6" ? "ipv6-icmp --icmpv6-type echo-request" : "icmp --icmp-type echo-request";
      const tail = `-m comment --comment ${comment} -j ACCEPT`;
      if (isIcmp) return [`${program} -I ${where} -p ${icmp} ${tail}`];
      return spans.map((span) => `${program} -I ${where} -p ${transport} --dport ${span.replace("-", ":")} ${tail}`);
    }
    case "firewalld": {
      if (way === "out") return [];
      const rule = (what: string) =>
        `firewall-cmd --permanent --add-rich-rule='rule family="${family}" source address="${peer}" ${what} accept' && firewall-cmd --reload`;
      if (isIcmp) return [rule('icmp-type name="echo-request"')];
      return spans.map((span) => rule(`port port="${span}" protocol="${transport}"`));
    }
    case "ufw": {
      if (isIcmp) return ["ufw lets ping pass unless /etc/ufw/before.rules (before6.rules) drops echo-request there"];
      const verb = way === "in" ? `allow from ${peer} to any` : `allow out from any to ${peer}`;
      return spans.map((span) => `ufw ${verb} port ${span.replace("-", ":")} proto ${transport} comment '${comment}'`);
    }
    case "windows": {
      const direction = way === "in" ? "Inbound" : "Outbound";
      const port = way === "in" ? "-LocalPort" : "-RemotePort";
      const icmp = family === "ipv6" ? "-Protocol ICMPv6 -IcmpType 128" : "-Protocol ICMPv4 -IcmpType 8";
      const what = isIcmp
        ? icmp
        : `-Protocol ${transport.toUpperCase()} ${port} ${spans.map((span) => `'${span}'`).join(",")}`;
      return [
        `New-NetFirewallRule -DisplayName 'Rusuban ${flow}' -Group 'Rusuban' -Direction ${direction} -Action Allow ${what} -RemoteAddress ${peer}`,
      ];
    }
  }
}

/** Whose firewall stands between is not known: a sentence for whoever runs it, and the line for Linux. */
function betweenCommands({ family, transport, from, to, flow, ports }: MendingFacts): MendingCommand[] {
  const spans = ports.map((span) => (span.from === span.to ? `${span.from}` : formatRange(span)));
  const ip = family === "ipv6" ? "ip6" : "ip";
  const what =
    transport === "icmp"
      ? `${family === "ipv6" ? "icmpv6" : "icmp"} type echo-request`
      : `${transport} dport { ${spans.join(", ")} }`;
  const named = transport === "icmp" ? "ICMP echo" : `${transport} ${spans.join(", ")}`;
  const line = `nft 'insert rule inet filter forward ${ip} saddr ${from} ${ip} daddr ${to} ${what} accept comment "rusuban:${flow}"'`;
  return [
    {
      place: "between",
      firewall: "",
      command: text(
        `allow ${named} from ${from} to ${to}, and the replies (established connections)`,
        `${from} から ${to} への ${named} と、その応答(確立済み接続)を許可してください`,
      ),
    },
    { place: "between", firewall: "nftables", command: text(line, line) },
  ];
}
