import { expect, test } from "vitest";
import { host, pieces, safe } from "./links.ts";

const links = (text: string): (string | undefined)[] => pieces(text).flatMap(({ href }) => href ?? []);

test.each([
  ["see https://a.example/x?y=1#z now", "https://a.example/x?y=1#z"],
  ["(https://a.example/b)", "https://a.example/b"],
  ["https://a.example/wiki/Bell_(instrument).", "https://a.example/wiki/Bell_(instrument)"],
  ["at https://a.example, https", "https://a.example/"],
  ["www.a.example/x!", "https://www.a.example/x"],
  ["mira@a.example.", "mailto:mira@a.example"],
  ["mailto:mira@a.example", "mailto:mira@a.example"],
  ["HTTP://A.example", "http://a.example/"],
  ["http://[2001:db8::1]:8080/x", "http://[2001:db8::1]:8080/x"],
  ["„https://a.example/ä“", "https://a.example/%C3%A4"],
])("%s", (text, href) => {
  expect(links(text)).toEqual([href]);
});

test.each([
  "javascript:alert(1)",
  "data:text/html,<script>",
  "xhttps://a.example",
  "https://",
  "a@b",
  "ftp://a.example",
  "file:///etc/passwd",
  "1.2.3.4:8080",
])("%s is no link", (text) => {
  expect(links(text)).toEqual([]);
});

test("nothing of the text is lost", () => {
  const text = "one https://a.example/(x) two\nwww.b.example. three me@c.example, end";
  expect(
    pieces(text)
      .map((piece) => piece.text)
      .join(""),
  ).toBe(text);
  expect(links(text)).toHaveLength(3);
});

test("a text of nothing but traps is read in no time", () => {
  for (const trap of ["https://", "www.", "a.", "a@", "mailto:a", "(", "http://a)"]) {
    const began = performance.now();
    pieces(trap.repeat(65536 / trap.length));
    expect(performance.now() - began).toBeLessThan(1500);
  }
});

test("there is an end to the number of links", () => {
  expect(links("https://a.example ".repeat(2000))).toHaveLength(400);
});

test.each([
  ["https://a.example", "https://a.example/"],
  ["mailto:a@b.example", "mailto:a@b.example"],
  ["javascript:alert(1)", undefined],
  [" java\nscript:alert(1)", undefined],
  ["data:text/html,x", undefined],
  ["vbscript:x", undefined],
  ["//a.example", undefined],
  ["/api/1/session", undefined],
  ["", undefined],
  [null, undefined],
])("%s leads to %s", (address, href) => {
  expect(safe(address)).toBe(href);
});

test("an address is told by its host", () => {
  expect(host("https://a.example:8080/x")).toBe("a.example:8080");
  expect(host("mailto:mira@a.example")).toBe("mira@a.example");
});
