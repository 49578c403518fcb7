import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../runtime/fake-clock.ts";
import { systemRandom } from "../runtime/random.ts";
import { EXIT } from "./output.ts";
import { LATE_MS, makeStore, PASSPHRASE, runStore, useFolders } from "./store-command-fixture.ts";
import { retentionReason } from "./store-reasons.ts";

const folder = useFolders();
const DAY_MS = 86_400_000;

/** A store with a snapshot a day, oldest first. */
async function setUp(days: number) {
  const top = folder();
  const store = join(top, "store");
  const data = join(top, "data");
  await makeStore(store);
  const ids: string[] = [];
  for (let day = 0; day < days; day++) {
    writeFileSync(data, `day ${day} `.repeat(2_000));
    const clock = new FakeClock(LATE_MS - (days - 1 - day) * DAY_MS);
    const made = await runStore(["backup", store, data, "--tag", `t${day}`, "--json"], { clock });
    ids.push((made.data as { snapshot: { id: string } }).snapshot.id);
  }
  return { store, data, ids };
}

interface Decisions {
  readonly decisions: readonly { id: string; keep: boolean; reasons: readonly string[] }[];
}

const listed = async (store: string) =>
  ((await runStore(["snapshots", store, "--json"])).data as { snapshots: { id: string; hold: string | null }[] })
    .snapshots;

describe("store snapshots", () => {
  it("lists them oldest first, in a table or as JSON, filtered", async () => {
    const { store, data, ids } = await setUp(2);
    const { stdout } = await runStore(["snapshots", store]);
    expect(stdout).toMatch(/^ID +HOST +WHEN +FILES +SIZE +ADDED +PROBLEMS +TAGS +PATHS\n/);
    expect(stdout.trimEnd().split("\n")).toHaveLength(3);
    expect(stdout.trimEnd().endsWith(data)).toBe(true);
    expect((await listed(store)).map(({ id }) => id)).toEqual(ids);
    const tagged = await runStore(["snapshots", store, "--tag", "t0", "--json"]);
    expect(tagged.data).toMatchObject({ snapshots: [{ id: ids[0], tags: ["t0"], hold: null }] });
    expect((await runStore(["snapshots", store, "--host", "nobody"])).stderr).toContain("rusuban store backup");
  });

  it("takes a beginning of an id that only one has", async () => {
    const { store, ids } = await setUp(2);
    const [first = "", second = ""] = ids;
    let common = 0;
    while (first[common] === second[common]) common++;
    const ls = (ref: string) => runStore(["ls", store, ref, "--json"]);
    expect((await ls(first.slice(0, common + 1))).data).toMatchObject({ snapshot: first });
    expect((await ls(second.slice(0, common + 1).toUpperCase())).data).toMatchObject({ snapshot: second });
    const many = await ls(first.slice(0, common));
    expect(many.error).toMatchObject({ code: "ambiguous", hint: expect.stringContaining("give one of: ") });
    expect((await ls("zzzz")).error.code).toBe("not-found");
  });
});

describe("store forget", () => {
  it("explains each decision with --dry-run and changes nothing", async () => {
    const { store, ids } = await setUp(4);
    const line = ["forget", store, "--keep-last", "1", "--keep-tag", "t1", "--time-zone", "UTC", "--dry-run"];
    const { stdout, stderr, exitCode } = await runStore(line);
    expect(stdout).toMatch(/^DECISION +ID +HOST +WHEN +PATHS +WHY\n/);
    expect(stdout).toMatch(/\nkeep .* tag: t1\n/);
    expect(stdout).toMatch(/\nforget .* no rule keeps it\n/);
    expect([stderr, exitCode]).toEqual(["snapshots that would be forgotten: 2, kept: 2\n", EXIT.done]);
    const { decisions } = (await runStore([...line, "--json"])).data as Decisions;
    expect(decisions.map(({ keep }) => keep)).toEqual([false, true, false, true]);
    expect((await listed(store)).map(({ id }) => id)).toEqual(ids);
  });

  it("keeps by days and by duration", async () => {
    const { store } = await setUp(4);
    const kept = async (...rules: readonly string[]) =>
      ((await runStore(["forget", store, ...rules, "--dry-run", "--json"])).data as Decisions).decisions.filter(
        ({ keep }) => keep,
      ).length;
    expect(await kept("--keep-daily", "3", "--time-zone", "UTC")).toBe(3);
    expect(await kept("--keep-within", "1d")).toBe(2);
    const wrong = await runStore(["forget", store, "--keep-within", "soon", "--json"]);
    expect([wrong.exitCode, wrong.error.message]).toEqual([EXIT.usage, expect.stringContaining("soon")]);
  });

  it("asks first, does it with --yes or once it was agreed to, and gives back the space with --gc", async () => {
    const { store, ids } = await setUp(3);
    const line = ["forget", store, "--keep-last", "1"];
    expect((await runStore([...line, "--json"])).error.code).toBe("not-confirmed");
    expect((await runStore(line, { ask: async () => "no" })).exitCode).toBe(EXIT.failed);
    expect(await listed(store)).toHaveLength(3);
    const done = await runStore([...line, "--gc", "--json"], { ask: async () => "yes" });
    expect(done.data).toMatchObject({ dryRun: false, collected: { packsDeleted: expect.any(Number) } });
    expect((await listed(store)).map(({ id }) => id)).toEqual([ids[2]]);
  });

  it("forgets what is named, but nothing that is on hold", async () => {
    const { store, ids } = await setUp(3);
    const [first = "", second = "", third = ""] = ids;
    expect((await runStore(["hold", store, first, "--reason", "audit 監査"])).stdout).toContain(`${first}: on hold`);
    expect((await listed(store)).map(({ hold }) => hold)).toEqual(["audit 監査", null, null]);
    expect((await runStore(["snapshots", store])).stdout).toContain("t0 (held)");
    const refused = await runStore(["forget", store, first, second, "--yes", "--json"]);
    expect(refused.error).toMatchObject({ code: "on-hold", message: expect.stringContaining("audit 監査") });
    expect(await listed(store)).toHaveLength(3);
    const planned = await runStore(["forget", store, "--keep-last", "1", "--yes"]);
    expect(planned.stdout).toContain("on hold: audit 監査");
    expect((await listed(store)).map(({ id }) => id)).toEqual([first, third]);
    expect((await runStore(["unhold", store, first])).exitCode).toBe(EXIT.done);
    const forgotten = await runStore(["forget", store, first, "--yes"]);
    expect(forgotten.stderr).toContain("snapshots forgotten: 1, kept: 1\n");
    expect(forgotten.stderr).toContain("`rusuban store gc");
    expect((await listed(store)).map(({ id }) => id)).toEqual([third]);
  });

  it("refuses to guess: neither snapshots nor rules, or both", async () => {
    const { store, ids } = await setUp(1);
    const codes = [];
    for (const args of [[], [ids[0] ?? "", "--keep-last", "1"]]) {
      const { error, exitCode } = await runStore(["forget", store, ...args, "--yes", "--json"]);
      codes.push([error.code, exitCode]);
    }
    expect(codes).toEqual(Array(2).fill(["usage", EXIT.usage]));
  });

  it("gives every reason of the store in Japanese", async () => {
    const { store, ids } = await setUp(12);
    await runStore(["hold", store, ids[0] ?? ""]);
    await runStore(["hold", store, ids[1] ?? "", "--reason", "監査"]);
    const rules = ["last", "hourly", "daily", "weekly", "monthly", "yearly"].flatMap((rule) => [`--keep-${rule}`, "1"]);
    const line = ["forget", store, ...rules, "--keep-within", "2d", "--keep-tag", "t3", "--dry-run", "--json"];
    const { decisions } = (await runStore(line)).data as Decisions;
    const reasons = new Set(decisions.flatMap((decision) => decision.reasons));
    expect(reasons.size).toBeGreaterThan(8);
    for (const reason of [...reasons, "no rule is given", "weekly: before the rush in 2026-W09"])
      expect(retentionReason(reason, "ja"), reason).toMatch(/[\p{sc=Han}\p{sc=Katakana}]/u);
    for (const reason of reasons) expect(retentionReason(reason, "en")).toBe(reason);
  });
});

describe("store gc and stats", () => {
  it("count what is there and give back what nobody needs", async () => {
    const { store, ids } = await setUp(2);
    const before = (await runStore(["stats", store, "--json"])).data as { snapshots: number; packs: number };
    expect(before).toMatchObject({ snapshots: 2, bytes: 24_000, packs: expect.any(Number) });
    await runStore(["forget", store, ids[0] ?? "", "--yes"]);
    const planned = await runStore(["gc", store, "--dry-run", "--json"]);
    expect(planned.data).toMatchObject({ dryRun: true, packsDeleted: expect.any(Number) });
    expect((await runStore(["gc", store])).stdout).toMatch(/^freed [\d.]+ \w+: [1-9]\d* packs deleted/);
    const { stdout } = await runStore(["stats", store]);
    expect(stdout).toMatch(/^Snapshots +1\nSize of all snapshots, as restored +12 kB\nSize of the store +/);
    expect(((await runStore(["stats", store, "--json"])).data as { packs: number }).packs).toBeLessThan(before.packs);
  });
});

describe("store check", () => {
  it("finds a good store in order, and reads what was asked for", async () => {
    const { store } = await setUp(1);
    const structure = await runStore(["check", store]);
    expect([structure.exitCode, structure.stdout]).toEqual([
      EXIT.done,
      expect.stringMatching(/^in order \(snapshots 1, /),
    ]);
    expect(structure.stderr).toContain("--read-data reads them");
    const whole = await runStore(["check", store, "--read-data", "--json"]);
    expect(whole.data).toMatchObject({ problems: [], snapshots: 1, packsNeverVerified: 0 });
    expect((await runStore(["check", store, "--max-time", "10m"])).exitCode).toBe(EXIT.done);
    expect((await runStore(["check", store, "--max-time", "soon"])).exitCode).toBe(EXIT.usage);
  });

  it("names what is damaged, which files and snapshots it touches, and exits with 1", async () => {
    const { store, data } = await setUp(1);
    writeFileSync(data, systemRandom(64 * 1024));
    const made = await runStore(["backup", store, data, "--json"]);
    const ids = [(made.data as { snapshot: { id: string } }).snapshot.id];
    damagePacks(store);
    const { stdout, stderr, exitCode } = await runStore(["check", store, "--read-data"]);
    expect(exitCode).toBe(EXIT.failed);
    expect(stdout).toMatch(/^damaged {2}packs\/data\//m);
    expect(stdout).toContain(`    snapshots ${ids[0]}\n`);
    expect(stdout).toContain(`    ${data}\n`);
    expect(stderr).toContain("--repair --dry-run");
    const report = (await runStore(["check", store, "--read-data", "--json"])).data;
    const problem = { kind: "damaged", snapshots: ids, files: [{ path: data, isDirectory: false, snapshots: ids }] };
    expect(report).toMatchObject({ problems: expect.arrayContaining([expect.objectContaining(problem)]) });
  });
});

describe("store check --repair", () => {
  it("says with --dry-run what it would mend, mends it, and exits with 0", async () => {
    const { store, data } = await setUp(1);
    writeFileSync(data, systemRandom(64 * 1024));
    await runStore(["backup", store, data]);
    damagePacks(store);
    const planned = await runStore(["check", store, "--repair", "--dry-run"]);
    expect(planned.stdout).toMatch(/^mended {2}packs\/data\//m);
    expect(planned.stdout).toContain("repairs to be made: ");
    expect((await runStore(["check", store, "--read-data"])).exitCode).toBe(EXIT.failed);
    const mended = await runStore(["check", store, "--repair", "--json"]);
    const actions = expect.arrayContaining([expect.objectContaining({ kind: "mended" })]);
    expect([mended.exitCode, mended.data]).toEqual([EXIT.done, expect.objectContaining({ actions, left: [] })]);
    expect((await runStore(["check", store, "--read-data"])).exitCode).toBe(EXIT.done);
    expect((await runStore(["check", store, "--repair"])).stdout).toBe("nothing to repair\n");
  });

  it("names what was lost, restores the rest, and exits with 3", async () => {
    const { store, data, ids } = await setUp(1);
    writeFileSync(`${data}2`, systemRandom(256 * 1024));
    await runStore(["backup", store, `${data}2`]);
    damagePacks(store, { bytes: 128 * 1024 });
    const repaired = await runStore(["check", store, "--repair"]);
    expect([repaired.exitCode, repaired.stdout]).toEqual([EXIT.partly, expect.stringContaining(`    ${data}2\n`)]);
    const line = ["restore", store, "--to", `${data}-restored`, "--json"];
    const lost = await runStore([...line, "latest"]);
    expect([lost.exitCode, lost.data]).toEqual([EXIT.partly, expect.objectContaining({ problemCount: 1 })]);
    expect((await runStore([...line, ids[0] ?? ""])).exitCode).toBe(EXIT.done);
  });
});

/** Flips bytes in the middle of every long data pack: in the body. */
function damagePacks(store: string, { bytes: length = 1 } = {}): void {
  const folder = join(store, "packs", "data");
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!/[0-9a-f]{32}$/.test(name)) continue;
    const bytes = readFileSync(join(folder, name));
    if (bytes.length < 32 * 1024) continue;
    const middle = Math.floor((bytes.length - length) / 2);
    for (let at = middle; at < middle + length; at++) bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    writeFileSync(join(folder, name), bytes);
  }
}

describe("store key", () => {
  it("adds a passphrase, lists keys, and removes the old one without writing data anew", async () => {
    const { store } = await setUp(1);
    const keysOf = async (passphrase: string) =>
      (await runStore(["key", "list", store, "--json"], { env: { RUSUBAN_PASSPHRASE: passphrase } })).data as {
        keys: { key: string; inUse: boolean }[];
      };
    const [first] = (await keysOf(PASSPHRASE)).keys;
    const env = { RUSUBAN_PASSPHRASE: PASSPHRASE, RUSUBAN_NEW_PASSPHRASE: "another" };
    const added = (await runStore(["key", "add", store, "--json"], { env })).data as { key: string };
    expect((await keysOf("another")).keys).toEqual(
      [
        { key: first?.key, inUse: false },
        { key: added.key, inUse: true },
      ].sort((a, b) => ((a.key ?? "") < (b.key ?? "") ? -1 : 1)),
    );
    const own = await runStore(["key", "remove", store, first?.key ?? "", "--yes", "--json"]);
    expect([own.error.code, own.exitCode]).toEqual(["key-in-use", EXIT.usage]);
    const world = { env: { RUSUBAN_PASSPHRASE: "another" } };
    const remove = ["key", "remove", store, first?.key ?? "", "--json"];
    expect((await runStore([...remove, "--dry-run"], world)).data).toEqual({ key: first?.key, removed: false });
    expect((await runStore(remove, world)).error.code).toBe("not-confirmed");
    expect((await runStore([...remove, "--yes"], world)).data).toEqual({ key: first?.key, removed: true });
    expect((await runStore(["stats", store, "--json"])).error.code).toBe("wrong-passphrase");
    expect((await runStore(["check", store, "--read-data"], world)).exitCode).toBe(EXIT.done);
    expect((await runStore(["key", "remove", store, "zz", "--yes", "--json"], world)).error.code).toBe("not-found");
  });
});
