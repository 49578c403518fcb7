import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WireError } from "../runtime/errors.ts";
import {
  type KeyValue,
  OBJECT_PATH_DEPTH_MAX,
  OBJECT_PATH_KEYS_MAX,
  ObjectPath,
  tidyNamespace,
} from "./object-path.ts";

describe("an object path", () => {
  it.each([
    ["a class", "CIM_Fan", null, null, null],
    ["a class in a namespace", "/root/cimv2:CIM_Fan", null, "root/cimv2", null],
    [
      "an instance with a host",
      '//h.example:1/root/cimv2:CIM_Fan.DeviceID="1"',
      "h.example:1",
      "root/cimv2",
      { DeviceID: "1" },
    ],
    ["several keys", 'CIM_A.s="x,y=z",n=-5,b=TRUE', null, null, { s: "x,y=z", n: -5n, b: true }],
    ["quotes and backslashes", 'CIM_A.s="C:\\\\a \\"b\\""', null, null, { s: 'C:\\a "b"' }],
    ["the one instance of a keyless class", "Win32_OperatingSystem=@", null, null, {}],
  ])("stands as text: %s", (_, text, host, namespace, keys) => {
    const path = ObjectPath.parse(text);
    expect([path.host, path.namespace]).toEqual([host, namespace]);
    expect(path.keys && Object.fromEntries(path.keys.map(({ name, value }) => [name, value]))).toEqual(keys);
    expect(path.toString()).toBe(text);
  });

  it.each([
    ["https://u@h/root/cimv2:CIM_Fan", "//u@h/root/cimv2:CIM_Fan"],
    ["root/cimv2:CIM_Fan", "/root/cimv2:CIM_Fan"],
    ["ROOT\\CIMV2:Win32_Service.Name='a'", '/ROOT/CIMV2:Win32_Service.Name="a"'],
    ["CIM_A.n=0x1F", "CIM_A.n=31"],
  ])("is also read as others write it: %s", (text, written) => {
    expect(ObjectPath.parse(text).toString()).toBe(written);
  });

  it("holds references to other objects, one inside another", () => {
    const fan = new ObjectPath({ namespace: "root/cimv2", className: "CIM_Fan", keys: { DeviceID: 'a"b' } });
    const link = new ObjectPath({
      className: "CIM_SystemDevice",
      keys: { PartComponent: fan, Note: "CIM_Fan is no path" },
    });
    const read = ObjectPath.parse(link.toString());
    expect(read.identity).toBe(link.identity);
    expect(read.key("partcomponent")).toBeInstanceOf(ObjectPath);
    expect(read.key("Note")).toBe("CIM_Fan is no path");
  });

  it.each([
    "",
    "1a",
    "CIM_A.",
    "CIM_A.b",
    'CIM_A.b="',
    "CIM_A.b=c",
    'CIM_A.b="c",',
    'CIM_A.b="c"x',
    'CIM_A.b="1",B="2"',
    "a:b:c",
    "CIM A",
  ])("is refused: %j", (text) => {
    expect(() => ObjectPath.parse(text)).toThrow(WireError);
  });

  it("is bounded in keys and in references inside references", () => {
    const many = Array.from({ length: OBJECT_PATH_KEYS_MAX + 1 }, (_, at) => `k${at}=1`).join(",");
    expect(() => ObjectPath.parse(`CIM_A.${many}`)).toThrow("more than");
    let path = new ObjectPath({ className: "CIM_A", keys: { k: "x" } });
    for (let depth = 0; depth <= OBJECT_PATH_DEPTH_MAX; depth += 1)
      path = new ObjectPath({ className: "CIM_A", keys: { k: path } });
    expect(() => path.identity).toThrow("too deep");
  });

  it("is the same object whatever the case of names, the order of keys and the host", () => {
    const one = ObjectPath.parse('//a/Root/CimV2:cim_fan.deviceid="x",n=1');
    const other = ObjectPath.parse('//b/root/cimv2:CIM_Fan.N=0x1,DeviceID="x"');
    expect(one.identity).toBe(other.identity);
    expect(ObjectPath.parse('/root/cimv2:CIM_Fan.N=1,DeviceID="X"').identity).not.toBe(one.identity);
    expect(ObjectPath.parse('CIM_A.n="1"').identity).not.toBe(ObjectPath.parse("CIM_A.n=1").identity);
  });

  it("keeps any keys through its text", () => {
    const value: fc.Arbitrary<KeyValue> = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.boolean(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n }),
    );
    const keys = fc.dictionary(fc.stringMatching(/^[A-Za-z_]\w{0,10}$/), value, { minKeys: 1, maxKeys: 5 });
    fc.assert(
      fc.property(keys, (given) => {
        fc.pre(new Set(Object.keys(given).map((name) => name.toLowerCase())).size === Object.keys(given).length);
        const path = new ObjectPath({ namespace: "root/cimv2", className: "CIM_A", keys: given });
        expect(ObjectPath.parse(path.toString()).identity).toBe(path.identity);
      }),
    );
  });

  it("tidies namespaces", () => {
    expect(tidyNamespace("\\\\ROOT//cimv2/")).toBe("ROOT/cimv2");
  });
});
