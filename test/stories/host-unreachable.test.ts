import { expect, it } from "vitest";
import type { InboxAlert } from "../../src/model/alert.ts";
import { type Story, startStory, until } from "./agent-and-manager.ts";

const UNREACHABLE_SECONDS = 25;

it("a host that is gone is told once with evidence, also across a restart of the manager, and ended with the length of the outage", async () => {
  const story = await startStory({
    manager: { "hosts.unreachableSeconds": `${UNREACHABLE_SECONDS}`, "hosts.advertiseSeconds": "5" },
    agent: { "watch.seconds": "1" },
  });
  await until("the first readings", async () => {
    const { latest } = await story.api.hostReadings({ params: { host: story.hostId } });
    return latest !== null;
  });
  const goneAt = performance.now();
  await story.killAgent();
  const raised = await theOnly(story, "raised");
  expect(raised).toMatchObject({
    severity: "critical",
    category: "communication",
    state: "open",
    hostId: story.hostId,
  });
  expect(raised.summary).toContain("agent is unreachable");
  const evidence = new Map(raised.details.map(({ name, value }) => [name, value]));
  expect(evidence.get("address")).toBe("127.0.0.1");
  expect(evidence.get("ping")).toMatch(/^(answers|no answer|unknown)/);
  expect(evidence.get("backup-control port")).toMatch(/backup-control to 127\.0\.0\.1:\d+: refused/);
  const lastSign = Date.parse(evidence.get("last sign of life") ?? "");
  expect(raised.raisedAtMs - lastSign).toBeGreaterThanOrEqual(UNREACHABLE_SECONDS * 1_000);
  expect(raised.raisedAtMs - lastSign).toBeLessThan((UNREACHABLE_SECONDS + 15) * 1_000);
  expect(await stateOf(story)).toBe("unreachable");

  // A manager that starts knows nothing of the host, asks again, and finds that it has told it already.
  await story.restartManager();
  expect(await stateOf(story)).toBe("unknown");
  await until("the new manager has missed it, too", async () => (await stateOf(story)) === "unreachable");
  expect(await told(story)).toEqual([raised]);

  await story.agent.start();
  const cleared = await theOnly(story, "cleared");
  const outageSeconds = (performance.now() - goneAt) / 1_000;
  const toldSeconds = Number.parseInt(cleared.details.find(({ name }) => name === "unreachable for")?.value ?? "", 10);
  expect(Math.abs(toldSeconds - outageSeconds)).toBeLessThan(10);
  expect(cleared.summary).toMatch(/^agent is back after \d+ (seconds|minutes)$/);
  const [, ended] = await told(story);
  expect(ended).toMatchObject({ id: raised.id, state: "cleared" });
  expect(await stateOf(story)).toBe("up");
  expect(await told(story)).toHaveLength(2);
}, 180_000);

it("what goes wrong on a host is told, and that it is over, and so are the agent's own start and stop", async () => {
  const story = await startStory({
    agent: { "watch.seconds": "1", "watch.filesystem.warning": "0.01", "watch.services": "no-such-service" },
  });
  const service = await alertOf(story, { condition: "service.down", kind: "raised" });
  expect(service).toMatchObject({ component: "service no-such-service", severity: "critical", state: "open" });
  const { latest } = await story.api.hostReadings({ params: { host: story.hostId } });
  // One that will not be full by the settings below.
  const half = latest?.readings.find(
    ({ component, measure, value }) =>
      component.startsWith("file system ") && measure === "used" && (value ?? 0) > 0.02 && (value ?? 1) < 0.9,
  );
  if (half === undefined) throw new Error("this computer has no file system between 2 % and 90 %");
  const filling = await alertOf(story, { condition: "filesystem.filling", kind: "raised", component: half.component });
  expect(filling.severity).toBe("warning");
  expect(await alertOf(story, { condition: "agent.started" })).toMatchObject({
    kind: "event",
    severity: "information",
  });

  await story.agent.stop();
  const stopping = await alertOf(story, { condition: "agent.stopping" });
  expect(stopping).toMatchObject({ kind: "event", severity: "information" });
  // Nothing is told twice when it starts again; what is over by the new settings is.
  await story.agent.start(["watch.filesystem.warning=0.98", "watch.filesystem.critical=0.99", "watch.services="]);
  await alertOf(story, { condition: "filesystem.filling", kind: "cleared", component: half.component });
  const all = await story.alerts();
  const ofHalf = all.filter(
    ({ condition, component }) => condition === "filesystem.filling" && component === half.component,
  );
  expect(ofHalf.map(({ kind, state }) => [kind, state])).toEqual([
    ["cleared", "cleared"],
    ["raised", "cleared"],
  ]);
  const starts = all.filter(({ condition }) => condition === "agent.started");
  expect(starts.map(({ summary }) => /after a clean stop|for the first time/.exec(summary)?.[0])).toEqual([
    "after a clean stop",
    "for the first time",
  ]);
}, 120_000);

const told = (story: Story) => story.alerts({ text: "host.unreachable" });

async function theOnly(story: Story, kind: InboxAlert["kind"]): Promise<InboxAlert> {
  await until(`host.unreachable is ${kind}`, async () => (await told(story)).some((alert) => alert.kind === kind));
  const [alert, ...others] = (await told(story)).filter((each) => each.kind === kind);
  expect(others).toEqual([]);
  if (alert === undefined) throw new Error("it was there a moment ago");
  return alert;
}

async function stateOf(story: Story): Promise<string> {
  return (await story.api.hostShow({ params: { host: story.hostId } })).state;
}

function alertOf(story: Story, wanted: Partial<InboxAlert>): Promise<InboxAlert> {
  return until(`an alert ${JSON.stringify(wanted)}`, async () =>
    (await story.alerts()).find((alert) =>
      Object.entries(wanted).every(([key, value]) => alert[key as keyof InboxAlert] === value),
    ),
  );
}
