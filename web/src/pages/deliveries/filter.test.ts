import { expect, test } from "vitest";
import { addressOf, asked, filterFrom } from "./filter.ts";

const NOW = Date.UTC(2026, 10, 22, 12, 0, 30);
const KINDS = [{ kind: "email", title: "E-mail" }];

test("a filter comes back from its address", () => {
  const filter = filterFrom("service=3&state=failed,expired&reason=dns&priority=8&since=24h&text=no%20route");
  expect(filterFrom(addressOf(filter).split("?")[1])).toEqual(filter);
  expect(addressOf(filterFrom(""))).toBe("/deliveries");
});

test("what makes no sense is left out", () => {
  const filter = filterFrom("service=x&state=lost,failed&reason=mood&since=ever&other=1");
  expect(addressOf(filter)).toBe("/deliveries?state=failed");
});

test("the server is asked in its own words, the same for a minute", () => {
  const filter = filterFrom("priority=8&since=1h&reason=auth&text=refused");
  expect(asked(filter, NOW)).toEqual({
    code: "auth",
    min_level: "8",
    since: "2026-11-22T11:00:00.000Z",
    text: "refused",
  });
});

test.each(["email", "E-Mail"])("%s finds by kind", (text) => {
  expect(asked(filterFrom(`text=${text}`), NOW, KINDS)).toEqual({ kind: "email" });
});
