import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ApiError } from "../../api/api-error.ts";
import type { ApiClient } from "../../api/client.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import {
  type ApiFixture,
  clientOf,
  createApiFixture,
  FROM_OUR_PAGE,
  identifyAs,
  SESSION_SECONDS,
} from "./api-fixture.ts";
import { SESSION_TIMES } from "./limits.ts";

let clock: FakeClock;
let fixture: ApiFixture;
let administrator: ApiClient;
beforeEach(async () => {
  clock = new FakeClock();
  fixture = await createApiFixture({ clock, identify: identifyAs("administrator") });
  administrator = clientOf(fixture.administration);
});
afterEach(() => fixture.close());

const PASSWORD = "correct horse battery";

async function linkFor(account: string, role?: "viewer" | "operator") {
  return administrator.signInLink({ body: { account, ...(role === undefined ? {} : { role }) } });
}

/** Signs in as a browser does; gives the client that holds the cookie, and the whole Set-Cookie line. */
async function signIn(path: "link" | "password", payload: object) {
  const url = `/api/v1/session/${path}`;
  const response = await fixture.console.inject({ method: "POST", url, payload, headers: FROM_OUR_PAGE });
  if (response.statusCode !== 200) throw new Error(`${response.statusCode} ${response.body}`);
  const line = String(response.headers["set-cookie"]);
  const cookie = line.split(";", 1)[0] ?? "";
  return { line, cookie, client: clientOf(fixture.console, { ...FROM_OUR_PAGE, cookie }) };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "no error";
  } catch (error) {
    return error instanceof ApiError ? error.code : String(error);
  }
}

describe("a sign-in link", () => {
  it("signs in once, with a cookie that scripts and other sites never see", async () => {
    const { token, url } = await linkFor("tanaka");
    expect(url).toBe(`https://manager.example/#sign-in=${token}`);
    const { line, client } = await signIn("link", { token });
    expect(line).toMatch(
      /^__Host-rusuban=[A-Za-z0-9_-]{43}; Path=\/; Max-Age=43200; Secure; HttpOnly; SameSite=Strict$/,
    );
    expect(await client.sessionShow()).toEqual({
      name: "tanaka",
      role: "administrator",
      via: "session",
      hasPassword: false,
      expiresAtMs: clock.now() + SESSION_SECONDS * 1_000,
    });
    await expect(signIn("link", { token })).rejects.toThrow(/^401/);
  });

  it("lets only one of two in who use it at the same moment", async () => {
    const { token } = await linkFor("tanaka");
    const results = await Promise.allSettled([signIn("link", { token }), signIn("link", { token })]);
    expect(results.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  it("expires", async () => {
    const { token } = await linkFor("tanaka");
    await clock.advance(SESSION_TIMES.linkSeconds * 1_000);
    await expect(signIn("link", { token })).rejects.toThrow(/used or has expired/);
  });

  it("keeps its token out of the database, and the session's secret, too", async () => {
    const { token } = await linkFor("tanaka");
    const { cookie } = await signIn("link", { token });
    const rows = await Promise.all([
      fixture.database.selectFrom("sign_in_links").selectAll().execute(),
      fixture.database.selectFrom("sessions").selectAll().execute(),
      fixture.database.selectFrom("audit_entries").selectAll().execute(),
    ]);
    expect(rows.map((table) => table.length)).toEqual([1, 1, 2]);
    expect(JSON.stringify(rows)).not.toContain(token);
    expect(JSON.stringify(rows)).not.toContain(cookie.split("=")[1]);
  });

  it("gives an account that it makes the role asked for, and leaves one that is there as it was", async () => {
    const viewer = (await signIn("link", { token: (await linkFor("sato", "viewer")).token })).client;
    expect(await codeOf(viewer.alertAcknowledge({ body: { ids: ["0193a4b2-0000-7000-8000-000000000001"] } }))).toBe(
      "forbidden",
    );
    const again = (await signIn("link", { token: (await linkFor("sato", "operator")).token })).client;
    expect((await again.sessionShow()).role).toBe("viewer");
  });
});

describe("a session", () => {
  it("ends when it lies idle, and stays while it is used", async () => {
    const { client } = await signIn("link", { token: (await linkFor("tanaka")).token });
    await clock.advance(SESSION_TIMES.idleMs - 1);
    await client.sessionShow();
    await clock.advance(SESSION_TIMES.idleMs - 1);
    await client.sessionShow();
    await clock.advance(SESSION_TIMES.idleMs);
    expect(await codeOf(client.sessionShow())).toBe("unauthenticated");
  });

  it("ends in the end however much it is used", async () => {
    const { client } = await signIn("link", { token: (await linkFor("tanaka")).token });
    const steps = (SESSION_SECONDS * 1_000) / SESSION_TIMES.idleMs;
    for (let step = 0; step < 2 * steps - 1; step++) {
      await clock.advance(SESSION_TIMES.idleMs / 2);
      await client.sessionShow();
    }
    await clock.advance(SESSION_TIMES.idleMs / 2);
    expect(await codeOf(client.sessionShow())).toBe("unauthenticated");
  });

  it("ends with signing out, on the server and in the browser", async () => {
    const { client, cookie } = await signIn("link", { token: (await linkFor("tanaka")).token });
    const headers = { ...FROM_OUR_PAGE, cookie };
    const response = await fixture.console.inject({ method: "DELETE", url: "/api/v1/session", headers });
    expect(response.statusCode).toBe(204);
    expect(response.headers["set-cookie"]).toMatch(/^__Host-rusuban=; Path=\/; Max-Age=0;/);
    expect(await codeOf(client.sessionShow())).toBe("unauthenticated");
  });

  it("ends when its account is disabled", async () => {
    const { client } = await signIn("link", { token: (await linkFor("tanaka")).token });
    await fixture.database.updateTable("accounts").set({ disabled_at_ms: clock.now() }).execute();
    expect(await codeOf(client.sessionShow())).toBe("unauthenticated");
  });
});

describe("a password", () => {
  it("can be set after a sign-in by link, ends the other sessions, and then signs in", async () => {
    const first = await signIn("link", { token: (await linkFor("tanaka")).token });
    const second = await signIn("link", { token: (await linkFor("tanaka")).token });
    await second.client.passwordSet({ body: { password: PASSWORD } });
    expect(await codeOf(first.client.sessionShow())).toBe("unauthenticated");
    expect((await second.client.sessionShow()).hasPassword).toBe(true);
    const third = await signIn("password", { name: "tanaka", password: PASSWORD });
    expect((await third.client.sessionShow()).name).toBe("tanaka");
  });

  it("is changed only by who knows it, until an administrator has it forgotten", async () => {
    const { client } = await signIn("link", { token: (await linkFor("tanaka")).token });
    await client.passwordSet({ body: { password: PASSWORD } });
    expect(await codeOf(client.passwordSet({ body: { password: "another password" } }))).toBe("forbidden");
    expect(await codeOf(client.passwordSet({ body: { current: "wrong", password: "another password" } }))).toBe(
      "forbidden",
    );
    await client.passwordSet({ body: { current: PASSWORD, password: "another password" } });
    await administrator.signInLink({ body: { account: "tanaka", forgetPassword: true } });
    await expect(signIn("password", { name: "tanaka", password: "another password" })).rejects.toThrow(/^401/);
  });

  it("that is wrong, and an account that is not there, sound the same", async () => {
    const { client } = await signIn("link", { token: (await linkFor("tanaka")).token });
    await client.passwordSet({ body: { password: PASSWORD } });
    const say = async (name: string) =>
      String(await signIn("password", { name, password: "wrong" }).catch((error: unknown) => error));
    expect(await say("tanaka")).toBe(await say("nobody"));
  });

  it("may be guessed five times, then a guess has to wait longer each time, even with the right one", async () => {
    const { client } = await signIn("link", { token: (await linkFor("tanaka")).token });
    await client.passwordSet({ body: { password: PASSWORD } });
    const guess = (password: string) => signIn("password", { name: "tanaka", password });
    for (let count = 0; count < 5; count++) await expect(guess("wrong")).rejects.toThrow(/^401/);
    await expect(guess(PASSWORD)).rejects.toThrow(/^429.*try again in 1 seconds/);
    await clock.advance(1_000);
    await expect(guess("wrong")).rejects.toThrow(/^401/);
    await expect(guess(PASSWORD)).rejects.toThrow(/^429.*try again in 2 seconds/);
    await clock.advance(2_000);
    await guess(PASSWORD);
    await guess(PASSWORD);
  });

  it("gains nothing from guessing all at once", async () => {
    const guesses = Array.from({ length: 30 }, () => signIn("password", { name: "tanaka", password: "wrong" }));
    const reasons = (await Promise.allSettled(guesses)).map((result) =>
      String("reason" in result ? result.reason : "in"),
    );
    expect(reasons.filter((reason) => reason.includes("401"))).toHaveLength(5);
    expect(reasons.filter((reason) => reason.includes("429"))).toHaveLength(25);
  });
});

it("writes down who changed what, from where, and what was refused", async () => {
  const { client } = await signIn("link", { token: (await linkFor("tanaka")).token });
  await signIn("password", { name: "tanaka", password: "wrong" }).catch(() => {});
  await client.sessionEnd();
  const rows = await fixture.database
    .selectFrom("audit_entries")
    .select(["actor", "address", "action", "subject", "details"])
    .orderBy("sequence")
    .execute();
  expect(rows.map((row) => [row.actor, row.address, row.action, row.subject, JSON.parse(row.details).outcome])).toEqual(
    [
      ["the administrator", "127.0.0.1", "sign-in-link.create", "tanaka", "done"],
      ["", "127.0.0.1", "session.link", "tanaka", "done"],
      ["", "127.0.0.1", "session.password", "tanaka", "unauthenticated"],
      ["tanaka", "127.0.0.1", "session.end", "", "done"],
    ],
  );
});
