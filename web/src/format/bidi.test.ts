import { expect, it } from "vitest";
import { apart } from "./bidi.ts";

it("leaves alone what runs as our own words do", () => {
  expect(apart("Disk full on nas-01: 95 % 🔥")).toBe("Disk full on nas-01: 95 % 🔥");
});

it.each(["שלום", "nas-01 تنبيه", "\u202eevil"])("keeps %j to itself", (text) => {
  expect(apart(text)).toBe(`\u2068${text}\u2069`);
});

it("lets nothing out that would end it early", () => {
  expect(apart("a\u2069\u202eb")).toBe("\u2068a\u202eb\u2069");
});
