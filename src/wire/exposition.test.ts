import { expect, it } from "vitest";
import { formatExposition } from "./exposition.ts";

it("writes families as the format's document shows them", () => {
  const text = formatExposition([
    {
      name: "http_requests_total",
      help: "The total number of HTTP requests.",
      type: "counter",
      samples: [{ labels: { method: "post", code: "200" }, value: 1027 }],
    },
    { name: "metric_without_labels", help: "x", type: "gauge", samples: [{ value: 12.47 }] },
    { name: "nothing_to_say", help: "x", type: "gauge", samples: [] },
  ]);
  expect(text).toBe(
    "# HELP http_requests_total The total number of HTTP requests.\n# TYPE http_requests_total counter\n" +
      'http_requests_total{method="post",code="200"} 1027\n' +
      "# HELP metric_without_labels x\n# TYPE metric_without_labels gauge\nmetric_without_labels 12.47\n",
  );
});

it.each([
  ["quotes, backslashes and line ends", 'C:\\DIR\n"x"', 'C:\\\\DIR\\n\\"x\\"'],
  ["Japanese", "ファイル", "ファイル"],
  ["half a character", "a\ud800b", "a\ufffdb"],
])("escapes %s in a label", (_, value, written) => {
  const text = formatExposition([
    { name: "a", help: "", type: "gauge", samples: [{ labels: { x: value }, value: 1 }] },
  ]);
  expect(text).toContain(`a{x="${written}"} 1\n`);
});

it.each([
  [Number.NaN, "NaN"],
  [Number.POSITIVE_INFINITY, "+Inf"],
  [Number.NEGATIVE_INFINITY, "-Inf"],
  [1e21, "1e+21"],
])("writes %d as %s", (value, written) => {
  expect(formatExposition([{ name: "a", help: "", type: "gauge", samples: [{ value }] }])).toContain(`a ${written}\n`);
});

it("refuses names that Prometheus would refuse", () => {
  expect(() => formatExposition([{ name: "a b", help: "", type: "gauge", samples: [] }])).toThrow("a b");
  const samples = [{ labels: { "a-b": "" }, value: 1 }];
  expect(() => formatExposition([{ name: "a", help: "", type: "gauge", samples }])).toThrow("a-b");
});
