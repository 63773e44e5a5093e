import { expect, test } from "vitest";
import { moved, placeAt, pull } from "./reorder.ts";

const ROWS = [
  { top: 0, bottom: 60 },
  { top: 60, bottom: 120 },
  { top: 120, bottom: 220 },
];

test.each([
  [-50, 0],
  [29, 0],
  [31, 1],
  [169, 2],
  [171, 3],
  [900, 3],
])("a row let go at %i belongs at place %i", (y, place) => {
  expect(placeAt(y, ROWS)).toBe(place);
});

test("a list of one has one place", () => {
  expect(placeAt(5, [])).toBe(0);
});

test.each([
  [0, [3, 1, 2]],
  [1, [1, 3, 2]],
  [2, [1, 2, 3]],
  [9, [1, 2, 3]],
  [-1, [3, 1, 2]],
])("the last one moved to place %i", (place, ids) => {
  expect(moved([1, 2, 3], 3, place)).toEqual(ids);
});

test("it scrolls only near the ends, and faster there", () => {
  const box = { top: 0, bottom: 600 };
  expect(pull(300, box)).toBe(0);
  expect(pull(20, box)).toBeLessThan(0);
  expect(pull(590, box)).toBeGreaterThan(pull(560, box));
  expect(pull(-400, box)).toBe(-pull(1000, box));
});
