import { expect, test } from "vitest";
import { ageAt, drawings, marks, nearest, place, TICKS, type Note } from "./roll.ts";

const MINUTE = 60_000;
const NOW = 1_800_000_000_000;
const note = (age: number, more: Partial<Note> = {}): Note => ({
  id: 1,
  publicId: "a",
  application: 1,
  priority: 5,
  created: NOW - age * MINUTE,
  read: false,
  title: "",
  ...more,
});

test("now is the right edge, a day ago the left one", () => {
  expect(place(0)).toBe(1);
  expect(place(24 * 60 * MINUTE)).toBeCloseTo(0, 10);
  expect(place(-MINUTE)).toBe(1); // a clock that goes fast
});

test("the ticks stand where they are drawn", () => {
  const shares = TICKS.map((minutes) => Math.round(place(minutes * MINUTE) * 1000) / 10);
  expect(shares).toEqual([13.8, 27.4, 40.8, 60.9, 72.1, 81.6, 91.9]);
});

test("a place tells its age", () => {
  for (const age of [0, 3, 60, 700]) expect(ageAt(place(age * MINUTE))).toBeCloseTo(age * MINUTE, 3);
  expect(ageAt(2)).toBe(0);
  expect(ageAt(-1)).toBeCloseTo(24 * 60 * MINUTE, 3);
});

test("what is older than a day has no place", () => {
  expect(marks([note(5), note(24 * 60 + 1)], NOW, 1000)).toHaveLength(1);
});

test("bands have lines and shapes of their own, and what is read stands apart", () => {
  const all = [note(1, { priority: 10 }), note(1, { priority: 0, read: true }), note(1, { priority: 8 })];
  const found = marks(all, NOW, 1000);
  expect(found.map(({ y }) => y)).toEqual([14, 78, 30]);
  const [silent, , , high, urgent] = drawings(found, 1000);
  expect(silent?.read).not.toBe("");
  expect(silent?.fresh).toBe("");
  expect(high?.fresh).not.toBe(urgent?.fresh);
});

test("a crowd becomes bars, except where each one matters", () => {
  const crowd = (priority: number): Note[] => Array.from({ length: 500 }, () => note(30, { priority }));
  const drawn = drawings(marks([...crowd(5), ...crowd(8)], NOW, 1000), 1000);
  expect(drawn[2]?.fresh.match(/z/g)).toHaveLength(1);
  expect(drawn[3]?.fresh.match(/z/g)).toHaveLength(500);
});

test("only a near mark is found", () => {
  const all = marks([note(0, { id: 1 }), note(60, { id: 2 })], NOW, 1000);
  expect(nearest(all, 605, 46)?.note.id).toBe(2);
  expect(nearest(all, 800, 46)).toBeNull();
});
