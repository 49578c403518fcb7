// AWS is not here to ask. What is written is held against the API's own description of an IpPermission: names, ranges,
// what a description may hold, the default quota of a group.

import { describe, expect, it } from "vitest";
import { z } from "zod";
import { render } from "../renderer.ts";
import { agentNamed, rulesOn, topologyOf } from "../rule-set-fixture.ts";
import { aws } from "./aws.ts";
import { HOSTILE_NAMES, hostileRules } from "./hostile-rules-fixture.ts";

/** Amazon EC2 API, IpRange and Ipv6Range: up to 255 characters of these. */
const Description = z
  .string()
  .max(255)
  .regex(/^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]*$/);
const Port = z.int().min(0).max(65_535);
const range4 = z.array(z.strictObject({ CidrIp: z.cidrv4(), Description })).length(1);
const range6 = z.array(z.strictObject({ CidrIpv6: z.cidrv6(), Description })).length(1);
const transport = { IpProtocol: z.enum(["tcp", "udp"]), FromPort: Port, ToPort: Port };
const Permission = z.union([
  z.strictObject({ ...transport, IpRanges: range4 }),
  z.strictObject({ ...transport, Ipv6Ranges: range6 }),
  // Type 8 or 128 with every code.
  z.strictObject({ IpProtocol: z.literal("icmp"), FromPort: z.literal(8), ToPort: z.literal(-1), IpRanges: range4 }),
  z.strictObject({
    IpProtocol: z.literal("icmpv6"),
    FromPort: z.literal(128),
    ToPort: z.literal(-1),
    Ipv6Ranges: range6,
  }),
]);
const Group = z.array(Permission).min(1).max(60);

const groupsOf = (...args: Parameters<typeof rulesOn>) =>
  render(aws, rulesOn(...args), { language: "ja" }).files.map(({ name, text }) => ({
    name,
    group: Group.parse(JSON.parse(text)),
  }));

describe("AWS security groups", () => {
  it.each(["agent", "manager"] as const)(
    "for the %s's host are permissions by the API's description, in and out apart",
    (side) => {
      const groups = groupsOf(side);
      expect(groups.map(({ name }) => name)).toEqual([`rusuban-${side}-ingress.json`, `rusuban-${side}-egress.json`]);
      for (const { group } of groups) {
        for (const { FromPort, ToPort, IpProtocol } of group)
          if (!IpProtocol.startsWith("icmp")) expect(FromPort).toBeLessThanOrEqual(ToPort);
      }
    },
  );

  it("hold the exact range of data ports from the manager's addresses", () => {
    const [ingress] = groupsOf("agent", { flows: ["backupData"] });
    const Description = "rusuban:agent:backup-data:web1";
    expect(ingress?.group).toEqual([
      { IpProtocol: "tcp", FromPort: 20_300, ToPort: 20_349, IpRanges: [{ CidrIp: "10.77.1.10/32", Description }] },
      {
        IpProtocol: "tcp",
        FromPort: 20_300,
        ToPort: 20_349,
        Ipv6Ranges: [{ CidrIpv6: "fd77:1::10/128", Description }],
      },
    ]);
  });

  it("are as many as the quota of rules asks for, and together hold every address once", () => {
    const agents = Array.from({ length: 150 }, (_, index) => agentNamed(`web${index}`, [`10.80.${index}.1`]));
    const groups = groupsOf("manager", { topology: topologyOf({ agents }), flows: ["managerReport"] });
    expect(groups.map(({ name, group }) => [name, group.length])).toEqual([
      ["rusuban-manager-ingress-1.json", 60],
      ["rusuban-manager-ingress-2.json", 60],
      ["rusuban-manager-ingress-3.json", 30],
    ]);
    expect(new Set(groups.flatMap(({ group }) => group.map((each) => JSON.stringify(each)))).size).toBe(150);
  });

  it.each(HOSTILE_NAMES)("take %j as a description that the API accepts", (name) => {
    for (const { text } of render(aws, hostileRules("agent", name), { language: "en" }).files)
      Group.parse(JSON.parse(text));
  });
});
