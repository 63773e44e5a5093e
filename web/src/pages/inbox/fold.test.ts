import { expect, test } from "vitest";
import { fold } from "./fold.ts";

test("what is short is shown whole", () => {
  expect(fold("one\ntwo\n")).toEqual({ text: "one\ntwo", lines: 2, characters: 7, long: false });
  expect(fold(Array(12).fill("x").join("\n")).long).toBe(false);
});

test("more than twelve lines are folded", () => {
  const found = fold(Array.from({ length: 64 }, (_, n) => `line ${n}`).join("\n"));
  expect(found).toMatchObject({ lines: 64, long: true });
  expect(found.text.split("\n")).toHaveLength(12);
});

test("more than 900 characters are cut between words", () => {
  const found = fold("bells ".repeat(400));
  expect(found.long).toBe(true);
  expect(found.text.length).toBeLessThanOrEqual(900);
  expect(found.text.endsWith("bells")).toBe(true);
});

test("a word without end is cut too, but not through a character", () => {
  expect(fold("x".repeat(5000)).text).toHaveLength(900);
  expect(fold("x" + "🔔".repeat(2000)).text.endsWith("🔔")).toBe(true);
});

test("code that is cut open is closed", () => {
  const found = fold("```\n" + "code\n".repeat(40) + "```");
  expect(found.text.endsWith("\n```")).toBe(true);
  expect(fold("```\ncode\n```\n" + "text\n".repeat(40)).text.endsWith("text")).toBe(true);
});

test("blank lines before the last word do not take long", () => {
  const began = performance.now();
  expect(fold("\n".repeat(100_000) + "x").lines).toBe(100_001);
  expect(performance.now() - began).toBeLessThan(500);
});
