// The web console in a real browser, over HTTPS, against the real API with a fleet in memory: what a person sees and does.
// Screenshots go to the folder of RUSUBAN_SCREENSHOTS where it is set.

import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ensureConsole } from "../../scripts/build.js";
import { type ApiFixture, clientOf, createApiFixture, identifyAs } from "../../src/manager/api/api-fixture.ts";
import { readConsoleFiles } from "../../src/manager/api/console-files.ts";
import {
  fillSampleFleet,
  sampleAlert,
  sampleHost,
  sampleJob,
  sampleReadings,
  sampleSnapshot,
} from "../../src/manager/api/sample-fleet-fixture.ts";
import { Connections } from "../../src/net/connections.ts";
import { createHttpsListener } from "../../src/net/https-listen.ts";
import { createTestAuthority, MANAGER, type TestAuthority } from "../../src/net/loopback-fixture.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { silentLog } from "../../src/runtime/log.ts";
import { tellOfMissingPeer } from "../missing-peer.ts";

const CHROMIUM = "/usr/bin/chromium";
const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const isHere = existsSync(CHROMIUM);

if (isHere) describe("the web console", watch);
else tellOfMissingPeer({ tests: "the web console in a browser", install: "chromium fonts-noto-cjk" });

interface Manager extends ApiFixture {
  readonly url: string;
  readonly hosts: ReturnType<typeof fillSampleFleet> | undefined;
  /** A one-time link as an administrator makes it. */
  link(account?: string): Promise<string>;
}

function watch(): void {
  let authority: TestAuthority;
  let browser: Browser;
  let screenshots: string;
  const open: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    await ensureConsole({ log: silentLog });
    authority = await createTestAuthority();
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
    process.stdout.write(`chromium ${browser.version()}\n`);
    screenshots = process.env.RUSUBAN_SCREENSHOTS ?? (await mkdtemp(join(tmpdir(), "rusuban-screenshots-")));
    await mkdir(screenshots, { recursive: true });
  }, 180_000); // A fresh clone builds the console first, and a first start of Chromium reads 300 MB.
  beforeEach(() => async () => {
    while (open.length > 0) await open.pop()?.();
  });
  afterAll(async () => {
    await browser.close();
    await authority.remove();
    if (process.env.RUSUBAN_SCREENSHOTS === undefined) await rm(screenshots, { recursive: true });
  });

  async function startManager({ filled = true } = {}): Promise<Manager> {
    const identity = await authority.identify(MANAGER, { names: ["127.0.0.1"] });
    const needs = { flow: "console", host: "127.0.0.1", port: 0, identity, allow: ["anonymous"] as const };
    const listener = createHttpsListener({
      ...needs,
      tls: "server-only",
      isRevoked: () => false,
      connections: new Connections(),
      log: silentLog,
      clock: systemClock,
    });
    let url = "";
    const fixture = await createApiFixture({
      clock: systemClock,
      identify: identifyAs("administrator"),
      consoleFiles: await readConsoleFiles(await ensureConsole({ log: silentLog })),
      consoleServerFactory: listener.serverFactory,
      consoleUrl: () => url,
    });
    await listener.start();
    url = `https://127.0.0.1:${listener.port}`;
    const hosts = filled ? fillSampleFleet(fixture.fleet, systemClock.now()) : undefined;
    open.push(async () => {
      await listener.stop();
      await fixture.close();
    });
    const administrator = clientOf(fixture.administration);
    return {
      ...fixture,
      url,
      hosts,
      link: async (account = "tanaka") => (await administrator.signInLink({ body: { account } })).url,
    };
  }

  /** A browser that nobody has used yet. What the page's policy refuses, or what it throws, fails the test that closes it. */
  async function newPage(options: Parameters<Browser["newContext"]>[0] = {}): Promise<Page> {
    const context: BrowserContext = await browser.newContext({
      ignoreHTTPSErrors: true,
      viewport: { width: 1440, height: 900 },
      locale: "en-GB",
      timezoneId: "Asia/Tokyo",
      ...options,
    });
    context.setDefaultTimeout(10_000);
    const page = await context.newPage();
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => {
      if (/Content.Security.Policy|Warning:|Maximum update/.test(message.text())) problems.push(message.text());
    });
    open.push(async () => {
      await context.close();
      expect(problems).toEqual([]);
    });
    return page;
  }

  async function shoot(page: Page, name: string): Promise<void> {
    await page.evaluate("scrollTo(0, 0)");
    await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
  }
  const rowOf = (page: Page, text: string) => page.getByRole("row").filter({ hasText: text });

  it("signs in by link, shows a server, a live alert and its acknowledgement, and speaks Japanese", async () => {
    const manager = await startManager();
    const page = await newPage();
    await page.goto(await manager.link());

    await page.getByRole("heading", { name: "Needs you now" }).waitFor();
    expect(page.url()).toBe(`${manager.url}/`); // The token is out of the address.
    const web = page.getByRole("listitem").filter({ hasText: "web-01" });
    expect(await web.textContent()).toMatch(/Up.*web-01.*Debian GNU\/Linux 12.*Last backup 2 hours ago/);
    expect(await page.getByRole("listitem").filter({ hasText: "osaka-nas" }).textContent()).toContain("Unreachable");
    await page.getByText("Live", { exact: true }).waitFor();
    await page.getByText("/srv/files/営業部").waitFor();
    await shoot(page, "overview-light");

    const hosts = manager.hosts;
    if (hosts === undefined) throw new Error("the fleet is filled");
    await page.evaluate(() => Object.assign(globalThis, { notReloaded: true }));
    manager.fleet.putAlert(
      sampleAlert(100, hosts.web, systemClock.now(), {
        severity: "fatal",
        summary: "the root file system is read-only",
      }),
    );
    const row = rowOf(page, "the root file system is read-only");
    await row.waitFor();
    expect(await page.getByRole("row").nth(1).textContent()).toContain("read-only"); // Newest first.
    expect(await row.textContent()).toMatch(/Fatal.*just now.*web-01/);
    expect(await page.title()).toBe("(5) Rusuban");

    await row.getByRole("button", { name: "Acknowledge" }).click();
    await row.waitFor({ state: "detached" });
    await page.getByText("Acknowledged", { exact: true }).click();
    expect(await row.textContent()).toMatch(/Acknowledged.*by tanaka/);
    expect(await page.evaluate(() => "notReloaded" in globalThis)).toBe(true);

    await page.getByText("日本語").click();
    await page.getByRole("heading", { name: "対応が必要です" }).waitFor();
    expect(await row.textContent()).toMatch(/致命的.*確認済み.*tanaka が確認/);
    expect(await page.locator("html").getAttribute("lang")).toBe("ja");
    await page.getByText("未確認", { exact: true }).click();
    await rowOf(page, "ファイルシステム /var の使用率が 97 % です").waitFor();
    await shoot(page, "overview-japanese");
    await page.reload();
    await page.getByRole("heading", { name: "対応が必要です" }).waitFor(); // The session and the language stay.
  });

  it("acknowledges many at once, filters, and turns pages on the server", async () => {
    const manager = await startManager();
    const page = await newPage({ colorScheme: "dark" });
    await page.goto(await manager.link());
    await page.getByRole("checkbox", { name: "Select all on this page" }).check();
    await page.getByRole("button", { name: "Acknowledge 4" }).click();
    await page.getByText("No alert is open", { exact: true }).waitFor();
    expect((await manager.fleet.alerts.counts()).byState.open).toBe(0);
    await page.getByRole("heading", { name: "Needs you now" }).waitFor(); // One server is still unreachable.

    await page.getByRole("button", { name: "Send a test alert" }).click();
    await rowOf(page, "This is a test alert.").waitFor();

    await page.getByText("All", { exact: true }).click();
    await page.getByRole("combobox", { name: "Severity" }).selectOption("major");
    await expect.poll(() => page.getByRole("row").count()).toBe(3);
    await page.getByRole("combobox", { name: "Severity" }).selectOption("");
    await expect.poll(() => page.getByRole("row").count()).toBe(26);
    const first = await page.getByRole("row").nth(1).textContent();
    await page.getByRole("button", { name: "Older" }).click();
    await expect.poll(() => page.getByRole("row").nth(1).textContent()).not.toBe(first);
    await page.getByRole("button", { name: "Newer" }).click();
    await expect.poll(() => page.getByRole("row").nth(1).textContent()).toBe(first);
    await page.getByRole("textbox", { name: "Find in alerts" }).fill("postfix");
    await expect.poll(() => page.getByRole("row").count()).toBe(2);
    await page.getByRole("button", { name: "service postfix is running again" }).click();
    await page.getByText("service.down").waitFor();
    await shoot(page, "alerts-dark");
  });

  it("opens a server's readings and backups, and follows a job to its end", async () => {
    const manager = await startManager();
    const hosts = manager.hosts;
    if (hosts === undefined) throw new Error("the fleet is filled");
    const page = await newPage();
    await page.goto(await manager.link());
    await page.getByRole("button", { name: "Details: ファイルサーバー 本社" }).click();
    await page.getByText("228 GB").waitFor();
    await page.getByText("3 problems").waitFor();
    await page
      .getByRole("img", { name: /^The last 24 hours: \d+\.\d % to \d+\.\d %$/ })
      .first()
      .waitFor();
    await page.getByRole("button", { name: "Examine" }).click();
    await page.getByText("server → manager").waitFor();
    await page.getByText("ufw allow proto tcp from 192.0.2.11").waitFor();
    await shoot(page, "server-details");

    const now = systemClock.now();
    manager.fleet.putReadings(hosts.web.id, {
      readAtMs: now,
      readings: sampleReadings({ cpu: 0.99, memory: 0.5, disk: 0.4 }),
    });
    const web = page.getByRole("listitem").filter({ hasText: "web-01" });
    await web.getByText("99 %").waitFor();
    expect(await web.textContent()).toContain("Critical");

    const job = sampleJob(1, hosts.files, now);
    const progress = { ...job.progress, files: 51_000, current: "/srv/files/last" };
    manager.fleet.putJob({ ...job, progress });
    await page.getByText("51,000 files").waitFor();
    manager.fleet.putSnapshot(sampleSnapshot(9, hosts.files, now));
    manager.fleet.putJob({ ...job, progress, state: "partly", endedAtMs: now });
    await page.getByText("Done in part").waitFor();
    await page.getByText("Nothing is running").waitFor();
    const files = page.getByRole("listitem").filter({ hasText: "ファイルサーバー" }).first();
    await expect.poll(() => files.textContent()).toContain("Last backup just now");
  });

  it("renames a server, groups it and takes it out of the count; removes it only after asking, and a viewer does none of it", async () => {
    const manager = await startManager();
    const { hosts } = manager;
    if (hosts === undefined) throw new Error("the fleet is filled");
    const page = await newPage();
    await page.goto(await manager.link());
    await page.getByRole("button", { name: "Details: web-01" }).click();
    const settings = page.getByRole("region", { name: "Settings" });
    await settings.getByRole("textbox", { name: "Name" }).fill("osaka-nas");
    await settings.getByRole("button", { name: "Save" }).click();
    await settings.getByText("another host is called").waitFor();
    await settings.getByRole("textbox", { name: "Name" }).fill("web-02");
    await settings.getByRole("textbox", { name: "Group" }).fill("tokyo/web");
    await settings.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Details: web-02" }).waitFor();
    const counts = settings.getByRole("switch", { name: "Its state counts" });
    await counts.press("Space");
    await expect.poll(() => counts.isChecked()).toBe(false);
    await expect
      .poll(() => manager.fleet.hosts.find(hosts.web.id))
      .toMatchObject({ name: "web-02", group: "tokyo/web", watched: false });
    await shoot(page, "server-settings");

    const remove = () => settings.getByRole("button", { name: "Remove this server" }).click();
    await remove();
    const dialog = page.getByRole("dialog", { name: "Remove web-02?" });
    await dialog.getByText("Its backups stay.").waitFor();
    await shoot(page, "remove-server");
    await page.keyboard.press("Enter"); // What has the focus undoes nothing.
    await dialog.waitFor({ state: "detached" });
    expect(await manager.fleet.hosts.find(hosts.web.id)).toMatchObject({ state: "up" });
    await page.getByText("日本語").click();
    await page.getByRole("region", { name: "設定" }).getByRole("button", { name: "このサーバを削除" }).click();
    const asked = page.getByRole("dialog", { name: "web-02 を削除しますか?" });
    await asked.waitFor();
    await shoot(page, "remove-server-japanese");
    await asked.getByRole("button", { name: "削除", exact: true }).click();
    await asked.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "詳細: web-02" }).waitFor({ state: "detached" });
    expect(await manager.fleet.hosts.find(hosts.web.id)).toMatchObject({ state: "revoked" });

    const administrator = clientOf(manager.administration);
    const viewer = await newPage();
    await viewer.goto((await administrator.signInLink({ body: { account: "sato", role: "viewer" } })).url);
    await viewer.getByRole("button", { name: "Details: osaka-nas" }).click();
    await viewer.getByRole("heading", { name: "Readings" }).waitFor();
    expect(await viewer.getByRole("region", { name: "Settings" }).count()).toBe(0);
  });

  it("switches the subscription of a server without an agent on and off", async () => {
    const manager = await startManager({ filled: false });
    manager.fleet.putHost({ ...sampleHost(1, "esx1"), means: "cim-xml" });
    const page = await newPage();
    await page.goto(await manager.link());
    await page.getByRole("button", { name: "Details: esx1" }).click();
    expect(await page.getByText(/backed up/).count()).toBe(0); // Nor can it be, without an agent.
    const wanted = page.getByRole("switch", { name: "Subscribe to its indications" });
    expect(await wanted.isChecked()).toBe(false);
    await wanted.press("Space");
    await expect.poll(() => wanted.isChecked()).toBe(true);
    await wanted.press("Space");
    await expect.poll(() => wanted.isChecked()).toBe(false);
    await page.getByRole("button", { name: "Remove this server" }).click();
    await page.getByText("It is watched no more").waitFor();
    await shoot(page, "remove-agentless-server");
  });

  it("says what to do next where there is nothing, and sees a server arrive", async () => {
    const manager = await startManager({ filled: false });
    const page = await newPage();
    await page.goto(await manager.link());
    await page.getByText("No server is minded yet", { exact: true }).waitFor();
    await shoot(page, "empty");
    await page.getByRole("button", { name: "Add a server" }).click();
    await page.getByText("rusuban agent enroll").waitFor();
    await page.getByText("Waiting for the server to appear").waitFor();
    await shoot(page, "add-server");
    manager.fleet.putHost(sampleHost(1, "db-replica", { lastSeenAtMs: systemClock.now() }));
    await page.getByText("db-replica is here.").waitFor();
  });

  it("says that the connection is lost and comes back by itself", async () => {
    const manager = await startManager();
    const page = await newPage();
    await page.goto(await manager.link());
    await page.getByText("Live", { exact: true }).waitFor();
    const away = page.context();
    await away.setOffline(true);
    manager.console.server.closeAllConnections();
    await page.getByText("Connection lost, retrying").waitFor();
    await shoot(page, "connection-lost");
    await away.setOffline(false);
    await page.getByText("Live", { exact: true }).waitFor();
  });

  it("works by keyboard alone, and by a password once one is set", async () => {
    const manager = await startManager();
    const page = await newPage();
    await page.goto(await manager.link("sato"));
    await page.getByRole("button", { name: "Set a password" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("textbox", { name: "New password" }).fill("an owl on the roof");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });

    const other = await newPage({ locale: "ja-JP" });
    await other.goto(manager.url);
    await other.getByRole("heading", { name: "留守番 Rusuban" }).waitFor();
    await shoot(other, "sign-in-japanese");
    await other.getByRole("textbox", { name: "名前" }).focus();
    await other.keyboard.type("sato");
    await other.keyboard.press("Tab");
    await other.keyboard.type("a wrong one");
    await other.keyboard.press("Enter");
    await other.getByText("名前またはパスワードが違います。").waitFor();
    await other.getByRole("textbox", { name: "パスワード" }).fill("an owl on the roof");
    await other.keyboard.press("Enter");
    await other.getByRole("heading", { name: "対応が必要です" }).waitFor();
  });

  it("turns a link that has been used away, and sends who is signed out to the door", async () => {
    const manager = await startManager();
    const link = await manager.link();
    const page = await newPage();
    await page.goto(link);
    await page.getByRole("heading", { name: "Needs you now" }).waitFor();
    const other = await newPage();
    await other.goto(link);
    await other.getByText("This link has been used or has expired.").waitFor();

    await manager.database.deleteFrom("sessions").execute();
    await page.getByText("All", { exact: true }).click(); // Whatever is asked next hears of it.
    await page.getByText("Your session has ended.").waitFor();
  });

  it("fits a narrow screen", async () => {
    const manager = await startManager();
    const page = await newPage({ viewport: { width: 420, height: 900 }, colorScheme: "dark", locale: "ja-JP" });
    await page.goto(await manager.link());
    await page.getByRole("heading", { name: "対応が必要です" }).waitFor();
    await rowOf(page, "97 %").waitFor();
    await shoot(page, "narrow-dark-japanese");
    const overflow = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
    expect(overflow).toBeLessThanOrEqual(0);
  });
}
