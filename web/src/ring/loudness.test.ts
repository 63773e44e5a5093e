import { expect, it } from "vitest";
import { loudness } from "./loudness.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const rings = { muted_until: null, min_level: 0 };

it.each([
  [0, false, false, false],
  [2, true, false, false],
  [5, true, true, false],
  [8, true, true, true],
  [10, true, true, true],
])("priority %i: shown %s, sound %s, stays %s", (priority, shown, sound, stays) => {
  expect(loudness(priority, rings, NOW)).toEqual({ shown, sound, stays });
});

it("is silent while the application is muted, and not before its least priority", () => {
  expect(loudness(10, { ...rings, muted_until: "2026-11-22T12:00:01Z" }, NOW).shown).toBe(false);
  expect(loudness(10, { ...rings, muted_until: "2026-11-22T11:59:59Z" }, NOW).shown).toBe(true);
  expect(loudness(7, { ...rings, min_level: 8 }, NOW).shown).toBe(false);
  expect(loudness(8, { ...rings, min_level: 8 }, NOW).shown).toBe(true);
});

it("rings for an application that is not known yet", () => {
  expect(loudness(5, undefined, NOW).sound).toBe(true);
});
