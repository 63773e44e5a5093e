import { expect, test } from "vitest";
import { below, between, keyOf, rows, type Options, type Row, type Rows } from "./rows.ts";

const NOON = new Date(2026, 10, 22, 12).getTime();
const HOUR = 3_600_000;
const at = (hours: number): string => new Date(NOON - hours * HOUR).toISOString().replace("Z", "000Z");

/** Messages by id: how many hours before noon, and of which application. */
function all(messages: Record<number, [number, number?]>, options: Partial<Options> = {}): Rows {
  const ids = Object.keys(messages)
    .map(Number)
    .sort((a, b) => b - a);
  return rows(ids, {
    created: (id) => at(messages[id]?.[0] ?? 0),
    application: (id) => messages[id]?.[1] ?? 1,
    ended: true,
    grouped: false,
    open: new Set(),
    ...options,
  });
}

const make = (...given: Parameters<typeof all>): Row[] => all(...given).rows;

test("each day has a head that counts its messages", () => {
  const found = make({ 3: [0], 2: [1], 1: [13] });
  expect(found.map(keyOf)).toEqual(["2026-11-22", 3, 2, "2026-11-21", 1]);
  expect(found[0]).toMatchObject({ kind: "day", count: 2, start: new Date(2026, 10, 22).getTime() });
});

test("the last day is not counted while there may be more of it", () => {
  const found = make({ 2: [0], 1: [13] }, { ended: false });
  expect(found[0]).toMatchObject({ count: 1 });
  expect(found[2]).toMatchObject({ count: null });
});

test("midnight belongs to the day that begins", () => {
  expect(make({ 2: [12], 1: [12.001] }).map(keyOf)).toEqual(["2026-11-22", 2, "2026-11-21", 1]);
});

test("a clock that went back gives a day a second head of another key", () => {
  const found = make({ 3: [0], 2: [13], 1: [1] });
  expect(found.map(keyOf)).toEqual(["2026-11-22", 3, "2026-11-21", 2, "2026-11-22+2", 1]);
});

test("grouped, an application's older messages of a day stand behind its newest", () => {
  const messages: Record<number, [number, number]> = { 5: [0, 7], 4: [1, 8], 3: [2, 7], 2: [3, 7], 1: [13, 7] };
  const closed = all(messages, { grouped: true });
  expect(closed.rows.map(keyOf)).toEqual(["2026-11-22", 5, 4, "2026-11-21", 1]);
  expect([...closed.groups.keys()]).toEqual([5]);
  expect(closed.groups.get(5)).toMatchObject({ application: 7, ids: [3, 2], open: false });
  const open = make(messages, { grouped: true, open: new Set(["2026-11-22/7"]) });
  expect(open.map(keyOf)).toEqual(["2026-11-22", 5, 3, 2, 4, "2026-11-21", 1]);
});

test("no messages, no rows", () => {
  expect(make({})).toEqual([]);
});

test("heads are found, and how many stand before a row", () => {
  const found = make({ 3: [0], 2: [1], 1: [13] });
  expect(between(found)).toEqual([0, 3]);
  expect(below([0, 3], 1)).toBe(1);
  expect(below([0, 3], 4)).toBe(2);
  expect(below([], 4)).toBe(0);
});
