import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CimDateTime } from "../cim-date-time.ts";
import { CimError } from "../cim-error.ts";
import { CimInstance } from "../cim-instance.ts";
import type { CimType, CimValue } from "../cim-type.ts";
import { ObjectPath } from "../object-path.ts";
import { evaluate } from "./evaluate.ts";
import { isLike, parseLike } from "./like.ts";
import { parseQuery, QUERY_DEPTH_MAX, QUERY_TERMS_MAX } from "./parse-query.ts";
import { languageOf, type QueryLanguage } from "./query-language.ts";
import { QUERY_CHARACTERS_MAX } from "./tokenize.ts";

const property = (name: string, type: CimType, value: CimValue) => ({
  name,
  type,
  isArray: Array.isArray(value),
  value,
});
const SERVICE = new CimInstance({
  className: "Rusuban_Service",
  properties: [
    property("Name", "string", "sshd.service"),
    property("Started", "boolean", true),
    property("OperationalStatus", "uint16", [2, 18]),
    property("Size", "uint64", 18_446_744_073_709_551_615n),
    property("Load", "real64", 0.5),
    property("Nothing", "string", null),
    property("Since", "datetime", CimDateTime.parse("20260101000000.000000+000")),
    property("System", "reference", ObjectPath.parse('/root/cimv2:CIM_System.Name="x"')),
  ],
});
const CREATED = new CimInstance({
  className: "CIM_InstCreation",
  properties: [property("SourceInstance", "string", SERVICE)],
});
const isSubclass = (name: string, ancestor: string) => name === "Rusuban_Service" && ancestor === "CIM_Service";
const holds = (where: string, language: QueryLanguage = "WQL", instance = SERVICE) => {
  const parsed = parseQuery(`SELECT * FROM Rusuban_Service WHERE ${where}`, language);
  return parsed.where !== null && evaluate(parsed.where, instance, isSubclass);
};

describe("a query", () => {
  it("names its class, properties and interval", () => {
    expect(parseQuery(" select Name , s.Load\nfrom CIM_Service AS s within 10 ", "WQL")).toEqual({
      language: "WQL",
      select: ["Name", "Load"],
      from: "CIM_Service",
      where: null,
      withinSeconds: 10,
    });
    expect(parseQuery("SELECT CIM_Service.* FROM CIM_Service", "CQL").select).toBeNull();
  });

  it.each<[string, boolean]>([
    ["Name = 'SSHD.service'", true],
    [`Name = "sshd.service" AND NOT Started = FALSE`, true],
    ["Name <> 'x' OR Nothing = 'y'", true],
    ["Started = TRUE AND (Load < 0.4 OR Load >= 0.5)", true],
    ["Size = 18446744073709551615", true],
    ["Size > 18446744073709551614", true],
    ["Size < 0x10", false],
    ["5 < Size", true],
    ["Size = '18446744073709551615'", true],
    ["Load > '0'", true],
    ["Name > 5", false],
    ["NOT Name > 5", false],
    ["Nothing IS NULL", true],
    ["Name IS NOT NULL", true],
    ["Nothing = NULL", true],
    ["Name <> NULL", true],
    ["Nothing = ''", false],
    ["NOT Nothing = ''", false],
    ["NoSuch = 1 OR Started = TRUE", true],
    ["OperationalStatus[1] = 18", true],
    ["OperationalStatus[2] IS NULL", true],
    ["OperationalStatus IS NULL", false],
    ["OperationalStatus = 2", false],
    ["ANY OperationalStatus[*] = 18", true],
    ["ANY OperationalStatus = 3", false],
    ["Since >= '20251231235959.000000+000'", true],
    ["Since = '2026-01-01T09:00:00+09:00'", true],
    ["Since < 'soon'", false],
    [`System = '/ROOT/cimv2:CIM_System.name="x"'`, true],
    ["Name LIKE 'ssh%'", true],
    ["Name NOT LIKE '[a-r]%'", true],
    ["Name LIKE '_sh[^x].service'", true],
    ["__CLASS = 'rusuban_service'", true],
    ["Rusuban_Service.Name = 'sshd.service'", true],
  ])("is answered: %s is %s", (where, answer) => {
    expect(holds(where)).toBe(answer);
  });

  it("minds case in CQL, and has LIKE in its own way", () => {
    expect(holds("Name = 'SSHD.service'", "CQL")).toBe(false);
    expect(holds("Name LIKE 'ssh.*'", "CQL")).toBe(true);
    expect(holds("Name LIKE 'sshd\\.service'", "CQL")).toBe(true);
    expect(holds("Name LIKE 'ssh.service'", "CQL")).toBe(false);
  });

  it("looks into the instances that indications carry", () => {
    for (const where of [
      "SourceInstance ISA CIM_Service",
      "SourceInstance ISA 'rusuban_service' AND SourceInstance.Name = 'sshd.service'",
      "SourceInstance.__CLASS = 'Rusuban_Service'",
    ])
      expect(holds(where, "CQL", CREATED)).toBe(true);
    expect(holds("SourceInstance ISA CIM_Fan", "WQL", CREATED)).toBe(false);
    expect(holds("SourceInstance.Name.Deeper = 'x'", "WQL", CREATED)).toBe(false);
  });

  it.each([
    "",
    "SELECT",
    "SELECT * FROM",
    "DELETE FROM CIM_Service",
    "SELECT * FROM CIM_Service WHERE",
    "SELECT * FROM CIM_Service WHERE Name",
    "SELECT * FROM CIM_Service WHERE Name = 'open",
    "SELECT * FROM CIM_Service WHERE (Name = 'x'",
    "SELECT * FROM CIM_Service WHERE 'a' LIKE 'b'",
    "SELECT * FROM CIM_Service WHERE Name = 'x' ORDER BY Name",
    "SELECT * FROM CIM_Service WHERE x[*] = 1",
    "SELECT * FROM CIM_Service; DROP",
    "ASSOCIATORS OF {CIM_Service.Name='x'}",
  ])("is refused: %j", (text) => {
    expect(() => parseQuery(text, "WQL")).toThrow(CimError);
  });

  it("is bounded in length, depth and number of comparisons", () => {
    const where = (text: string) => () => parseQuery(`SELECT * FROM A WHERE ${text}`, "WQL");
    expect(where(`${"(".repeat(QUERY_DEPTH_MAX)}a=1${")".repeat(QUERY_DEPTH_MAX)}`)).not.toThrow();
    expect(where(`${"(".repeat(QUERY_DEPTH_MAX + 1)}a=1${")".repeat(QUERY_DEPTH_MAX + 1)}`)).toThrow("deep");
    expect(where(`${"NOT ".repeat(QUERY_DEPTH_MAX + 1)}a=1`)).toThrow("deep");
    expect(where(Array(QUERY_TERMS_MAX).fill("a=1").join(" OR "))).not.toThrow();
    expect(
      where(
        Array(QUERY_TERMS_MAX + 1)
          .fill("a=1")
          .join(" OR "),
      ),
    ).toThrow("comparisons");
    expect(where(`a='${"x".repeat(QUERY_CHARACTERS_MAX)}'`)).toThrow("characters");
    expect(where(Array(10).fill("a").join("."))).toThrow();
  });

  it("throws CimError or parses, whatever is asked", () => {
    const word = fc.constantFrom(
      "SELECT",
      "*",
      "FROM",
      "A",
      "WHERE",
      "x",
      "=",
      "'y'",
      "(",
      ")",
      "NOT",
      "AND",
      "OR",
      "ISA",
      "LIKE",
      "1",
      ".",
      "[",
      "]",
      "ANY",
      "IS",
      "NULL",
      "'",
      "é",
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 20 }), (words) => {
        try {
          parseQuery(`SELECT * FROM A WHERE ${words.join(" ")}`, "CQL");
        } catch (error) {
          expect(error).toBeInstanceOf(CimError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("knows the languages by the names that clients use", () => {
    for (const name of ["WQL", "wql", "http://schemas.microsoft.com/wbem/wsman/1/WQL"])
      expect(languageOf(name)).toBe("WQL");
    for (const name of ["DMTF:CQL", "CIM:CQL", "CQL", "http://schemas.dmtf.org/wbem/cql/1/dsp0202.pdf"])
      expect(languageOf(name)).toBe("CQL");
    for (const name of ["", "SQL", "toString"]) expect(() => languageOf(name)).toThrow(CimError);
  });
});

describe("LIKE", () => {
  it("fits as a regular expression would", () => {
    const piece = fc.constantFrom("a", "b", "%", "_", "[ab]", "[^a]");
    const pattern = fc.array(piece, { maxLength: 8 });
    const text = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 10 }).map((letters) => letters.join(""));
    fc.assert(
      fc.property(pattern, text, (pieces, given) => {
        const expression = pieces.map((each) => (each === "%" ? ".*" : each === "_" ? "." : each)).join("");
        expect(isLike(given, parseLike(pieces.join(""), "WQL"))).toBe(new RegExp(`^${expression}$`, "s").test(given));
      }),
      { numRuns: 1_000 },
    );
  });

  it("takes no time that grows with more than text times pattern", () => {
    // A regular expression with as many runs would not end.
    expect(isLike("a".repeat(20_000), parseLike(`${"%a".repeat(200)}b`, "WQL"))).toBe(false);
  });
});
