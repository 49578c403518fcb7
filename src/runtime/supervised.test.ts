import { EventEmitter } from "node:events";
import { expect, it, vi } from "vitest";
import { FakeClock } from "./fake-clock.ts";
import { silentLog } from "./log.ts";
import { type ProcessLike, runUntilStopped } from "./supervised.ts";

class FakeProcess extends EventEmitter implements ProcessLike {
  readonly sent: unknown[] = [];
  readonly exits: number[] = [];
  connected: boolean | undefined;
  readonly send?: (message: unknown) => void;
  constructor({ parent }: { parent: "none" | "there" | "gone" }) {
    super();
    if (parent !== "none") {
      this.connected = parent === "there";
      this.send = (message) => void this.sent.push(message);
    }
  }
  exit(code: number): never {
    this.exits.push(code);
    return undefined as never;
  }
  disconnect(): void {
    this.connected = false;
  }
}

function runFake(
  parent: "none" | "there" | "gone",
  program: { start?: () => Promise<string>; stop?: () => Promise<void> } = {},
) {
  const self = new FakeProcess({ parent });
  const clock = new FakeClock();
  const stop = vi.fn(program.stop ?? (async () => {}));
  const code = runUntilStopped({ start: program.start ?? (async () => "me"), stop }, silentLog, { self, clock });
  return { self, clock, stop, code };
}

it.each(["SIGTERM", "SIGINT", "SIGHUP"])("alone, stops on %s", async (signal) => {
  const { self, stop, code } = runFake("none");
  self.emit(signal);
  expect(await code).toBe(0);
  expect(stop).toHaveBeenCalledOnce();
});

it.each([
  ["told to", (self: FakeProcess) => self.emit("message", "stop")],
  ["the parent is gone", (self: FakeProcess) => self.emit("disconnect")],
])("under a parent, says that it is ready and stops when %s, not on the terminal's signals", async (_, tell) => {
  const { self, stop, code } = runFake("there");
  await vi.waitFor(() => expect(self.sent).toEqual([{ kind: "ready", ready: "me" }]));
  self.emit("SIGINT");
  self.emit("SIGHUP");
  self.emit("message", "something else");
  await new Promise(setImmediate);
  expect(stop).not.toHaveBeenCalled();
  tell(self);
  expect(await code).toBe(0);
});

it("stops where the parent was gone before anybody listened", async () => {
  const { self, stop, code } = runFake("gone");
  expect(await code).toBe(0);
  expect(stop).toHaveBeenCalledOnce();
  expect(self.sent).toEqual([]);
});

it("holds nothing that keeps the process alive once its start has failed", async () => {
  const { self, code } = runFake("there", { start: () => Promise.reject(new Error("no port")) });
  await expect(code).rejects.toThrow("no port");
  expect(self.eventNames()).toEqual([]);
  expect(self.connected).toBe(false);
});

it.each([
  ["its start", { start: () => new Promise<string>(() => {}) }],
  ["its stop", { stop: () => new Promise<void>(() => {}) }],
])("ends itself when %s hangs after the order to stop", async (_, program) => {
  const { self, clock } = runFake("there", program);
  self.emit("message", "stop");
  await new Promise(setImmediate);
  await clock.advance(3_999);
  expect(self.exits).toEqual([]);
  await clock.advance(1);
  expect(self.exits).toEqual([1]);
});

it("answers 1 where it could not stop cleanly", async () => {
  const { self, code } = runFake("none", { stop: () => Promise.reject(new Error("disk full")) });
  self.emit("SIGTERM");
  expect(await code).toBe(1);
});
