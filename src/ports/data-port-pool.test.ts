import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createDataPortPool, type DataPortPool } from "./data-port-pool.ts";

const range = { from: 2000, to: 2029 }; // 30 ports
const pool = () => createDataPortPool({ range, concurrentJobs: 4 });

function portsOf(lease: ReturnType<DataPortPool["lease"]>): readonly number[] {
  if (!lease.leased) throw new Error(lease.reason);
  return lease.ports;
}

describe("the pool of data ports", () => {
  it("leases two ports a job unless asked otherwise", () => {
    const ports = pool();
    expect(portsOf(ports.lease("nightly"))).toEqual([2000, 2001]);
    expect(portsOf(ports.lease("hourly", 3))).toEqual([2002, 2003, 2004]);
    expect(ports.stats()).toEqual({ size: 30, inUse: 5, free: 25, jobs: 2 });
  });

  it("gives the same ports to a job that asks again, and more to one that wants more", () => {
    const ports = pool();
    const first = portsOf(ports.lease("nightly"));
    expect(portsOf(ports.lease("nightly"))).toEqual(first);
    expect(portsOf(ports.lease("nightly", 1))).toEqual(first);
    expect(portsOf(ports.lease("nightly", 3))).toEqual([...first, 2002]);
    expect(ports.stats().inUse).toBe(3);
  });

  it("says how many are in use when it is exhausted, and takes nothing", () => {
    const ports = pool();
    for (let job = 0; job < 14; job++) ports.lease(`job ${job}`);
    ports.lease("odd", 1);
    const lease = ports.lease("one too many");
    expect(lease).toEqual({
      leased: false,
      reason:
        "2 more data ports are needed and 1 of 30 in 2000-2029 are free; 15 jobs hold the others: " +
        "run fewer jobs at once or widen ports.backupData",
      inUse: 29,
    });
    expect(ports.stats().free).toBe(1);
    ports.release("job 0");
    expect(ports.lease("one too many").leased).toBe(true);
  });

  it("counts what it takes back, and does not mind being told twice", () => {
    const ports = pool();
    ports.lease("nightly");
    expect([ports.release("nightly"), ports.release("nightly"), ports.release("never heard of")]).toEqual([2, 0, 0]);
    expect(ports.stats()).toEqual({ size: 30, inUse: 0, free: 30, jobs: 0 });
  });

  it("lets a returned port rest longest before its next job", () => {
    const ports = pool();
    ports.lease("first");
    ports.release("first");
    const next = Array.from({ length: 14 }, (_, job) => portsOf(ports.lease(`job ${job}`))).flat();
    expect(next).not.toContain(2000);
    expect(portsOf(ports.lease("last"))).toEqual([2000, 2001]);
  });

  it("swaps a port that somebody else occupies, and offers it last", () => {
    const ports = pool();
    ports.lease("nightly");
    expect(portsOf(ports.swap("nightly", 2000))).toEqual([2002, 2001]);
    expect(ports.stats().inUse).toBe(2);
    const rest = Array.from({ length: 14 }, (_, job) => portsOf(ports.lease(`job ${job}`))).flat();
    expect(rest.at(-1)).toBe(2000);
  });

  it("reports exhaustion when there is nothing to swap with, and keeps the lease", () => {
    const ports = pool();
    const all = portsOf(ports.lease("greedy", 30));
    expect(ports.swap("greedy", 2005)).toMatchObject({ leased: false, inUse: 30 });
    expect(portsOf(ports.lease("greedy", 30))).toEqual(all);
  });

  it("refuses to swap a port that the job does not hold", () => {
    expect(() => pool().swap("nightly", 2000)).toThrow("job nightly does not hold port 2000");
  });

  it.each([
    [{ from: 2000, to: 2023 }, 1, "2000-2023 holds 24 ports, 25 are needed (concurrent jobs: 1)"],
    [{ from: 2000, to: 2029 }, 16, "2000-2029 holds 30 ports, 32 are needed (concurrent jobs: 16)"],
  ])("refuses %j for %i jobs at once", (small, concurrentJobs, message) => {
    expect(() => createDataPortPool({ range: small, concurrentJobs })).toThrow(message);
  });

  it("never leases a port twice, and has every port back when every job is over", () => {
    const job = fc.constantFrom("a", "b", "c", "d", "e", "f");
    const step = fc.oneof(
      fc.record({ kind: fc.constant("lease" as const), job, count: fc.integer({ min: 0, max: 12 }) }),
      fc.record({ kind: fc.constant("release" as const), job }),
      fc.record({ kind: fc.constant("swap" as const), job, pick: fc.nat(11) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const ports = pool();
        const held = new Map<string, readonly number[]>();
        for (const each of steps) {
          const own = held.get(each.job) ?? [];
          if (each.kind === "release") {
            expect(ports.release(each.job)).toBe(own.length);
            held.delete(each.job);
          } else if (each.kind === "lease") {
            const fits = each.count - own.length <= ports.stats().free;
            const lease = ports.lease(each.job, each.count);
            expect(lease.leased).toBe(fits);
            if (lease.leased) held.set(each.job, lease.ports);
          } else if (own.length > 0) {
            const lease = ports.swap(each.job, own[each.pick % own.length] ?? 0);
            if (lease.leased) held.set(each.job, lease.ports);
          }
          const inUse = [...held.values()].flat();
          expect(new Set(inUse).size).toBe(inUse.length);
          expect(inUse.every((port) => port >= range.from && port <= range.to)).toBe(true);
          expect(ports.stats()).toMatchObject({ inUse: inUse.length, free: 30 - inUse.length });
        }
        for (const name of held.keys()) ports.release(name);
        const again = portsOf(ports.lease("all of them", 30));
        expect([...again].sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, index) => 2000 + index));
      }),
    );
  });
});
