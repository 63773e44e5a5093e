import { expect, it } from "vitest";
import { strength } from "./strength.ts";

it.each([
  ["bells", "short"],
  ["aaaaaaaaaaaa", "weak"],
  ["12345678", "weak"],
  ["Password1", "weak"],
  ["mira-2026", "weak"], // her own name
  ["kTz7pWq2", "fair"],
  ["kTz7pWq2-xL", "good"],
  ["three bells of bronze", "strong"],
])("%s is %s", (password, found) => {
  expect(strength(password, "mira")).toBe(found);
});
