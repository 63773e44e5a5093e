import { expect, test } from "vitest";
import { faults, fieldOf, type Draft } from "./check.ts";

const FINE: Draft = {
  name: "Backups",
  description: "",
  type: "",
  url: "",
  default_priority: 5,
  content_type: "auto",
};

test("nothing is wrong with a name alone", () => {
  expect(faults(FINE)).toEqual({});
});

test.each<[Partial<Draft>, Record<string, string>]>([
  [{ name: " " }, { name: "applications.nameMissing" }],
  [{ name: "é".repeat(129) }, { name: "applications.nameLong" }],
  [{ name: "é".repeat(128) }, {}],
  [{ description: "x".repeat(4097) }, { description: "applications.descriptionLong" }],
  [{ type: "x".repeat(257) }, { type: "applications.nameLong" }],
  [{ url: "bells.example" }, { url: "applications.urlWrong" }],
  [{ url: "javascript:alert(1)" }, { url: "applications.urlWrong" }],
  [{ url: "https://" }, { url: "applications.urlWrong" }],
  [{ url: "https://bells.example/?a=1" }, {}],
  [{ url: `https://bells.example/${"x".repeat(2048)}` }, { url: "applications.urlLong" }],
  [{ default_priority: 11 }, { default_priority: "applications.priorityWrong" }],
  [{ default_priority: NaN }, { default_priority: "applications.priorityWrong" }],
])("%o", (change, wrong) => {
  expect(faults({ ...FINE, ...change })).toEqual(wrong);
});

test("a refusal belongs to the field that it names", () => {
  expect(fieldOf({ about: "name" })).toBe("name");
  expect(fieldOf({ about: "sortKey" })).toBeUndefined();
  expect(fieldOf({ about: undefined })).toBeUndefined();
});
