import { describe, expect, it } from "vitest";
import { named, shown, types } from "./shortcuts.svelte.ts";

describe("a key", () => {
  it.each([
    ["j", false, "j"],
    ["J", false, "j"], // caps lock
    ["J", true, "Shift+j"],
    ["#", false, "#"],
    ["?", true, "?"], // where it lies on the keyboard is nobody's choice
    ["ArrowDown", true, "Shift+ArrowDown"],
    ["Enter", false, "Enter"],
  ])("%s, shift %s, is named %s", (key, shiftKey, name) => {
    expect(named({ key, shiftKey })).toBe(name);
  });

  it.each([
    ["g i", "G I"],
    ["Shift+ArrowUp", "Shift ↑"],
    ["Escape", "Esc"],
    ["#", "#"],
  ])("%s is shown as %s", (key, sign) => {
    expect(shown(key)).toBe(sign);
  });

  it.each(["j", "g i", "#", "Shift+j"])("%s types something", (key) => expect(types(key)).toBe(true));
  it.each(["Enter", "Escape", "Shift+ArrowDown"])("%s types nothing", (key) => expect(types(key)).toBe(false));
});
