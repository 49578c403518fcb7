import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classUri, parseResourceUri, resourceUriOf } from "./resource-uri.ts";

describe("a resource URI", () => {
  const dmtf = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2";
  it.each([
    [`${dmtf}/CIM_Fan`, { prefix: dmtf, className: "CIM_Fan", namespace: undefined }],
    ["http://schemas.dmtf.org/wbem/wscim/1/*", { prefix: dmtf, className: undefined, namespace: undefined }],
    [`${dmtf}/*`, { prefix: dmtf, className: undefined, namespace: undefined }],
    [
      "http://sblim.sf.net/wbem/wscim/1/cim-schema/2/Linux_Processor",
      { prefix: "http://sblim.sf.net/wbem/wscim/1/cim-schema/2", className: "Linux_Processor", namespace: undefined },
    ],
    [
      "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/Win32_Service",
      {
        prefix: "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2",
        className: "Win32_Service",
        namespace: "root/cimv2",
      },
    ],
    [
      "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/*",
      {
        prefix: "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2",
        className: undefined,
        namespace: "root/cimv2",
      },
    ],
  ])("%s is understood", (text, value) => {
    expect(parseResourceUri(text)).toEqual(value);
  });

  it.each([
    "",
    "CIM_Fan",
    "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/",
    "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_Fan/RequestStateChange",
    "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM Fan",
    "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/Fan",
    "http://schemas.microsoft.com/wbem/wsman/1/wmi/Win32_Service",
    "http://schemas.microsoft.com/wbem/wsman/1/wmi/root//cimv2/Win32_Service",
    "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd",
    "https://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_Fan",
    `http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_${"a".repeat(3_000)}`,
  ])("%s names no class", (text) => {
    expect(parseResourceUri(text)).toBeUndefined();
  });

  it("never throws, and gives back what it was made of", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const uri = parseResourceUri(text);
        if (uri?.className !== undefined) expect(classUri(uri.prefix, uri.className)).toBe(text);
      }),
    );
  });

  it("is written for a class of the DMTF's and of Windows'", () => {
    expect(parseResourceUri(resourceUriOf("CIM_Fan"))?.className).toBe("CIM_Fan");
    expect(parseResourceUri(resourceUriOf("*"))).toMatchObject({ className: undefined });
    expect(parseResourceUri(resourceUriOf("Win32_Service", { windowsNamespace: "root/cimv2" }))).toMatchObject({
      className: "Win32_Service",
      namespace: "root/cimv2",
    });
  });
});
