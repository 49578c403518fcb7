import { expect, it } from "vitest";
import { openingLine } from "./opening.ts";
import { parseTuples, ufwArguments } from "./ufw.ts";

// As ufw 0.36.2 writes them.
const USER_RULES = `*filter
### RULES ###

### tuple ### allow tcp 5986,5989,20000:20024 0.0.0.0/0 any 10.77.1.10 in comment=7275737562616e3a6167656e74313a696e3a746370
-A ufw-user-input -p tcp -m multiport --dports 5986,5989,20000:20024 -s 10.77.1.10 -j ACCEPT

### tuple ### allow udp 162 0.0.0.0/0 any 0.0.0.0/0 in comment=7275737562616e3a74726170
### tuple ### allow tcp 25 10.0.0.1 any 0.0.0.0/0 out
### tuple ### route:allow tcp 99 10.0.0.2 any 10.0.0.1 in comment=7275737562616e3a667764
### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in comment=73736820666f72207573
### tuple ### deny any any 0.0.0.0/0 any 198.51.100.0/24 in
### tuple ### allow tcp 80,443 0.0.0.0/0 any 0.0.0.0/0 Nginx%20Full - in
### tuple ### limit tcp 2222 0.0.0.0/0 any 0.0.0.0/0 in
### tuple ### allow tcp 8080 0.0.0.0/0 any 0.0.0.0/0 in_eth0
### END RULES ###
`;

it("reads ufw's own record of its rules, ours told from others' by their comments", () => {
  const rules = parseTuples(USER_RULES, 4).map(
    ({ opening, isOurs }) => `${isOurs ? "ours" : "theirs"}: ${openingLine(opening)}`,
  );
  expect(rules).toEqual([
    "ours: in tcp from 10.77.1.10 port 5986,5989,20000-20024 # rusuban:agent1:in:tcp",
    "ours: in udp from any IPv4 port 162 # rusuban:trap",
    "theirs: out tcp to 10.0.0.1 port 25",
    "ours: forward tcp from 10.0.0.1 to 10.0.0.2 port 99 # rusuban:fwd",
    "theirs: in tcp from any IPv4 port 22 # ssh_for_us",
  ]);
});

it("names the family in every rule, since ufw's `any` is both", () => {
  const [, trap] = parseTuples(USER_RULES, 4);
  expect(trap && ufwArguments(trap.opening).join(" ")).toBe(
    "allow in proto udp from 0.0.0.0/0 to 0.0.0.0/0 port 162 comment rusuban:trap",
  );
});
