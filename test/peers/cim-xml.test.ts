import { execFile, execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Connections } from "../../src/net/connections.ts";
import { createHttpListener, remoteAddressOf } from "../../src/net/http-listen.ts";
import { createHttpsListener } from "../../src/net/https-listen.ts";
import { createTestAuthority, type TestAuthority, WEB1 } from "../../src/net/loopback-fixture.ts";
import { createAccountGate } from "../../src/protocols/account-gate.ts";
import { createTestModel, SHELF, type TestModel } from "../../src/protocols/cim-xml/model-fixture.ts";
import { type Caller, createCimXmlServer } from "../../src/protocols/cim-xml/server.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { silentLog } from "../../src/runtime/log.ts";
import { systemRandom } from "../../src/runtime/random.ts";
import { tellOfMissingPeer } from "../missing-peer.ts";

// The CIM client of Debian, sblim-wbemcli, against our server: over plain HTTP on the loopback address and over HTTPS.

const TESTS = "wbemcli against our CIM-XML server";

function versionOfWbemcli(): string | undefined {
  try {
    // It prints its usage to stderr and ends with 1 for nearly everything.
    return (
      execFileSync("sh", ["-c", "command -v wbemcli >/dev/null && wbemcli -v 2>&1 || true"]).toString().trim() ||
      undefined
    );
  } catch {
    return undefined;
  }
}

const version = versionOfWbemcli();
if (version === undefined) tellOfMissingPeer({ tests: TESTS, install: "sblim-wbemcli" });
else {
  console.log(version.split("\n")[0]);
  describe(TESTS, { timeout: 60_000 }, () => {
    let authority: TestAuthority;
    let model: TestModel;
    let ports: { readonly http: number; readonly https: number };
    let authorityFile = "";
    const ends: (() => unknown)[] = [];

    beforeAll(async () => {
      authority = await createTestAuthority();
      authorityFile = join(authority.directory, "for-clients.pem");
      writeFileSync(authorityFile, authority.certificate);
      model = createTestModel(systemClock);
      const gate = createAccountGate({
        checkAccount: async (name, password) => name === "ops" && password === "secret",
        ...{ clock: systemClock, random: systemRandom },
      });
      const server = createCimXmlServer({
        manager: model.manager,
        async identify(request): Promise<Caller> {
          const verdict = await gate.check(request.headers.authorization, remoteAddressOf(request));
          if (verdict.kind === "known") return { known: true, user: verdict.name, mayChange: true };
          const headers = { "www-authenticate": 'Basic realm="rusuban"' };
          return { known: false, status: 401, reason: "an account", headers };
        },
        ...{ hostName: "web1", clock: systemClock, random: systemRandom, log: silentLog },
      });
      const common = { host: "127.0.0.1", port: 0, log: silentLog, clock: systemClock };
      const http = createHttpListener({ ...common, flow: "cimXmlLoopback" });
      const https = createHttpsListener({
        ...{
          ...common,
          flow: "cimXml",
          identity: await authority.identify(WEB1, { names: ["localhost", "127.0.0.1"] }),
        },
        ...{ tls: "standard", allow: ["manager", "anonymous"], isRevoked: () => false, connections: new Connections() },
      });
      for (const listener of [http, https]) {
        listener.serverFactory(server.handle);
        await listener.start();
        ends.push(() => listener.stop());
      }
      ends.push(
        () => server.stop(),
        () => authority.remove(),
      );
      ports = { http: http.port, https: https.port };
    });
    afterAll(async () => {
      for (const end of ends) await end();
    });

    /** What it prints; it tells of errors on both, and its exit code says little. */
    function wbemcli(...args: readonly string[]): Promise<string> {
      return new Promise((resolve) => {
        execFile("wbemcli", args, { timeout: 30_000 }, (_, stdout, stderr) => resolve(`${stdout}${stderr}`));
      });
    }

    describe.each(["http", "https"] as const)("over %s", (scheme) => {
      const tls = () => (scheme === "https" ? ["-cacert", authorityFile] : []);
      const place = (rest: string, account = "ops:secret@") =>
        `${scheme}://${account}localhost:${ports[scheme]}/root/cimv2${rest}`;
      const run = (verb: string, rest: string, ...more: string[]) =>
        wbemcli(verb, ...tls(), "-nl", place(rest), ...more);

      it("enumerates instances and their names", async () => {
        expect(await run("ein", ":Test_Book")).toMatch(
          /Test_Book.Number=1\n.*Test_Book.Number=2\n.*Test_Book.Number=3\n/,
        );
        const shelves = await run("ei", ":Test_Shelf");
        expect(shelves).toContain(`-Name="${SHELF.Name}"`);
        expect(shelves).toContain("-Capacity=18446744073709551615");
        expect(shelves).toContain("-Status=2,6");
        expect(shelves).toContain("-Boards=\n"); // The empty shelf's.
      });

      it("gets one, and says what is not there", async () => {
        expect(await run("gi", ":Test_Book.Number=2")).toContain('-Title="book 2"');
        expect(await run("gi", ":Test_Book.Number=77")).toContain("(6) CIM_ERR_NOT_FOUND");
        expect(await run("ei", ":Nope")).toContain("(5) CIM_ERR_INVALID_CLASS");
      });

      it("reads classes", async () => {
        expect(await run("ecn", "")).toContain("root/cimv2:Test_Book");
        const shelf = await run("gc", ":Test_Shelf");
        for (const name of ["Name", "Boards", "Status", "Latest"]) expect(shelf).toContain(`-${name}=`);
        expect(await run("ec", "")).toContain("Test_OnShelf");
      });

      it("follows associations", async () => {
        expect(await run("ain", ":Test_Book.Number=1")).toContain("Test_Shelf.Name=");
        expect(await run("ai", ":Test_Book.Number=1")).toContain("-Boards=5");
        expect(await run("rin", ":Test_Book.Number=1")).toContain("Test_OnShelf.Holder=");
        expect(await run("ri", ":Test_Book.Number=1")).toContain("-Held=");
      });

      it("creates, changes and deletes, although it knows no types", async () => {
        const number = scheme === "http" ? 40 : 41;
        const key = `:Test_Book.Number=${number}`;
        expect(await run("ci", key, `Number=${number},Title=new,Pages=33`)).toContain(`Test_Book.Number=${number}`);
        expect(model.books.get(number)).toEqual({ Title: "new", Pages: 33 });
        await run("mi", key, "Title=other,Pages=44");
        expect(model.books.get(number)).toEqual({ Title: "other", Pages: 44 });
        await run("sp", key, "Title=third");
        expect(await run("gp", key, "Title")).toContain("third");
        await run("di", key);
        expect(model.books.has(number)).toBe(false);
        expect(await run("ci", ":Test_Book.Number=1", "Number=1,Title=x,Pages=1")).toContain(
          "(11) CIM_ERR_ALREADY_EXISTS",
        );
      });

      it("calls methods", async () => {
        const called = await run("cm", ':Test_Shelf.Name="empty"', 'Dust.Times=3,Tools="a","b"');
        expect(called).toContain("Dust: 0");
        expect(called).toContain("Removed (uint64): 123");
        expect(model.dusted.at(-1)).toMatchObject({ Times: 3, Tools: ["a", "b"] });
        expect(await run("cm", ':Test_Shelf.Name="empty"', "Nope")).toContain("CIM_ERR_METHOD_NOT_FOUND");
      });

      it("is refused without the right password", async () => {
        expect(await wbemcli("ein", ...tls(), place(":Test_Book", "ops:guess@"))).toMatch(
          /401|[Uu]nauthorized|[Uu]sername/,
        );
      });
    });

    it("does not speak with a server of another authority", async () => {
      const foreign = await createTestAuthority();
      ends.push(() => foreign.remove());
      const file = join(foreign.directory, "for-clients.pem");
      writeFileSync(file, foreign.certificate);
      const answer = await wbemcli(
        "ein",
        "-cacert",
        file,
        `https://ops:secret@localhost:${ports.https}/root/cimv2:Test_Book`,
      );
      expect(answer).not.toContain("Test_Book.Number=1\n");
      expect(answer.toLowerCase()).toContain("certificate");
    });
  });
}
