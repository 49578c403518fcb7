// ufw's own commands, each in the form in which `ufw show added` tells it: so the script knows which rules are there
// already, and which of them are not ours to touch. ufw lets replies through by itself.

import { type Address, formatAddress } from "../address.ts";
import { harmless } from "../harmless.ts";
import { portLists, portText } from "../port-list.ts";
import { headLines, type Renderer, sidePrefix } from "../renderer.ts";
import { byFamily, type FamilyRule, markOf, type Rule, type RuleSet } from "../rule.ts";

/** ufw keeps comments in hexadecimal on one line; this is what a listing still shows on one. */
const COMMENT_BYTES_MAX = 120;
/** xt_multiport's limit, which ufw checks; a range counts as two. */
const PORTS_MAX = 15;

export const ufw: Renderer = {
  name: "ufw",
  title: { en: "ufw", ja: "ufw" },
  sides: ["agent", "manager", "between"],
  portsPerRuleMax: PORTS_MAX,
  isStateful: true,
  use: {
    en: "run as root: replaces the rules of its last run, leaves all others alone, and lasts; takes effect while ufw is enabled",
    ja: "root で実行してください(前回の実行分を置き換え、他の規則には触れません。恒久的で、ufw が有効な間に働きます)",
  },
  refuse: ({ transport, direction }: Rule) => (transport !== "icmp" ? null : PING[direction]),
  render(ruleSet, { language }) {
    const head = headLines(ufw, ruleSet, language).map((line) => `# ${line}\n`);
    return [{ name: `${sidePrefix(ruleSet.side)}-ufw.sh`, text: `#!/bin/sh\n${head.join("")}${script(ruleSet)}` }];
  },
};

const beforeRules = {
  en: "ufw's commands know no ICMP, and its /etc/ufw/before.rules and before6.rules let echo requests through already",
  ja: "ufw のコマンドは ICMP を扱えません。エコー要求は /etc/ufw/before.rules と before6.rules で許可済みです",
};
const PING = {
  in: beforeRules,
  forward: beforeRules,
  out: {
    en: "ufw's commands know no ICMP; where the default for outgoing is deny, add to /etc/ufw/before.rules: -A ufw-before-output -p icmp --icmp-type echo-request -j ACCEPT, and to before6.rules: -A ufw6-before-output -p icmpv6 --icmpv6-type echo-request -j ACCEPT",
    ja: "ufw のコマンドは ICMP を扱えません。送信の既定が deny の場合は /etc/ufw/before.rules に -A ufw-before-output -p icmp --icmp-type echo-request -j ACCEPT を、before6.rules に -A ufw6-before-output -p icmpv6 --icmpv6-type echo-request -j ACCEPT を追加してください",
  },
};

/** The arguments of `ufw` for each rule, without its comment. */
export function ufwRules(rule: Rule): string[] {
  return byFamily(rule).flatMap((each) =>
    portLists(each.ports, PORTS_MAX).flatMap((ports) => {
      const to = `port ${ports.map((range) => portText(range, ":")).join(",")} proto ${each.transport}`;
      return ends(each).map((pair) => `${pair} ${to}`);
    }),
  );
}

function ends({ direction, family, sources, destinations }: FamilyRule): string[] {
  // The network of every address, because the word `any` would open the other family, too.
  const every = family === 4 ? "0.0.0.0/0" : "::/0";
  const names = (list: readonly Address[] | null) => list?.map(formatAddress) ?? [every];
  if (direction === "in") return names(sources).map((from) => `allow from ${from} to any`);
  if (direction === "out") return names(destinations).map((to) => `allow out to ${to}`);
  return names(sources).flatMap((from) => names(destinations).map((to) => `route allow from ${from} to ${to}`));
}

function script({ side, rules }: RuleSet): string {
  const commented = rules.map((rule) => ({
    comment: harmless(rule.comment, { bytesMax: COMMENT_BYTES_MAX }),
    words: ufwRules(rule),
  }));
  const wanted = commented.flatMap(({ words }) => words.map((each) => `${each}\n`));
  const lines = commented.flatMap(({ comment, words }) => words.map((each) => `add '${comment}' ${each}\n`));
  return `set -euf

there=$(ufw show added)
line='
'
wanted='
${wanted.join("")}'
# What an earlier run added and this one does not want, or would be told in other words; what stays is never closed.
echo "$there" | sed -n "s/^ufw \\(.*\\) comment '${markOf(side)}.*'$/\\1/p" | while read -r rule; do
  case "$wanted" in *"$line$rule$line"*) continue ;; esac
  # Its words, without expansion (set -f).
  case $rule in
    "route "*) ufw route delete \${rule#route } ;;
    *) ufw delete $rule ;;
  esac
done
# add COMMENT RULE: unless it is there already, or somebody else has that rule, because its comment would become ours.
add() {
  comment=$1
  shift
  case "$line$there$line" in
    *"$line""ufw $* comment '$comment'$line"*) ;;
    *"$line""ufw $* comment '${markOf(side)}"*) ufw "$@" comment "$comment" ;;
    *"$line""ufw $*$line"* | *"$line""ufw $* comment "*) echo "already there, not ours: $*" >&2 ;;
    *) ufw "$@" comment "$comment" ;;
  esac
}
${lines.join("")}`;
}
