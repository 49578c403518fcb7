import { describe, expect, it } from "vitest";
import { createMemoryManager, type EventConnection } from "./memory-manager.ts";
import { CommandError, EXIT } from "./output.ts";
import { runRecorded } from "./run-recorded.ts";
import { sampleAlert, sampleHost } from "./sample-data.ts";

const CRITICAL = sampleAlert();
const INFORMATION = sampleAlert({
  id: "0193a1b3-0000-7000-8000-000000000002",
  severity: "information",
  summary: "fine",
});
const READY = ["e0", { kind: "ready" }] as const;
const alertEvent = (id: string, alert = CRITICAL) => [id, { kind: "alert", alert }] as const;

/** Follows over these connections; the person presses Ctrl-C when the last one falls silent. */
async function follow(args: readonly string[], connections: readonly EventConnection[], before: Error[] = []) {
  const manager = createMemoryManager();
  manager.hosts = [sampleHost()];
  manager.failures = before;
  const controller = new AbortController();
  manager.eventConnections = [...connections];
  const silent = manager.eventConnections.at(-1);
  if (silent?.ending === "silence") {
    // Read only when the stream has been opened, and aborted once its messages are out.
    Object.defineProperty(silent, "ending", {
      get() {
        setImmediate(() => setImmediate(() => controller.abort()));
        return "silence";
      },
    });
  }
  return runRecorded(["alert", "follow", ...args], { manager, interruption: () => controller.signal });
}

const resumes = (recorded: Awaited<ReturnType<typeof follow>>) =>
  recorded.manager.heard.filter(({ route }) => route === "events").map(({ query }) => query);

describe("alert follow", () => {
  it("shows an alert a line as they come, and ends quietly with 130 at Ctrl-C", async () => {
    const { stdout, stderr, exitCode } = await follow(
      [],
      [{ messages: [READY, alertEvent("e1"), alertEvent("e2", INFORMATION)], ending: "silence" }],
    );
    const [first = "", second = "", ...rest] = stdout.split("\n");
    expect(first).toMatch(/^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d {2}critical {2}web1: \/var is 96 % full {2}\[open\]$/);
    expect(second).toMatch(/information {2}web1: fine {2}\[open\]$/);
    expect([rest, stderr, exitCode]).toEqual([[""], "Following alerts; Ctrl-C ends it.\n\n", EXIT.interrupted]);
  });

  it("gives one JSON object a line with --json", async () => {
    const { stdout } = await follow(
      ["--json"],
      [
        {
          messages: [READY, alertEvent("e1"), ["e2", { kind: "missed" }], alertEvent("e3", INFORMATION)],
          ending: "silence",
        },
      ],
    );
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { id: "e1", kind: "alert", alert: CRITICAL },
      { id: "e2", kind: "missed" },
      { id: "e3", kind: "alert", alert: INFORMATION },
    ]);
  });

  it("goes on behind the last event after a lost connection, and says both", async () => {
    const lost = new CommandError("manager-unreachable", "refused");
    const recorded = await follow(
      [],
      [
        { messages: [READY, alertEvent("e1")], ending: lost },
        { messages: [READY, alertEvent("e2", INFORMATION)], ending: "end" },
        { messages: [["e3", { kind: "missed" }]], ending: "silence" },
      ],
    );
    expect(resumes(recorded)).toEqual([
      { kind: ["alert"] },
      { kind: ["alert"], after: "e1" },
      { kind: ["alert"], after: "e2" },
    ]);
    expect(recorded.stdout.trimEnd().split("\n")).toHaveLength(2);
    expect(recorded.stderr.split("\n")).toEqual([
      "Following alerts; Ctrl-C ends it.",
      "Lost the manager (refused); trying again in 1 s.",
      "Connected again; going on where it stopped.",
      "Lost the manager (it ended the stream); trying again in 1 s.",
      "Connected again; going on where it stopped.",
      "Some alerts went by unseen: `rusuban alert list --all` shows them.",
      "",
      "",
    ]);
  });

  it("waits longer from one failed attempt to the next, up to a bound", async () => {
    const manager = createMemoryManager();
    const controller = new AbortController();
    const lost = new CommandError("manager-unreachable", "refused");
    manager.eventConnections = [
      { messages: [READY], ending: lost },
      ...Array.from({ length: 6 }, () => ({ messages: [], ending: lost })),
    ];
    const api: typeof manager.api = {
      ...manager.api,
      events(...args) {
        if (manager.eventConnections.length === 0) controller.abort();
        return manager.api.events(...args);
      },
    };
    const { stderr } = await runRecorded(["alert", "follow"], {
      manager,
      openApi: async () => api,
      interruption: () => controller.signal,
    });
    expect(stderr.match(/in \d+ s/g)).toEqual([
      "in 1 s",
      "in 2 s",
      "in 4 s",
      "in 8 s",
      "in 15 s",
      "in 15 s",
      "in 15 s",
    ]);
  });

  it("leaves out what is less severe than asked for, and asks for one host by its id", async () => {
    const recorded = await follow(
      ["--severity", "major", "--host", "web1", "--after", "e9"],
      [{ messages: [alertEvent("e1"), alertEvent("e2", INFORMATION)], ending: "silence" }],
    );
    expect(recorded.stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(resumes(recorded)).toEqual([{ kind: ["alert"], host: sampleHost().id, after: "e9" }]);
  });

  it("fails at once where the first connection fails; with --json on one line", async () => {
    const failure = new CommandError("manager-unreachable", "refused", { hint: "start it" });
    const { stdout, stderr, exitCode } = await follow(["--json"], [], [failure]);
    expect(stdout).toBe('{"ok":false,"error":{"code":"manager-unreachable","message":"refused","hint":"start it"}}\n');
    expect([stderr, exitCode]).toEqual(["", EXIT.failed]);
  });
});
