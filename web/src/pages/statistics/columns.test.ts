import { expect, test, vi } from "vitest";
import type { Statistics } from "~/api/client.ts";
import { anchor, columns, hourName, sum, ticks, weekOrder } from "./columns.ts";

vi.stubGlobal("navigator", { languages: ["en-GB"] }); // the browser's, which Node has not

const report = (unit: "hour" | "day", length: number): Statistics => ({
  from: "2026-11-01T00:00:00.000000Z",
  to: "2026-11-22T12:00:00.000000Z",
  total: 0,
  previous_total: 0,
  unread: 0,
  unit,
  spans: Array.from({ length }, (_, at) => ({ at: begin(unit, length - 1 - at), levels: [0, 1, 0, 0, 2] })),
  hours: [],
  applications: [],
  deliveries: [],
  services: [],
  storage: { database_bytes: 0, messages: 0, pictures: 0, pictures_bytes: 0 },
});

/** So many hours before noon of 22 November, as the browser's clock has it, or so many days before. */
function begin(unit: "hour" | "day", ago: number): string {
  if (unit === "hour") return new Date(2026, 10, 22, 12 - ago).toISOString();
  return new Date(Date.UTC(2026, 10, 22 - ago)).toISOString().slice(0, 10);
}

test("a day is drawn by its hours, some days by day, a year by whole weeks", () => {
  const hours = columns(report("hour", 24));
  expect(hours.map(({ label }) => Number(label))).toEqual(Array.from({ length: 24 }, (_, at) => (at + 13) % 24));
  expect([hours[0]?.name, hours[23]?.name]).toEqual(["Saturday 13:00", "Sunday 12:00"]);
  expect(columns(report("day", 14)).map(({ total }) => total)).toEqual(Array(14).fill(3));
  const weeks = columns(report("day", 364));
  expect(weeks).toHaveLength(52);
  expect(weeks[0]?.levels).toEqual([0, 7, 0, 0, 14]);
  expect(sum(weeks.map(({ total }) => total))).toBe(364 * 3);
});

test("midnight or today has its label", () => {
  expect(anchor(report("hour", 24))).toBe(11);
  expect(anchor(report("day", 14))).toBe(13);
  expect(anchor(report("day", 364))).toBe(51);
});

test.each([
  [0, [0, 1]],
  [1, [0, 1]],
  [3, [0, 1, 2, 3]],
  [57, [0, 20, 40, 60]],
  [93, [0, 25, 50, 75, 100]],
  [322, [0, 100, 200, 300, 400]],
  [12_840, [0, 5000, 10_000, 15_000]],
])("the scale for %i", (highest, expected) => expect(ticks(highest)).toEqual(expected));

test("the week has seven days, whichever is the first", () => {
  expect(weekOrder().toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(hourName(3)).toMatch(/3/);
});
