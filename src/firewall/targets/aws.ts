// Permissions of AWS security groups, as `aws ec2 authorize-security-group-ingress --ip-permissions file://…` takes them
// (Amazon EC2 API, IpPermission). A group is stateful: replies need no rule.

import { type Address, formatCidr } from "../address.ts";
import { harmless } from "../harmless.ts";
import { never, type RenderedFile, type Renderer, sidePrefix } from "../renderer.ts";
import { byFamily, type FamilyRule, type Rule, type RuleSet } from "../rule.ts";

/** Default quota of inbound, and of outbound, rules a group; every address of a permission counts. */
const RULES_PER_GROUP_MAX = 60;
const DESCRIPTION_BYTES_MAX = 255;

export const aws: Renderer = {
  name: "aws",
  title: { en: "AWS security group", ja: "AWS セキュリティグループ" },
  sides: ["agent", "manager"],
  portsPerRuleMax: 2,
  isStateful: true,
  use: {
    en: "give each file to a security group of its own: aws ec2 authorize-security-group-ingress (or -egress) --group-id ID --ip-permissions file://NAME; the egress files are for groups whose rule for all outgoing traffic was removed",
    ja: "ファイルごとに専用のセキュリティグループに適用: aws ec2 authorize-security-group-ingress(または -egress)--group-id ID --ip-permissions file://NAME。egress は全送信許可の規則を外したグループ用です",
  },
  refuse: never,
  render(ruleSet) {
    return [...files(ruleSet, "in", "ingress"), ...files(ruleSet, "out", "egress")];
  },
};

interface IpPermission {
  readonly IpProtocol: "tcp" | "udp" | "icmp" | "icmpv6";
  /** For ICMP the type. */
  readonly FromPort: number;
  /** For ICMP the code, -1 for all. */
  readonly ToPort: number;
  readonly IpRanges?: readonly { readonly CidrIp: string; readonly Description: string }[];
  readonly Ipv6Ranges?: readonly { readonly CidrIpv6: string; readonly Description: string }[];
}

function files({ side, rules }: RuleSet, direction: Rule["direction"], name: string): RenderedFile[] {
  const groups: IpPermission[][] = [];
  let room = 0;
  for (const permission of rules
    .filter((rule) => rule.direction === direction)
    .flatMap(byFamily)
    .flatMap(permissions)) {
    if (room === 0) {
      groups.push([]);
      room = RULES_PER_GROUP_MAX;
    }
    groups.at(-1)?.push(permission);
    room--;
  }
  return groups.map((group, index) => ({
    name: `${sidePrefix(side)}-${name}${groups.length === 1 ? "" : `-${index + 1}`}.json`,
    text: `${JSON.stringify(group, null, 2)}\n`,
  }));
}

/** One for each port range and address, so that a quota is counted by counting them. */
function permissions(rule: FamilyRule): IpPermission[] {
  const { family, direction, sources, destinations, comment } = rule;
  const description = harmless(comment, { bytesMax: DESCRIPTION_BYTES_MAX, ascii: true });
  return cidrs(family, direction === "in" ? sources : destinations).flatMap((cidr) =>
    ports(rule).map((port) => ({
      ...port,
      ...(family === 4
        ? { IpRanges: [{ CidrIp: cidr, Description: description }] }
        : { Ipv6Ranges: [{ CidrIpv6: cidr, Description: description }] }),
    })),
  );
}

function cidrs(family: 4 | 6, addresses: readonly Address[] | null): string[] {
  return addresses?.map(formatCidr) ?? [family === 4 ? "0.0.0.0/0" : "::/0"];
}

/** RFC 792, RFC 4443 §4.1. */
const ECHO_REQUEST = { 4: { protocol: "icmp", type: 8 }, 6: { protocol: "icmpv6", type: 128 } } as const;
const EVERY_CODE = -1;

function ports({ transport, ports, family }: FamilyRule): Pick<IpPermission, "IpProtocol" | "FromPort" | "ToPort">[] {
  if (transport === "icmp") {
    const { protocol, type } = ECHO_REQUEST[family];
    return [{ IpProtocol: protocol, FromPort: type, ToPort: EVERY_CODE }];
  }
  return ports.map(({ from, to }) => ({ IpProtocol: transport, FromPort: from, ToPort: to }));
}
