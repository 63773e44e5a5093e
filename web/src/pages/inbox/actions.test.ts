import { expect, test } from "vitest";
import type { Message } from "~/api/client.ts";
import { ways } from "./actions.ts";

const of = (fields: object): ReturnType<typeof ways> => ways(fields as Message);

test("the message's own address comes first, with its title or its host", () => {
  const actions = [{ label: "Silence", url: "https://b.example/s" }];
  expect(of({ url: "https://a.example/x", url_title: "Panel", actions })).toEqual([
    { label: "Panel", href: "https://a.example/x", host: "a.example" },
    { label: "Silence", href: "https://b.example/s", host: "b.example" },
  ]);
  expect(of({ url: "https://a.example/x" })[0]?.label).toBeNull();
});

test("what leads nowhere good is no way out", () => {
  expect(of({ url: "javascript:alert(1)" })).toEqual([]);
  expect(of({ url: "data:text/html,x", actions: [{ label: "x", url: "vbscript:x" }, { label: "no url" }] })).toEqual(
    [],
  );
});

test("actions of any shape do no harm", () => {
  expect(of({ actions: [null, 7, "x", [], { label: {}, url: {} }, { url: "https://a.example" }] })).toEqual([
    { label: null, href: "https://a.example/", host: "a.example" },
  ]);
  expect(of({ actions: "no list" })).toEqual([]);
});
