import { describe, expect, it } from "vitest";
import { CimInstance } from "../../cim/cim-instance.ts";
import { createReadableLog } from "../../net/loopback-fixture.ts";
import { createFanOut } from "./fan-out.ts";

const [one, two] = ["one", "two"].map((name) => new CimInstance({ className: name, properties: [] }));
const all = [one, two].filter((each) => each !== undefined);

describe("indications for subscribers of both protocols", () => {
  it("reach those of WS-Management although the store of CIM-XML fails", () => {
    const published: string[] = [];
    const log = createReadableLog();
    const indications = {
      emit() {
        throw new Error("disk I/O error");
      },
    };
    createFanOut({ indications, events: { publish: ({ className }) => void published.push(className) }, log })(all);
    expect(published).toEqual(["one", "two"]);
    expect(log.lines).toEqual([expect.stringMatching(/^error .*"protocol":"cim-xml","reason":"disk I\/O error"/)]);
  });

  it("reach those of CIM-XML, and each other, although one of WS-Management fails", () => {
    const kept: string[] = [];
    const log = createReadableLog();
    const events = {
      publish({ className }: CimInstance) {
        if (className === "one") throw new Error("database is full");
        kept.push(className);
      },
    };
    const indications = { emit: (each: readonly CimInstance[]) => void kept.push(`${each.length} over CIM-XML`) };
    createFanOut({ indications, events, log })(all);
    expect(kept).toEqual(["2 over CIM-XML", "two"]);
    expect(log.lines).toEqual([expect.stringContaining("database is full")]);
  });
});
