import { expect, test } from "vitest";
import { html } from "./markdown.ts";

test("the end of a line is the end of a line", () => {
  expect(html("one\ntwo")).toBe("<p>one<br>two</p>\n");
});

test("headings leave room for those of the page", () => {
  expect(html("# a\n\n##### b")).toBe("<h3>a</h3>\n<h6>b</h6>\n");
});

test("tables, code, tasks, struck words and bare addresses are understood", () => {
  const found = html("| a | b |\n|---|--:|\n| 1 | 2 |\n\n```\n<x>\n```\n\n- [x] ~~done~~ https://a.example");
  expect(found).toContain('<td align="right">2</td>');
  expect(found).toContain("<pre><code>&lt;x&gt;");
  expect(found).toContain("☑ ");
  expect(found).toContain("<del>done</del>");
  expect(found).toContain('href="https://a.example"');
});

test("HTML stays text, but for what marks words", () => {
  expect(html("a <b>bold</b> <b onclick=x>no</b> <script>x</script>")).toBe(
    "<p>a <b>bold</b> &lt;b onclick=x>no</b> &lt;script>x&lt;/script></p>\n",
  );
  expect(html("<div>\nx <img src=y></div>")).toBe("&lt;div>\nx &lt;img src=y>&lt;/div>");
});

test.each([
  ">".repeat(60000),
  "> ".repeat(30000),
  "1. ".repeat(20000),
  "- ".repeat(3000) + "x",
  "_a_".repeat(20000),
  "!".repeat(100_000),
  "a\n-\n".repeat(25_000),
  "[a](b" + " ".repeat(100_000),
  "http://a" + ".".repeat(100_000),
  `|${"a|".repeat(2000)}\n|${"-|".repeat(2000)}\n${"|b\n".repeat(2000)}`,
])("what would take long is shown as it was written (%#)", (text) => {
  const began = performance.now();
  expect(html(text)).toMatch(/^<pre>|<p>|<hr>/);
  expect(performance.now() - began).toBeLessThan(3000);
});

test("a long report is no such text", () => {
  const part = "## Host\n\n| disk | used |\n|---|---|\n| sda | **91 %** |\n\n- see [the page](https://a.example)\n\n";
  expect(html(part.repeat(1000)).match(/<table>/g)).toHaveLength(1000);
});
