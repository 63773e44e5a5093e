import { expect, test } from "vitest";
import type { FormField } from "~/api/services.ts";
import { asked, blank, wrong, type Wrong } from "./check.ts";

const NONE = { en: "", de: "" };
const field = (more: Partial<FormField>): FormField => ({
  name: "token",
  type: "text",
  label: { en: "Token", de: "Token" },
  help: NONE,
  placeholder: "",
  required: false,
  default: null,
  choices: [],
  when: null,
  advanced: false,
  minimum: null,
  maximum: null,
  min_length: null,
  max_length: null,
  pattern: null,
  columns: [],
  ...more,
});

test.each<[Partial<FormField>, unknown, Wrong | null]>([
  [{ required: true }, "", { says: "missing" }],
  [{ required: true }, { set: true, hint: "" }, null],
  [{ min_length: 30, max_length: 30 }, "a".repeat(28), { says: "exactly", n: 28, right: 30 }],
  [{ max_length: 2 }, "äöü", { says: "tooLong", n: 3, right: 2 }],
  [{ min_length: 2 }, "ä", { says: "tooShort", n: 1, right: 2 }],
  [{ type: "number", minimum: 30 }, 29, { says: "atLeast", right: 30 }],
  [{ type: "number", maximum: 30 }, 31, { says: "atMost", right: 30 }],
  [{ type: "number", minimum: 30 }, null, null],
  [{ pattern: "^[a-z]+$" }, "A", { says: "notLike" }],
  [{ pattern: "^(?P<name>a)$" }, "b", null],
  [{ type: "list", required: true }, [], { says: "missing" }],
])("%j with %j: %j", (more, value, found) => expect(wrong(field(more), value)).toEqual(found));

test("a field is asked for when what it depends on has one of the values", () => {
  const depends = field({ when: { field: "security", values: ["tls", "true"] } });
  expect(asked(depends, { security: "tls" })).toBe(true);
  expect(asked(depends, { security: true })).toBe(true);
  expect(asked(depends, { security: "none" })).toBe(false);
});

test("a field begins with its default, else empty as its type is", () => {
  expect(blank(field({ default: "x" }))).toBe("x");
  expect(blank(field({ type: "list" }))).toEqual([]);
  expect(blank(field({ type: "number" }))).toBeNull();
  expect(blank(field({ type: "choice", choices: [{ value: "a", label: NONE }] }))).toBe("a");
});
