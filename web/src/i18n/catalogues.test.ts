import { readdirSync, readFileSync } from "node:fs";
import { parse, type Token } from "@messageformat/parser";
import { expect, test } from "vitest";

type Texts = Record<string, string>;

const files = (language: string): string[] => readdirSync(new URL(language, import.meta.url)).sort();

const texts = (language: string, file: string): Texts =>
  JSON.parse(readFileSync(new URL(`${language}/${file}`, import.meta.url), "utf8"));

/** The names of the values that stand in a text. */
function placeholders(tokens: Token[]): Set<string> {
  const found = new Set<string>();
  for (const token of tokens) {
    if (!("arg" in token)) continue;
    found.add(token.arg);
    if (!("cases" in token)) continue;
    for (const { tokens } of token.cases) for (const inner of placeholders(tokens)) found.add(inner);
  }
  return found;
}

const others = readdirSync(new URL(".", import.meta.url), { withFileTypes: true })
  .filter((one) => one.isDirectory() && one.name !== "en")
  .map((one) => one.name);

test.each(others)("the texts in '%s' are those in English, and have the same values in them", (language) => {
  expect(files(language)).toEqual(files("en"));
  for (const file of files("en").filter((name) => name.endsWith(".json"))) {
    const english = texts("en", file);
    const foreign = texts(language, file);
    expect(Object.keys(foreign).sort(), file).toEqual(Object.keys(english).sort());
    for (const [name, text] of Object.entries(english)) {
      expect(placeholders(parse(foreign[name]!)), `${file}: ${name}`).toEqual(placeholders(parse(text)));
    }
  }
});

test("every area is loaded by one part, the same in each language", () => {
  const parts = (language: string) =>
    ["index.ts", "pages.ts"].map((part) => {
      const text = readFileSync(new URL(`${language}/${part}`, import.meta.url), "utf8");
      return [...text.matchAll(/from ".\/(.*)"/g)].map((found) => found[1]!);
    });
  expect(parts("en").flat().sort()).toEqual(files("en").filter((name) => name.endsWith(".json")));
  for (const language of others) expect(parts(language)).toEqual(parts("en"));
});
