import { X509Certificate } from "node:crypto";
import type { Database } from "../../database/open-database.ts";
import type { IssuedCertificate } from "../../net/authority.ts";
import { fingerprintOf } from "../../net/certificate.ts";
import type { Clock } from "../../runtime/clock.ts";

/**
 * The certificates that this manager has issued to hosts, and which of them it takes back. The revoked ones that have
 * not expired are held in memory, because every handshake asks.
 */
export class CertificateList {
  readonly #database: Database;
  readonly #clock: Pick<Clock, "now">;
  readonly #revoked = new Set<string>();

  private constructor(database: Database, clock: Pick<Clock, "now">) {
    this.#database = database;
    this.#clock = clock;
  }

  static async open({ database, clock }: { database: Database; clock: Pick<Clock, "now"> }): Promise<CertificateList> {
    const list = new CertificateList(database, clock);
    const rows = await database
      .selectFrom("certificates")
      .select("serial")
      .where("revoked_at_ms", "is not", null)
      .where("expires_at_ms", ">", clock.now())
      .execute();
    for (const { serial } of rows) list.#revoked.add(serial);
    return list;
  }

  isRevoked(serial: string): boolean {
    return this.#revoked.has(serial);
  }

  /** To be called in the transaction that makes the certificate count. */
  async record(
    database: Database,
    hostId: string,
    issued: IssuedCertificate,
    names: readonly string[] = [],
  ): Promise<void> {
    await database
      .insertInto("certificates")
      .values({
        serial: issued.serial,
        host_id: hostId,
        fingerprint: fingerprintOf(new X509Certificate(issued.certificate)),
        names: JSON.stringify(names),
        issued_at_ms: this.#clock.now(),
        expires_at_ms: issued.notAfter,
        revoked_at_ms: null,
      })
      .execute();
  }

  /** What was written down of one certificate. */
  async find(serial: string): Promise<{ readonly names: string; readonly issuedAtMs: number } | undefined> {
    const row = await this.#database
      .selectFrom("certificates")
      .select(["names", "issued_at_ms"])
      .where("serial", "=", serial)
      .executeTakeFirst();
    return row && { names: row.names, issuedAtMs: row.issued_at_ms };
  }

  /** All certificates of the host, from now on; durable before it returns. */
  async revokeHost(hostId: string): Promise<void> {
    const now = this.#clock.now();
    const serials = await this.#database.transaction().execute(async (transaction) => {
      // The name is free again for a host that takes this one's place; the id's end keeps it unique.
      const { name } = await transaction
        .selectFrom("hosts")
        .select("name")
        .where("id", "=", hostId)
        .executeTakeFirstOrThrow();
      await transaction
        .updateTable("hosts")
        .set({ revoked_at_ms: now, name: `${name} (removed ${hostId.slice(-6)})` })
        .where("id", "=", hostId)
        .execute();
      await transaction
        .updateTable("certificates")
        .set({ revoked_at_ms: now })
        .where("host_id", "=", hostId)
        .where("revoked_at_ms", "is", null)
        .execute();
      return transaction.selectFrom("certificates").select("serial").where("host_id", "=", hostId).execute();
    });
    for (const { serial } of serials) this.#revoked.add(serial);
  }
}
