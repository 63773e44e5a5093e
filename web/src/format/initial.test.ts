import { expect, it } from "vitest";
import { initial } from "./initial.ts";

it.each([
  ["grafana", "G"],
  ["  ärzte", "Ä"],
  ["🔥 alarm", "🔥"],
  ["\u202eevil", "E"],
  ["\u200f שרת", "ש"],
  [" ", "?"],
  ["", "?"],
])("of %j is %j", (name, letter) => {
  expect(initial(name)).toBe(letter);
});
