import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ApiClient } from "../../api/client.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { type ApiFixture, clientOf, createApiFixture, FROM_OUR_PAGE, identifyAs } from "./api-fixture.ts";

let clock: FakeClock;
let fixture: ApiFixture;
let administrator: ApiClient;
beforeEach(async () => {
  clock = new FakeClock();
  fixture = await createApiFixture({ clock, identify: identifyAs("administrator") });
  administrator = clientOf(fixture.administration);
});
afterEach(() => fixture.close());

async function signIn(account: string) {
  const { token } = await administrator.signInLink({ body: { account } });
  const response = await fixture.console.inject({
    ...{ method: "POST", url: "/api/v1/session/link", payload: { token }, headers: FROM_OUR_PAGE },
  });
  expect(response.statusCode).toBe(200);
  const cookie = String(response.headers["set-cookie"]).split(";", 1)[0] ?? "";
  return { cookie, client: clientOf(fixture.console, { ...FROM_OUR_PAGE, cookie }) };
}

const disable = (account: string, disabled = true, as = administrator) =>
  as.accountChange({ params: { account }, body: { disabled } });

describe("accounts", () => {
  it("are listed by name, with where they are signed in", async () => {
    expect(await administrator.accountList({})).toEqual({ items: [] });
    await signIn("tanaka");
    await signIn("tanaka");
    await administrator.signInLink({ body: { account: "sato", role: "viewer" } });
    const { items } = await administrator.accountList({});
    const atMs = clock.now();
    expect(items).toEqual([
      {
        ...{ name: "sato", role: "viewer", hasPassword: false, createdAtMs: atMs, disabledAtMs: null },
        ...{ sessions: 0, lastUsedAtMs: null },
      },
      {
        ...{ name: "tanaka", role: "administrator", hasPassword: false, createdAtMs: atMs, disabledAtMs: null },
        ...{ sessions: 2, lastUsedAtMs: atMs },
      },
    ]);
  });

  it("that are disabled can do nothing any more, at once: no session, no link made before, no password, no new link", async () => {
    const { client } = await signIn("tanaka");
    await client.passwordSet({ body: { password: "correct horse battery" } });
    const { token } = await administrator.signInLink({ body: { account: "tanaka" } });
    expect(await disable("tanaka")).toMatchObject({ disabledAtMs: clock.now(), sessions: 0 });
    await expect(client.sessionShow()).rejects.toMatchObject({ code: "unauthenticated" });
    const ways = [
      ["link", { token }],
      ["password", { name: "tanaka", password: "correct horse battery" }],
    ] as const;
    for (const [way, payload] of ways) {
      const url = `/api/v1/session/${way}`;
      const response = await fixture.console.inject({ method: "POST", url, payload, headers: FROM_OUR_PAGE });
      expect(response.statusCode).toBe(401);
    }
    await expect(administrator.signInLink({ body: { account: "tanaka" } })).rejects.toMatchObject({
      code: "conflict",
    });
  });

  it("that are enabled again sign in anew, with the password they had", async () => {
    const { client } = await signIn("tanaka");
    await client.passwordSet({ body: { password: "correct horse battery" } });
    await disable("tanaka");
    expect(await disable("tanaka", false)).toMatchObject({ disabledAtMs: null, hasPassword: true });
    await expect(client.sessionShow()).rejects.toMatchObject({ code: "unauthenticated" });
    const payload = { name: "tanaka", password: "correct horse battery" };
    const url = "/api/v1/session/password";
    expect((await fixture.console.inject({ method: "POST", url, payload, headers: FROM_OUR_PAGE })).statusCode).toBe(
      200,
    );
  });

  it("lose their event streams in the same moment, and others keep theirs", async () => {
    await fixture.console.listen({ host: "127.0.0.1", port: 0 });
    const { port } = fixture.console.server.address() as AddressInfo;
    const open = async (account: string) => {
      const { cookie } = await signIn(account);
      const stream = await fetch(`http://127.0.0.1:${port}/api/v1/events`, { headers: { cookie } });
      expect(stream.status).toBe(200);
      const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
      await reader.read(); // "ready"
      return reader;
    };
    const [theirs, others] = [await open("tanaka"), await open("sato")];
    await disable("tanaka");
    expect((await theirs.read()).done).toBe(true);
    fixture.hub.publish({ kind: "host-removed", hostId: "0193a4b2-0000-7000-8000-000000000001" } as never);
    expect((await others.read()).done).toBe(false);
    await others.cancel();
  });

  it("are not disabled from their own session, and only by administrators; who did it is in the audit trail", async () => {
    const { client } = await signIn("tanaka");
    await expect(disable("tanaka", true, client)).rejects.toMatchObject({ code: "conflict" });
    await expect(disable("nobody")).rejects.toMatchObject({ code: "not-found" });
    await administrator.signInLink({ body: { account: "sato" } });
    await disable("sato", true, client);
    const trail = await fixture.database
      .selectFrom("audit_entries")
      .select(["actor", "subject", "details"])
      .where("action", "=", "account.change")
      .execute();
    expect(trail.map(({ details, ...row }) => ({ ...row, ...JSON.parse(details) }))).toEqual([
      { actor: "tanaka", subject: "tanaka", disabled: true, outcome: "conflict" },
      { actor: "the administrator", subject: "nobody", disabled: true, outcome: "not-found" },
      { actor: "tanaka", subject: "sato", disabled: true, outcome: "done" },
    ]);
    const operator = await createApiFixture({ clock, identify: identifyAs("operator") });
    await expect(clientOf(operator.administration).accountList({})).rejects.toMatchObject({ code: "forbidden" });
    await operator.close();
  });
});
