import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CimDateTime } from "../../cim/cim-date-time.ts";
import { CimInstance, type CimProperty } from "../../cim/cim-instance.ts";
import { CIM_TYPES, type CimScalar, type CimType } from "../../cim/cim-type.ts";
import { ObjectPath } from "../../cim/object-path.ts";
import { WireError } from "../../runtime/errors.ts";
import { parseXml } from "../../wire/xml-reader.ts";
import { XmlWriter } from "../../wire/xml-writer.ts";
import { EMBEDDED_DEPTH_MAX, Instance } from "./instance-elements.ts";
import { type Message, readMessage, writeMessage } from "./message-elements.ts";

const FOLDER = join(import.meta.dirname, "../../../test/fixtures/cim-xml");
const VECTORS = readdirSync(FOLDER).map((file) => [file, readFileSync(join(FOLDER, file))] as const);
const bodyOf = (name: string) => {
  const [, bytes] = VECTORS.find(([file]) => file === `${name}.xml`) ?? [];
  return readMessage(parseXml(bytes as Buffer)).body;
};
/** Values without their classes, so that they can be compared. */
const plain = (value: unknown) =>
  JSON.parse(
    JSON.stringify(value, (_, each) => {
      if (typeof each === "bigint") return `${each}n`;
      if (each instanceof CimInstance) return { class: each.className, path: each.path, properties: each.properties };
      return each;
    }),
  );

describe.each(VECTORS)("%s", (_, bytes) => {
  it("is read, written and read again the same", () => {
    const message = readMessage(parseXml(bytes));
    expect(message.id).toBe("87872");
    const again = readMessage(parseXml(writeMessage(message.id, message.body)));
    expect(plain(again)).toEqual(plain(message));
  });

  it("is refused when cut off anywhere", () => {
    const text = bytes.subarray(0, bytes.lastIndexOf(">") + 1); // Only white space follows.
    for (let length = 0; length < text.length; length++)
      expect(() => readMessage(parseXml(text.subarray(0, length))), `${length} bytes`).toThrow(WireError);
  });
});

describe("the values in them", () => {
  it("a request of an instance by keys of every kind", () => {
    expect(plain(bodyOf("get-instance-request"))).toMatchObject({
      kind: "request",
      value: {
        kind: "intrinsic",
        value: {
          ...{ name: "GetInstance", namespace: "root/myNamespace" },
          parameters: [
            { name: "InstanceName", value: { value: 'MyClass.MyKey="S4",Count=16,On=TRUE,Of="Other.=7"' } },
            { name: "PropertyList", value: { value: { kind: "array", value: ["MyKey", "Count"] } } },
          ],
        },
      },
    });
  });

  it("an instance with values of every type", () => {
    const body = bodyOf("enumerate-instances-response") as Extract<Message["body"], { kind: "response" }>;
    const [item] = (body.value.value as { returned: readonly { value: CimInstance }[] }).returned;
    const disk = item?.value as CimInstance;
    const values = Object.fromEntries(disk.properties.map(({ name, value }) => [name, value]));
    expect(values).toMatchObject({
      ...{ DeviceID: "C:", FreeSpace: 18_446_744_073_709_551_615n, Delta: -9_223_372_036_854_775_808n },
      ...{ Ratio: Math.fround(0.15), Mounted: true, Letter: "C", Unknown: null, States: [2, null, 6] },
    });
    expect(String(values.Since)).toBe("20261122123000.000000+540");
    expect((values.Error as CimInstance).get("Message")).toBe("a < b");
    expect(String(values.System)).toBe('//leonardo/root/cimv2:CIM_ComputerSystem.Name="leonardo"');
  });

  it("an error with its description and details", () => {
    expect(plain(bodyOf("get-instance-error"))).toMatchObject({
      value: {
        value: {
          error: {
            code: 6,
            description: 'Instance of MyClass with MyKey "S4" not found',
            details: [{ class: "CIM_Error" }],
          },
        },
      },
    });
  });

  it("a class with properties, references and a method", () => {
    const { value } = bodyOf("get-class-response") as unknown as {
      value: { value: { returned: { value: unknown }[] } };
    };
    expect(plain(value.value.returned[0]?.value)).toMatchObject({
      ...{ name: "CIM_VideoBIOSElement", superclassName: "CIM_SoftwareElement" },
      properties: [
        { name: "IsShadowed", type: "boolean", isArray: false },
        { name: "TargetStates", type: "uint16", isArray: true, propagated: true },
        { name: "Host", type: "reference", referenceClass: "CIM_ComputerSystem" },
      ],
      methods: [
        {
          ...{ name: "Flash", returnType: "uint32" },
          parameters: [
            { name: "Image", type: "uint8", isArray: false },
            { name: "Parts", type: "string", isArray: true },
            { name: "Target", type: "reference", isArray: false, referenceClass: "CIM_ComputerSystem" },
            { name: "Others", type: "reference", isArray: true },
          ],
        },
      ],
    });
  });

  it("a qualifier type with its scopes", () => {
    expect(plain(bodyOf("enumerate-qualifiers-response"))).toMatchObject({
      value: {
        value: {
          returned: [{ value: { name: "Key", scopes: ["reference", "property"], overridable: false, value: false } }],
        },
      },
    });
  });
});

const property = (inside: string) => `<INSTANCE CLASSNAME="X">${inside}</INSTANCE>`;
const read = (text: string) => Instance.read(parseXml(Buffer.from(text, "utf8")));

describe("what is refused", () => {
  it.each([
    [
      "a number too large",
      property('<PROPERTY NAME="P" TYPE="uint8"><VALUE>256</VALUE></PROPERTY>'),
      "256 does not fit into uint8",
    ],
    ["a type that is none", property('<PROPERTY NAME="P" TYPE="uint128"/>'), "TYPE is"],
    [
      "two values",
      property('<PROPERTY NAME="P" TYPE="uint8"><VALUE>1</VALUE><VALUE>2</VALUE></PROPERTY>'),
      "more than one <VALUE>",
    ],
    [
      "an array where one is meant",
      property('<PROPERTY NAME="P" TYPE="uint8"><VALUE.ARRAY/></PROPERTY>'),
      "an array instead of one uint8",
    ],
    [
      "a reference as a number",
      property('<PROPERTY NAME="P" TYPE="uint8"><VALUE.REFERENCE><CLASSNAME NAME="X"/></VALUE.REFERENCE></PROPERTY>'),
      "no uint8",
    ],
    [
      "an element that is not known",
      property("<PROPERTY.OBJECT/>"),
      "<PROPERTY.OBJECT>: is not expected in <INSTANCE>",
    ],
    ["a name that is missing", property('<PROPERTY TYPE="uint8"/>'), "no attribute NAME"],
    [
      "a date that is none",
      property('<PROPERTY NAME="P" TYPE="datetime"><VALUE>yesterday</VALUE></PROPERTY>'),
      "yesterday",
    ],
  ])("%s", (_, text, problem) => {
    expect(() => read(text)).toThrow(WireError);
    expect(() => read(text)).toThrow(problem);
  });

  it("embedded instances without end", () => {
    let text = property("");
    for (let depth = 0; depth <= EMBEDDED_DEPTH_MAX; depth++) {
      const writer = new XmlWriter().leaf("VALUE", text);
      text = property(`<PROPERTY NAME="P" TYPE="string" EmbeddedObject="instance">${writer.take()}</PROPERTY>`);
    }
    expect(() => read(text)).toThrow(`more than ${EMBEDDED_DEPTH_MAX} instances in one another`);
    // The count is right again afterwards.
    expect(
      read(
        property(
          '<PROPERTY NAME="P" TYPE="string" EMBEDDEDOBJECT="object"><VALUE>&lt;INSTANCE CLASSNAME="Y"/></VALUE></PROPERTY>',
        ),
      ).get("P"),
    ).toBeInstanceOf(CimInstance);
  });
});

it("an empty value of a number is NULL, as sfcb means it, and of a string the empty string", () => {
  const instance = read(
    property(
      '<PROPERTY NAME="N" TYPE="uint32"><VALUE/></PROPERTY><PROPERTY NAME="S" TYPE="string"><VALUE/></PROPERTY>',
    ),
  );
  expect(instance.get("N")).toBeNull();
  expect(instance.get("S")).toBe("");
});

const carried = fc.string({ unit: "grapheme" }).filter((text) => !/[\p{Cc}\p{Cs}\ufffe\uffff]/u.test(text));
const integer = (type: CimType) => {
  const bits = BigInt(type.replace(/\D/g, ""));
  const signed = type.startsWith("s");
  return fc.bigInt(signed ? -(2n ** (bits - 1n)) : 0n, signed ? 2n ** (bits - 1n) - 1n : 2n ** bits - 1n);
};
function scalarOf(type: CimType): fc.Arbitrary<CimScalar> {
  if (type === "boolean") return fc.boolean();
  if (type === "string") return carried;
  if (type === "char16") return fc.constantFrom("a", "語", "<", "&");
  if (type === "datetime") return fc.integer({ min: 0, max: 4e12 }).map((ms) => CimDateTime.at(ms));
  if (type === "reference")
    return carried.map(
      (text) => new ObjectPath({ namespace: "root/cimv2", className: "CIM_X", keys: { Name: text, N: 3n } }),
    );
  if (type === "real32") return fc.float({ noNaN: true, noDefaultInfinity: true });
  if (type === "real64") return fc.double({ noNaN: true, noDefaultInfinity: true });
  return type.endsWith("64") ? integer(type) : integer(type).map(Number);
}
const anyProperty: fc.Arbitrary<CimProperty> = fc.constantFrom(...CIM_TYPES).chain((type) => {
  const one = fc.option(scalarOf(type));
  const isArray = type === "reference" ? fc.constant(false) : fc.boolean();
  return isArray.chain((array) =>
    (array ? fc.option(fc.array(one)) : one).map((value) => ({ name: "P", type, isArray: array, value })),
  );
});

it("every value of every type comes back as it was", () => {
  fc.assert(
    fc.property(anyProperty, (given) => {
      const writer = new XmlWriter();
      Instance.write(writer, new CimInstance({ className: "X", properties: [given] }));
      const [back] = read(writer.take()).properties;
      expect(plain(back)).toEqual(plain(given));
    }),
  );
});
