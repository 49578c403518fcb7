import { createHash, timingSafeEqual } from "node:crypto";
import type { Database } from "../../database/open-database.ts";
import { beginsWithText } from "../../database/text-search.ts";
import type { HostFacts } from "../../model/host.ts";
import type { Authority } from "../../net/authority.ts";
import { checkCertificationRequest } from "../../net/certification-request-check.ts";
import { type EnrolmentToken, formatEnrolmentToken } from "../../protocols/browser/enrolment-token.ts";
import type { Clock } from "../../runtime/clock.ts";
import { WireError } from "../../runtime/errors.ts";
import { createUuid, formatUuid, parseUuid, type Random } from "../../runtime/random.ts";
import type { CertificateList } from "./certificate-list.ts";
import { type CertificateNames, parseNames, plainName } from "./certificate-names.ts";

// A host becomes one of ours: a token, good once and for a while, turns into a certificate that carries the host's id.
//
// Invariants: a token's secret is never stored, only its hash; a token admits one key, and asking again with the same
// token and key gives the same host a certificate again (its first answer may have been lost), while any other key is
// refused; token, host and certificate are written in one transaction, before the answer.

export interface EnrolmentNeeds {
  readonly database: Database;
  readonly authority: Authority;
  readonly certificates: CertificateList;
  readonly clock: Clock;
  readonly random: Random;
  readonly certificateDays: number;
  /** What hosts' certificates carry beside their identity. */
  readonly names: CertificateNames;
}

/** A certificate younger than this is not renewed for other names: an address that changes to and fro would fill the list of certificates. */
const NAMES_SETTLE_MS = 10 * 60_000;

export interface IssuedToken {
  /** The one line to paste; it is a secret. */
  readonly token: string;
  readonly expiresAtMs: number;
}

export type EnrolmentOutcome =
  | {
      readonly enrolled: true;
      readonly hostId: string;
      readonly name: string;
      readonly certificatePem: string;
      readonly again: boolean;
    }
  | {
      readonly enrolled: false;
      readonly code: "unknownToken" | "usedToken" | "expiredToken" | "invalidRequest";
      readonly reason: string;
    };

export interface EnrolmentRequest {
  readonly tokenId: Buffer;
  readonly tokenSecret: Buffer;
  readonly certificateRequestPem: string;
  readonly facts: HostFacts;
  readonly address: string;
  readonly ports: Readonly<Record<string, number>>;
}

export class Enrolment {
  readonly #needs: EnrolmentNeeds;

  constructor(needs: EnrolmentNeeds) {
    this.#needs = needs;
  }

  /** `addresses` and `port` say where the agent browser is reached. */
  async createToken(order: {
    readonly hostName: string | null;
    readonly certificateNames?: readonly string[];
    readonly createdBy: string;
    readonly validSeconds: number;
    readonly addresses: readonly string[];
    readonly port: number;
  }): Promise<IssuedToken> {
    const { database, authority, clock, random } = this.#needs;
    const id = createUuid({ clock, random });
    const secret = random(32);
    const now = clock.now();
    const expiresAtMs = now + order.validSeconds * 1_000;
    await database
      .insertInto("enrolment_tokens")
      .values({
        id,
        secret_hash: hashOf(secret),
        host_name: order.hostName,
        certificate_names: JSON.stringify(order.certificateNames ?? []),
        created_at_ms: now,
        created_by: order.createdBy,
        expires_at_ms: expiresAtMs,
        used_at_ms: null,
        used_by_host_id: null,
        used_key_hash: null,
      })
      .execute();
    const token: EnrolmentToken = {
      id: parseUuid(id),
      secret,
      authorityFingerprint: Buffer.from(authority.fingerprint, "hex"),
      addresses: order.addresses,
      port: order.port,
    };
    return { token: formatEnrolmentToken(token), expiresAtMs };
  }

  async enroll(request: EnrolmentRequest): Promise<EnrolmentOutcome> {
    const { database, authority, certificates, clock, random, certificateDays, names } = this.#needs;
    const token = await this.#findToken(request);
    // The same answer for an unknown token and a wrong secret: neither helps to find the other.
    if (token === undefined) return refused("unknownToken", "this manager has given out no such token");

    let keyHash: string;
    try {
      const key = await checkCertificationRequest(request.certificateRequestPem);
      keyHash = hashOf(key.export({ type: "spki", format: "der" }));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return refused("invalidRequest", error.message);
    }

    const again = token.used_by_host_id !== null;
    if (again && token.used_key_hash !== keyHash) {
      return refused("usedToken", "this token was used by another host: make a new one with `rusuban host token`");
    }
    if (token.expires_at_ms <= clock.now()) {
      return refused("expiredToken", "this token has expired: make a new one with `rusuban host token`");
    }
    const hostId = token.used_by_host_id ?? createUuid({ clock, random });
    const given = again ? await names.givenTo(hostId) : parseNames(token.certificate_names);
    const signed = await names.toSign({ id: hostId, given, address: request.address });
    const issued = await authority.issue({
      peer: { kind: "host", hostId },
      key: { request: request.certificateRequestPem },
      validDays: certificateDays,
      names: signed,
    });

    return database.transaction().execute(async (transaction) => {
      if (again) {
        await certificates.record(transaction, hostId, issued, signed);
        const host = await transaction
          .selectFrom("hosts")
          .select(["name", "revoked_at_ms"])
          .where("id", "=", hostId)
          .executeTakeFirstOrThrow();
        if (host.revoked_at_ms !== null)
          return refused("usedToken", "the host that used this token was removed: make a new token");
        return { enrolled: true, hostId, name: host.name, certificatePem: issued.certificate, again };
      }
      const now = clock.now();
      const claimed = await transaction
        .updateTable("enrolment_tokens")
        .set({ used_at_ms: now, used_by_host_id: hostId, used_key_hash: keyHash })
        .where("id", "=", token.id)
        .where("used_at_ms", "is", null)
        .executeTakeFirst();
      if (claimed.numUpdatedRows === 0n)
        return refused("usedToken", "this token was used a moment ago by another host");
      const name = await freeName(transaction, token.host_name ?? request.facts.hostname);
      await transaction
        .insertInto("hosts")
        .values({
          id: hostId,
          name,
          facts: JSON.stringify(request.facts),
          address: request.address,
          ports: JSON.stringify(request.ports),
          enrolled_at_ms: now,
          last_seen_at_ms: now,
          revoked_at_ms: null,
          // What another host was given since the token was made stays that one's.
          certificate_names: JSON.stringify(given.filter((name) => signed.includes(plainName(name) ?? ""))),
        })
        .execute();
      await certificates.record(transaction, hostId, issued, signed);
      return { enrolled: true, hostId, name, certificatePem: issued.certificate, again };
    });
  }

  /** A new certificate for a host that still has a good one. Throws WireError for a request that is not acceptable. */
  async renew(hostId: string, certificateRequestPem: string, address: string): Promise<string> {
    const { database, authority, certificates, certificateDays, names } = this.#needs;
    const signed = await names.toSign({ id: hostId, given: await names.givenTo(hostId), address });
    const issued = await authority.issue({
      peer: { kind: "host", hostId },
      key: { request: certificateRequestPem },
      validDays: certificateDays,
      names: signed,
    });
    await certificates.record(database, hostId, issued, signed);
    return issued.certificate;
  }

  /** Whether the host should renew at once, because its certificate does not carry what it would now. */
  async hasOtherNames(hostId: string, { serial, address }: { serial: string; address: string }): Promise<boolean> {
    const { certificates, clock, names } = this.#needs;
    const shown = await certificates.find(serial);
    if (shown === undefined || clock.now() - shown.issuedAtMs < NAMES_SETTLE_MS) return false;
    const signed = await names.toSign({ id: hostId, given: await names.givenTo(hostId), address });
    return JSON.stringify(signed) !== shown.names;
  }

  async #findToken({ tokenId, tokenSecret }: EnrolmentRequest) {
    const row = await this.#needs.database
      .selectFrom("enrolment_tokens")
      .selectAll()
      .where("id", "=", formatUuid(tokenId))
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const isRight = timingSafeEqual(Buffer.from(row.secret_hash, "hex"), Buffer.from(hashOf(tokenSecret), "hex"));
    return isRight ? row : undefined;
  }
}

function refused(code: Extract<EnrolmentOutcome, { enrolled: false }>["code"], reason: string): EnrolmentOutcome {
  return { enrolled: false, code, reason };
}

function hashOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** `web1`, or `web1-2` where there is a web1 already. What a host calls itself is not trusted to be a name. */
async function freeName(database: Database, wanted: string): Promise<string> {
  const base =
    wanted
      .replaceAll(/[^\p{L}\p{N} ._-]/gu, "")
      .replace(/^[^\p{L}\p{N}]+/u, "")
      .slice(0, 100) || "host";
  const taken = await database
    .selectFrom("hosts")
    .select("name")
    .where((is) => is.or([is("name", "=", base), beginsWithText("name", `${base}-`)]))
    .execute();
  const names = new Set(taken.map(({ name }) => name));
  for (let number = 2, name = base; ; number++, name = `${base}-${number - 1}`) if (!names.has(name)) return name;
}
