import { expect, test } from "vitest";
import { excerpt } from "./excerpt.ts";

const text = (message: string): string =>
  excerpt(message, true)
    .map((span) => span.text)
    .join("");

test("plain text is one line as it is", () => {
  expect(excerpt("a *b*\n\n  c ", false)).toEqual([{ text: "a *b* c" }]);
});

test("what is strong and what is code stays", () => {
  expect(excerpt("**/srv** has `38 GB` left", true)).toEqual([
    { text: "/srv", kind: "strong" },
    { text: " has " },
    { text: "38 GB", kind: "code" },
    { text: " left" },
  ]);
});

test.each([
  ["# Head\ntext", "Head text"],
  ["- one\n- [x] two\n3. three", "one two three"],
  ["> quoted", "quoted"],
  ['see [the panel](https://a.example/x "t")', "see the panel"],
  ["![a chart](https://a.example/c.png)", "a chart"],
  ["| a | b |\n|---|--:|\n| 1 | 2 |", "a b 1 2"],
  ["```sh\nls\n```", "ls"],
  ["an *odd* _word_ and snake_case_name", "an odd word and snake_case_name"],
  ["<img src=x onerror=alert(1)>after", "after"],
  ["2 \\* 3", "2 * 3"],
  ["1 < 2 and 3 > 2", "1 < 2 and 3 > 2"],
])("%j", (message, expected) => {
  expect(text(message)).toBe(expected);
});

test("a long message is not read to its end", () => {
  const began = performance.now();
  for (const trap of ["[", "![](", "**a", "`", "|", "<a", "*_", "> "])
    expect(text(trap.repeat(65536 / trap.length)).length).toBeLessThanOrEqual(320);
  expect(performance.now() - began).toBeLessThan(500);
});
