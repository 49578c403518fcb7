import type snmp from "net-snmp";
import { PeerError, WireError } from "../../runtime/errors.ts";
import { openSnmpSession, type RawVarbind, type SnmpPeer } from "./session.ts";
import { type Binding, type SnmpValue, toBinding } from "./value.ts";

// Reading objects and tables of one server (RFC 3416). A table is read column by column side by side; it ends where the
// server says so, or where a bound is met, since who answers may never come to an end.

/** Objects of one request: 484 bytes, what every server must take (RFC 3417 §3.2), hold about as many names. */
const OBJECTS_PER_REQUEST_MAX = 16;
/** Objects of one answer that is asked for; the server sends fewer where its datagram is full. */
const OBJECTS_PER_ANSWER_MAX = 64;
/** Requests for one table: 1,000 rows of eight columns take 125. */
export const TABLE_REQUESTS_MAX = 512;
/** Names and values of one table. */
export const TABLE_BYTES_MAX = 1024 * 1024;
/** RFC 2578 §3.5: at most 128 numbers; text of so many has about as many characters. */
const NAME_CHARACTERS_MAX = 1_408;

/** By the rest of the name after the column (RFC 2578 §7.7), and then by column. */
export type SnmpRows = ReadonlyMap<string, ReadonlyMap<string, SnmpValue>>;

export interface SnmpTable {
  readonly rows: SnmpRows;
  /** The server had more, and a bound was met. */
  readonly isCut: boolean;
}

/** Rejects with ConnectError, PeerError, WireError. */
export interface SnmpClient {
  /** What is not there is null. */
  get(oids: readonly string[]): Promise<ReadonlyMap<string, SnmpValue | null>>;
  table(columns: readonly string[], options: { readonly rowsMax: number }): Promise<SnmpTable>;
  close(): void;
}

export async function openSnmpClient(peer: SnmpPeer): Promise<SnmpClient> {
  const session = await openSnmpSession(peer);
  const isOld = peer.access.version === "1";

  async function getSome(oids: readonly string[]): Promise<Binding[]> {
    try {
      const answer = await session.ask<RawVarbind[]>((raw, done) => raw.get([...oids], done as snmp.GetSetCallback));
      return answer.map(toBinding);
    } catch (error) {
      if (!isNoSuchName(error)) throw error;
      // Version 1 refuses the whole where one is missing (RFC 1157 §4.1.2).
      const [only, ...others] = oids;
      if (only === undefined || others.length === 0) return oids.map((oid) => ({ oid, value: null }));
      const found: Binding[] = [];
      for (const oid of oids) found.push(...(await getSome([oid])));
      return found;
    }
  }

  /** What follows each name, some for each; an empty list where nothing does. */
  async function next(oids: readonly string[]): Promise<Binding[][]> {
    if (!isOld) {
      const each = Math.max(1, Math.floor(OBJECTS_PER_ANSWER_MAX / oids.length));
      const answer = await session.ask<(RawVarbind | RawVarbind[])[]>((raw, done) =>
        raw.getBulk([...oids], 0, each, done as unknown as snmp.GetBulkCallback),
      );
      return oids.map((_, place) => [answer[place] ?? []].flat().slice(0, each).map(toBinding));
    }
    try {
      const answer = await session.ask<RawVarbind[]>((raw, done) =>
        raw.getNext([...oids], done as snmp.GetSetCallback),
      );
      return oids.map((_, place) => [answer[place] ?? []].flat().map(toBinding));
    } catch (error) {
      if (!isNoSuchName(error)) throw error;
      if (oids.length <= 1) return oids.map(() => []);
      const found: Binding[][] = [];
      for (const oid of oids) found.push(...(await next([oid])));
      return found;
    }
  }

  return {
    async get(oids) {
      const found = new Map<string, SnmpValue | null>();
      for (let start = 0; start < oids.length; start += OBJECTS_PER_REQUEST_MAX) {
        const asked = oids.slice(start, start + OBJECTS_PER_REQUEST_MAX);
        const bindings = await getSome(asked);
        for (const [place, oid] of asked.entries()) {
          const got = bindings[place];
          if (got?.oid !== oid) throw new WireError(oid, `answered with ${got?.oid ?? "nothing"}`);
          found.set(oid, got.value);
        }
      }
      return found;
    },

    async table(columns, { rowsMax }) {
      const rows = new Map<string, Map<string, SnmpValue>>();
      let bytes = 0;
      let isCut = false;
      let open = columns.map((column) => ({ column, last: column }));
      for (let requests = 0; open.length > 0; requests += 1) {
        if (requests === TABLE_REQUESTS_MAX) return { rows, isCut: true };
        const answer = await next(open.map(({ last }) => last));
        if (!isOld && answer.every((some) => some.length === 0)) throw new WireError("", "an answer with no objects");
        const further: typeof open = [];
        for (const [place, { column, last }] of open.entries()) {
          let at = last;
          let goesOn = answer[place] !== undefined && (!isOld || answer[place].length > 0);
          for (const { oid, value } of answer[place] ?? []) {
            goesOn = value !== null && oid.startsWith(`${column}.`);
            if (!goesOn || value === null) break;
            follow(at, oid);
            const index = oid.slice(column.length + 1);
            const row = rows.get(index) ?? new Map<string, SnmpValue>();
            bytes += index.length + (typeof value.value === "object" ? value.value.length : 8);
            if ((row.size === 0 && rows.size >= rowsMax) || bytes > TABLE_BYTES_MAX) {
              isCut = true;
              goesOn = false;
              break;
            }
            rows.set(index, row.set(column, value));
            at = oid;
          }
          if (goesOn) further.push({ column, last: at });
        }
        open = further;
      }
      return { rows, isCut };
    },

    close: () => session.close(),
  };
}

function isNoSuchName(error: unknown): boolean {
  return error instanceof PeerError && error.code === "NoSuchName";
}

/** Who goes round in circles is not followed (RFC 3416 §4.2.2: the lexicographical successor). */
function follow(before: string, oid: string): void {
  if (oid.length > NAME_CHARACTERS_MAX) throw new WireError(`${oid.slice(0, 64)}…`, "a name of too many numbers");
  const [one, other] = [before, oid].map((text) => text.split("."));
  for (const [place, number] of (other ?? []).entries()) {
    const rival = one?.[place];
    if (rival === undefined || Number(number) > Number(rival)) return;
    if (Number(number) < Number(rival)) break;
  }
  throw new WireError(oid, `does not follow ${before}: the server does not count upwards`);
}
