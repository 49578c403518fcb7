import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { harmless, oneLine } from "./harmless.ts";

const anyText = fc.string({ unit: "binary", maxLength: 80 });

describe("a name of somebody else's", () => {
  it("keeps letters, digits and a few signs, in any script, and nothing else", () => {
    expect(harmless("web-1.例え (会計) café", { bytesMax: 100 })).toBe("web-1.例え (会計) café");
    expect(harmless(`a"b'c\`d$e\\f\ng;h`, { bytesMax: 100 })).toBe("a_b_c_d_e_f_g_h");
    expect(harmless("例1", { bytesMax: 100, ascii: true })).toBe("_1");
    fc.assert(
      fc.property(anyText, fc.boolean(), (text, ascii) => {
        const kept = harmless(text, { bytesMax: 1_000, ascii });
        expect(kept).toMatch(ascii ? /^[A-Za-z0-9_ .:/(),@+=-]*$/ : /^[\p{L}\p{M}\p{N}_ .:/(),@+=-]*$/u);
      }),
    );
  });

  it("is never longer than asked, and never ends within a character", () => {
    expect(harmless("会計", { bytesMax: 5 })).toBe("会");
    expect(harmless("web1", { bytesMax: 3 })).toBe("web");
    fc.assert(
      fc.property(anyText, fc.integer({ min: 0, max: 60 }), (text, bytesMax) => {
        const kept = harmless(text, { bytesMax });
        expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(bytesMax);
        expect(kept.isWellFormed()).toBe(true);
      }),
    );
  });
});

describe("a line of comment", () => {
  it("is one line, without what turns text round or moves the cursor", () => {
    expect(oneLine("a\r\nb\u2028c\u001b[31md\u202ee")).toBe("a b c [31md e");
    fc.assert(
      fc.property(anyText, (text) => {
        expect(oneLine(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});
