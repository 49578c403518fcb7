// Policies, services and address sets of our own, as files: firewalld reads them as a whole at its next reload, so that
// nothing is half there, and a thousand hosts cost no thousand commands. Policies (firewalld 0.9 or later) with a
// negative priority come before the zones, whichever zone a packet belongs to.

import { type Address, formatAddress } from "../address.ts";
import { harmless } from "../harmless.ts";
import { portText } from "../port-list.ts";
import { headLines, never, type RenderedFile, type Renderer, sidePrefix } from "../renderer.ts";
import { byFamily, type Direction, type FamilyRule, type Rule, type RuleSet, type Side } from "../rule.ts";

const DESCRIPTION_BYTES_MAX = 200;

export const firewalld: Renderer = {
  name: "firewalld",
  title: { en: "firewalld", ja: "firewalld" },
  sides: ["agent", "manager", "between"],
  portsPerRuleMax: null,
  isStateful: true,
  use: {
    en: "run the .sh beside the folders as root: it puts the files into /etc/firewalld in place of those of its last run, has them checked, and reloads (without a reload firewalld changes nothing); firewalld 0.9 or later",
    ja: "root で .sh を実行してください(前回の分を置き換えて /etc/firewalld に配置し、検査して reload します。reload するまで反映されません)。firewalld 0.9 以降",
  },
  refuse: never,
  render(ruleSet, { language }) {
    const head = headLines(firewalld, ruleSet, language).map((line) => `# ${line}\n`);
    return [
      ...firewalldFiles(ruleSet),
      {
        name: `${firewalldPrefix(ruleSet.side)}-firewalld.sh`,
        text: `#!/bin/sh\n${head.join("")}${installer(ruleSet)}`,
      },
    ];
  },
};

/** The beginning of all our names of one side; short, because a policy's name has at most 17 characters. */
export function firewalldPrefix(side: Side): string {
  return side === "manager" ? "rusuban-mgr" : sidePrefix(side);
}

/** From where to where a policy's packets go: HOST is this host, ANY every zone (firewalld.policies(5)). */
const ZONES: Readonly<Record<Direction, readonly [ingress: string, egress: string]>> = {
  in: ["ANY", "HOST"],
  out: ["HOST", "ANY"],
  forward: ["ANY", "ANY"],
};

/** Files below /etc/firewalld. */
export function firewalldFiles({ side, rules }: RuleSet): RenderedFile[] {
  const prefix = firewalldPrefix(side);
  const sets = new AddressSets(prefix);
  const services: RenderedFile[] = [];
  const policies: RenderedFile[] = [];
  for (const direction of ["in", "out", "forward"] as const) {
    const own = rules.filter((rule) => rule.direction === direction);
    if (own.length === 0) continue;
    const lines = own.flatMap((rule) => {
      const service = rule.transport === "icmp" ? null : `${prefix}-${rule.flow}-${direction}-${services.length + 1}`;
      if (service !== null) services.push({ name: `services/${service}.xml`, text: serviceText(rule) });
      return byFamily(rule).map((each) => richRule(each, service, sets));
    });
    const name = direction === "forward" ? prefix : `${prefix}-${direction}`;
    policies.push({ name: `policies/${name}.xml`, text: policyText(direction, own, lines) });
  }
  return [...policies, ...services, ...sets.files()];
}

function richRule(rule: FamilyRule, service: string | null, sets: AddressSets): string {
  const { direction, family } = rule;
  // A host's own address is not named: it may have more of them than are declared.
  const source = direction === "out" ? null : rule.sources;
  const destination = direction === "in" ? null : rule.destinations;
  const what = service === null ? '<icmp-type name="echo-request"/>' : `<service name="${service}"/>`;
  const ends = `${end("source", source, family, sets)}${end("destination", destination, family, sets)}`;
  return `  <rule family="ipv${family}">${ends}${what}<accept/></rule>\n`;
}

function end(
  name: "source" | "destination",
  addresses: readonly Address[] | null,
  family: 4 | 6,
  sets: AddressSets,
): string {
  const [first, ...more] = addresses ?? [];
  if (first === undefined) return "";
  const where =
    more.length === 0 ? `address="${formatAddress(first)}"` : `ipset="${sets.nameOf([first, ...more], family)}"`;
  return `<${name} ${where}/>`;
}

/** One set for each list of addresses, however many rules speak of it. */
class AddressSets {
  readonly #sets = new Map<string, { readonly name: string; readonly text: string }>();
  readonly #prefix: string;
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  nameOf(addresses: readonly Address[], family: 4 | 6): string {
    const entries = addresses.map((address) => `  <entry>${formatAddress(address)}</entry>\n`).join("");
    const known = this.#sets.get(entries);
    if (known !== undefined) return known.name;
    const name = `${this.#prefix}-set${this.#sets.size + 1}-v${family}`;
    const option = `  <option name="family" value="inet${family === 4 ? "" : "6"}"/>\n`;
    this.#sets.set(entries, { name, text: `${XML}<ipset type="hash:net">\n${option}${entries}</ipset>\n` });
    return name;
  }

  files(): RenderedFile[] {
    return [...this.#sets.values()].map(({ name, text }) => ({ name: `ipsets/${name}.xml`, text }));
  }
}

const XML = '<?xml version="1.0" encoding="utf-8"?>\n';

function policyText(direction: Direction, rules: readonly Rule[], lines: readonly string[]): string {
  const [ingress, egress] = ZONES[direction];
  const flows = [...new Set(rules.map(({ flow }) => flow))].join(", ");
  return (
    `${XML}<policy priority="-100" target="CONTINUE">\n  <short>Rusuban</short>\n  <description>${flows}</description>\n` +
    `  <ingress-zone name="${ingress}"/>\n  <egress-zone name="${egress}"/>\n${lines.join("")}</policy>\n`
  );
}

function serviceText({ title, comment, transport, ports }: Rule): string {
  const about = (text: string) => harmless(text, { bytesMax: DESCRIPTION_BYTES_MAX });
  const lines = ports.map((range) => `  <port protocol="${transport}" port="${portText(range, "-")}"/>\n`);
  return (
    `${XML}<service>\n  <short>Rusuban: ${about(title.en)}</short>\n` +
    `  <description>${about(comment)}</description>\n${lines.join("")}</service>\n`
  );
}

function installer({ side }: RuleSet): string {
  const prefix = firewalldPrefix(side);
  return `set -eu
cd "$(dirname "$0")"
umask 027

# The files of the last run are kept until firewalld has accepted the new ones.
old=$(mktemp -d)
trap 'rm -rf "$old"' EXIT
take_away() {
  for folder in policies services ipsets; do
    for file in /etc/firewalld/$folder/${prefix}.xml /etc/firewalld/$folder/${prefix}-*.xml; do
      if [ -e "$file" ]; then
        mkdir -p "$1/$folder"
        mv "$file" "$1/$folder/"
      fi
    done
  done
}
put() {
  for folder in policies services ipsets; do
    if [ -d "$1/$folder" ]; then
      mkdir -p /etc/firewalld/$folder
      for file in "$1/$folder"/${prefix}*.xml; do
        if [ -e "$file" ]; then cp "$file" /etc/firewalld/$folder/; fi
      done
    fi
  done
}
take_away "$old"
put .
if ! firewall-cmd --check-config; then
  take_away "$old/refused"
  put "$old"
  echo "firewalld refuses these files: everything is as it was" >&2
  exit 1
fi
firewall-cmd --reload
`;
}
