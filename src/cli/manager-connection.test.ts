import { chmod, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTestAuthority } from "../net/loopback-fixture.ts";
import { systemClock } from "../runtime/clock.ts";
import { ADMINISTRATOR, type LoopbackManager, openLoopbackManager } from "./loopback-manager.ts";
import { openManagerApi } from "./manager-connection.ts";
import { EXIT } from "./output.ts";
import { runRecorded } from "./run-recorded.ts";
import { sampleAlert, sampleHost, sampleStatus } from "./sample-data.ts";
import type { World } from "./world.ts";

let loopback: LoopbackManager;
beforeAll(async () => {
  loopback = await openLoopbackManager();
  loopback.manager.overrides = { status: () => sampleStatus() };
});
beforeEach(() => loopback.writeFolder());
afterAll(() => loopback.remove());

/** Runs a command over the real connection. */
function call(
  args: readonly string[],
  { data = loopback.dataDirectory, ...rest }: { data?: string } & Partial<World> = {},
) {
  return runRecorded([...args, "--data", data], {
    openApi: (options) => openManagerApi({ ...options, clock: systemClock }),
    ...rest,
  });
}

const file = (name: string) => join(loopback.dataDirectory, "administrator", name);

describe("the way to the manager", () => {
  it("is found in the data folder, and carries questions and answers", async () => {
    loopback.manager.hosts = [sampleHost()];
    expect((await call(["status", "--json"])).data).toEqual(sampleStatus());
    expect((await call(["host", "rename", "web1", "フロント", "--json"])).data).toMatchObject({ name: "フロント" });
  });

  it("carries the manager's refusals", async () => {
    loopback.manager.hosts = [];
    expect((await call(["host", "show", "web9", "--json"])).error.code).toBe("not-found");
  });

  it("carries events as they come", async () => {
    const alert = sampleAlert();
    loopback.manager.eventConnections = [{ messages: [["e1", { kind: "alert", alert }]], ending: "end" }];
    const controller = new AbortController();
    const { stdout, exitCode } = await call(["alert", "follow", "--json"], {
      interruption: () => controller.signal,
      clock: {
        ...systemClock,
        after(_, callback) {
          controller.abort(); // Ctrl-C while it waits to connect again.
          return systemClock.after(0, callback);
        },
      },
    });
    expect(JSON.parse(stdout)).toEqual({ id: "e1", kind: "alert", alert });
    expect(exitCode).toBe(EXIT.interrupted);
  });
});

describe("where there is no way", () => {
  it("says that nothing has been set up in the folder", async () => {
    const recorded = await call(["status", "--json"], { data: "/nonexistent/rusuban" });
    expect([recorded.exitCode, recorded.error]).toEqual([
      EXIT.failed,
      {
        code: "no-manager",
        message: "/nonexistent/rusuban: no manager has been set up here",
        hint: "`rusuban up` sets one up for this computer; --data DIR names another data folder",
      },
    ]);
  });

  it.each(["identity.pem", "manager.json"])("says the same where %s is missing", async (name) => {
    await rm(file(name));
    expect((await call(["status", "--json"])).error.code).toBe("no-manager");
  });

  it("names flow, address and port of a manager that does not run, in both languages", async () => {
    const stopped = await openLoopbackManager();
    await stopped.writeFolder();
    await stopped.stop();
    try {
      const english = await call(["status"], { data: stopped.dataDirectory });
      expect(english.stderr).toBe(
        `rusuban: the manager cannot be reached: administration to 127.0.0.1:${stopped.port}: refused: nothing listens there, or a firewall rejects it\n` +
          "  start it with `rusuban up` or `rusuban manager run`; `rusuban ports explain administration` tells what the port is for\n",
      );
      expect([english.stdout, english.exitCode]).toEqual(["", EXIT.failed]);
      const japanese = await call(["status", "--lang", "ja"], { data: stopped.dataDirectory });
      expect(japanese.stderr).toMatch(/マネージャに接続できません: administration\(127\.0\.0\.1:\d+\)/);
      const recorded = await call(["status", "--json"], { data: stopped.dataDirectory });
      expect(recorded.error.code).toBe("manager-unreachable");
    } finally {
      await stopped.remove();
    }
  });

  it("says that another manager answers there", async () => {
    await loopback.writeFolder({ managerId: "m2" });
    const { error } = await call(["status", "--json"]);
    expect(error.code).toBe("certificate");
    expect(error.message).toContain("manager m1 answers there, expected manager m2");
    expect(error.hint).toContain("rusuban manager init");
  });

  it("says that the manager is of another authority", async () => {
    const other = await createTestAuthority();
    try {
      await loopback.writeFolder({ identity: await other.identify(ADMINISTRATOR) });
      const { error } = await call(["status", "--json"]);
      expect(error).toMatchObject({ code: "certificate", message: expect.stringContaining("not of our authority") });
    } finally {
      await other.remove();
    }
  });

  it("says that the certificate has expired, before asking", async () => {
    const identity = await loopback.authority.identify(ADMINISTRATOR, { shiftMs: -60 * 86_400_000, validDays: 1 });
    await loopback.writeFolder({ identity });
    const { error } = await call(["status", "--json"]);
    expect(error).toMatchObject({
      code: "certificate",
      message: expect.stringMatching(/identity\.pem.* expired at 20/),
    });
  });

  it("is refused to a certificate that is not an administrator's", async () => {
    const identity = await loopback.authority.identify({ kind: "host", hostId: "web1" });
    await loopback.writeFolder({ identity });
    const { error, exitCode } = await call(["status", "--json"]);
    expect([error.code, exitCode]).toEqual(["manager-unreachable", EXIT.failed]);
    expect(error.message).toContain("its log says why");
  });

  it("is a matter of settings where others may read the key", async () => {
    await chmod(file("identity.pem"), 0o644);
    const { error, exitCode } = await call(["status", "--json"]);
    expect([error.code, exitCode]).toEqual(["settings", EXIT.usage]);
    expect(error.message).toContain("chmod 600");
    await chmod(file("identity.pem"), 0o600);
  });

  it.each(["", "{}", "not JSON", '{"address":"x","port":0,"managerId":"m"}'])(
    "says that manager.json is damaged: %j",
    async (text) => {
      await writeFile(file("manager.json"), text);
      expect((await call(["status", "--json"])).error.code).toBe("corruption");
    },
  );

  it.skipIf(process.getuid?.() === 0)("says that one may not read the folder, and who may", async () => {
    await chmod(join(loopback.dataDirectory, "administrator"), 0);
    const { error } = await call(["status", "--json"]);
    await chmod(join(loopback.dataDirectory, "administrator"), 0o700);
    expect(error).toMatchObject({ code: "not-permitted", hint: expect.stringContaining("sudo") });
  });
});
