import { expect, test } from "vitest";
import { excerpt, marked } from "./marks.ts";

const drawn = (text: string, words: string[]): string =>
  marked(text, words)
    .map(({ text, hit }) => (hit ? `[${text}]` : text))
    .join("");

test.each<[string, string[], string]>([
  ["Backup of nas-01 has errors", ["backup", "error*"], "[Backup] of nas-01 has [errors]"],
  ["BackupTooOld, backups", ["backup"], "BackupTooOld, backups"],
  ["BackupTooOld, backups", ["backup*"], "[BackupTooOld], [backups]"],
  ["Größe der Straße", ["grosse", "strasse"], "[Größe] der [Straße]"],
  ["GRÖSSE", ["grosse"], "[GRÖSSE]"],
  ["Mu\u0308ller", ["muller"], "[Mu\u0308ller]"],
  ["the disk is full; disk-full", ["disk full"], "the disk is full; [disk-full]"],
  ["😀 disk 😀", ["disk"], "😀 [disk] 😀"],
  ["db-3.example.org", ["db 3*"], "[db-3].example.org"],
  ["nothing", [], "nothing"],
  ["", ["a"], ""],
  ["a (b) [c]", ["b"], "a ([b]) [c]"],
])("%s by %j", (text, words, expected) => expect(drawn(text, words)).toBe(expected));

test("no text is lost", () => {
  const text = "Straße, ẞ und ﬁ, İstanbul: Größe";
  expect(
    marked(text, ["strasse", "istanbul*", "und"])
      .map((part) => part.text)
      .join(""),
  ).toBe(text);
});

test("an excerpt begins near the first hit where it would be out of sight", () => {
  const text = "word ".repeat(100) + "the needle stands here " + "word ".repeat(100);
  expect(excerpt(text, ["needle"])).toMatch(/^… (word ){2,6}the needle stands here word/);
  expect(excerpt(text, ["missing"])).toMatch(/^word word/);
  expect(excerpt("a needle\n\nin two lines", ["needle"])).toBe("a needle in two lines");
});
