import { expect, test } from "vitest";
import { choices } from "./expiry.ts";

test("never comes first, and what holds now is among the choices, at its place", () => {
  expect(choices(0)).toEqual([0, 604_800, 2_592_000, 7_776_000, 31_536_000]);
  expect(choices(3600)).toEqual([0, 3600, 604_800, 2_592_000, 7_776_000, 31_536_000]);
  expect(choices(5_000_000)).toEqual([0, 604_800, 2_592_000, 5_000_000, 7_776_000, 31_536_000]);
});
