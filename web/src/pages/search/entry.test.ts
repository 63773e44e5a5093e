import { expect, test } from "vitest";
import { addressOf, queryFrom } from "./address.ts";
import { entryOf, queryOf, replaced, settled, soFar, wider } from "./entry.ts";

test.each<[string, string[], string]>([
  ["priority:high+ since:30d backup error", ["priority:high+", "since:30d"], "backup error"],
  ['disk app:"Two words" -test', ['app:"Two words"'], "disk -test"],
  ["prio:high disk", [], "prio:high disk"],
  ["priority:loud disk", [], "priority:loud disk"],
  ["is:unread is:unread", ["is:unread"], ""],
  ["", [], ""],
])("%s stands in the field as chips and text", (query, chips, text) => expect(entryOf(query)).toEqual({ chips, text }));

test("a filter becomes a chip when a space or a closing quote follows, or when all is done", () => {
  const none = { chips: [], text: "disk is:unread" };
  expect(settled(none)).toBe(none);
  expect(settled({ chips: [], text: "disk is:unread " })).toEqual({ chips: ["is:unread"], text: "disk  " });
  expect(settled({ chips: [], text: 'app:"Two words"' })).toEqual({ chips: ['app:"Two words"'], text: "" });
  expect(settled({ chips: [], text: 'app:"Two' })).toEqual({ chips: [], text: 'app:"Two' });
  expect(settled(none, true)).toEqual({ chips: ["is:unread"], text: "disk " });
  expect(settled({ chips: [], text: "is:loud " })).toEqual({ chips: [], text: "is:loud " });
});

test("a filter that is still being written is not searched for", () => {
  expect(soFar({ chips: ["is:unread"], text: "disk priority:hi" })).toBe("is:unread disk");
  expect(soFar({ chips: [], text: "disk priority:" })).toBe("disk");
  expect(soFar({ chips: [], text: "disk" })).toBe("disk");
});

test("filters are replaced and left out by what they are", () => {
  expect(replaced("since:7d disk before:1d", ({ name }) => name === "since" || name === "before")).toBe("disk");
  expect(replaced("since:7d disk", ({ name }) => name === "since", "since:24h")).toBe("since:24h disk");
});

test("wider searches leave out filters first, the last before the first, then all of them, then words", () => {
  expect(wider("app:a is:unread disk full")).toEqual([
    "app:a disk full",
    "is:unread disk full",
    "disk full",
    "app:a is:unread full",
    "app:a is:unread disk",
  ]);
  expect(wider("disk")).toEqual([]);
});

test("a query comes back from its address", () => {
  for (const query of ["is:pinned", 'priority:high+ app:"A & B" 100% ü', "a/b?c#d=e", ""]) {
    const [, querystring] = addressOf(query).split("?");
    expect(queryFrom(querystring)).toBe(query);
  }
  expect(addressOf("is:pinned")).toBe("/search?q=is:pinned");
  expect(queryFrom("q=50%")).toBe("50%");
  expect(queryOf({ chips: ["is:read"], text: " disk " })).toBe("is:read disk");
});
