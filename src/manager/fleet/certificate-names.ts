// The names and addresses that a host's certificate carries beside its identity, for clients that compare names: a
// Prometheus, anybody's client of WS-Management. Whoever holds the certificate can pass for them to everybody who trusts
// our authority, so a host's own word counts for none of them. In it are those that the administrator gave for this host,
// and the address from which the manager sees it; never what is the manager's, another host's, or every computer's.

import { BlockList, isIP } from "node:net";
import type { Database } from "../../database/open-database.ts";

export interface CertificateNames {
  /** What the administrator gave for the host. */
  givenTo(hostId: string): Promise<readonly string[]>;
  /** Gives the host these instead of what it had; they count from its next certificate on. */
  give(hostId: string, names: readonly string[]): Promise<void>;
  /** Why a name may not be given to this host (`undefined`: one that is yet to be enrolled), in words; undefined where it may. */
  problemOf(name: string, hostId: string | undefined): Promise<string | undefined>;
  /** What goes into a certificate, in a fixed order. */
  toSign(host: { readonly id: string; readonly given: readonly string[]; readonly address: string }): Promise<string[]>;
}

/** RFC 1123 §2.1 in lower case; no wildcards, which would be the names of others. */
const DNS_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?)*$/;

/** One form of one name, to compare: lower case, no dot at the end, no zone. Undefined for what is no name and no address. */
export function plainName(name: string): string | undefined {
  const text = name.trim().toLowerCase().replace(/\.$/, "");
  const family = isIP(text);
  if (family === 6) {
    if (text.includes("%")) return undefined; // Means something on one computer only.
    return new URL(`http://[${text}]`).hostname.slice(1, -1);
  }
  if (family === 4) return text;
  // What is only digits and dots is an address that was mistyped (RFC 3696 §2).
  return DNS_NAME.test(text) && !/^[0-9.]+$/.test(text) ? text : undefined;
}

export function createCertificateNames({
  database,
  managerNames,
}: {
  readonly database: Database;
  /** Every name and address of the manager and of its computer. */
  readonly managerNames: readonly string[];
}): CertificateNames {
  const managers = new Set(managerNames.map(plainName));

  /** The other hosts that have one of these as address, or were given it. */
  async function othersWith(names: readonly string[], hostId: string | undefined): Promise<Map<string, string>> {
    const rows = await database
      .selectFrom("hosts")
      .select(["id", "name", "address", "certificate_names"])
      .where("revoked_at_ms", "is", null)
      .where("id", "!=", hostId ?? "")
      .where((is) =>
        is.or([is("address", "in", names.length === 0 ? [""] : [...names]), is("certificate_names", "!=", "[]")]),
      )
      .execute();
    const owners = new Map<string, string>();
    for (const row of rows) {
      for (const name of [row.address, ...parseNames(row.certificate_names)]) {
        const plain = plainName(name);
        if (plain !== undefined) owners.set(plain, row.name);
      }
    }
    return owners;
  }

  const givenTo = async (hostId: string) => {
    const row = await database
      .selectFrom("hosts")
      .select("certificate_names")
      .where("id", "=", hostId)
      .executeTakeFirst();
    return parseNames(row?.certificate_names ?? "[]");
  };

  return {
    givenTo,
    async give(hostId, names) {
      await database
        .updateTable("hosts")
        .set({ certificate_names: JSON.stringify(names) })
        .where("id", "=", hostId)
        .execute();
    },
    async problemOf(name, hostId) {
      const plain = plainName(name);
      if (plain === undefined) return "is neither a DNS name nor an address";
      if (managers.has(plain)) return "is the manager's";
      if (isEverybodys(plain)) return "means another computer everywhere";
      const owner = (await othersWith([plain], hostId)).get(plain);
      return owner === undefined ? undefined : `is the host ${owner}'s`;
    },
    async toSign({ id, given, address }) {
      const seen = plainName(address);
      const wanted = [...given.map(plainName), ...(seen !== undefined && isIP(seen) !== 0 ? [seen] : [])];
      const names = [...new Set(wanted.filter((name) => name !== undefined))];
      const owners = await othersWith(names, id);
      return names.filter((name) => !managers.has(name) && !isEverybodys(name) && !owners.has(name)).sort();
    },
  };
}

export function parseNames(json: string): readonly string[] {
  return JSON.parse(json) as string[];
}

/** What every computer has: this one's own interfaces, link-local addresses, none, and groups. Loopback beyond the first can be told apart on one computer. */
const EVERYBODYS = new BlockList();
EVERYBODYS.addAddress("127.0.0.1");
EVERYBODYS.addAddress("::1", "ipv6");
EVERYBODYS.addSubnet("0.0.0.0", 8);
EVERYBODYS.addSubnet("169.254.0.0", 16);
EVERYBODYS.addSubnet("224.0.0.0", 3);
EVERYBODYS.addAddress("::", "ipv6");
EVERYBODYS.addSubnet("fe80::", 10, "ipv6");
EVERYBODYS.addSubnet("ff00::", 8, "ipv6");

function isEverybodys(name: string): boolean {
  const family = isIP(name);
  if (family === 0) return name === "localhost" || name.endsWith(".localhost");
  return EVERYBODYS.check(name, family === 6 ? "ipv6" : "ipv4");
}
