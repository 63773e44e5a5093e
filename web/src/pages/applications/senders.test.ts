import { expect, test } from "vitest";
import { pieces, quotable, SENDERS, type Filled, type SenderId } from "./senders.ts";

const FILLED: Filled = { server: "https://bells.example/deep", token: "AkT7.Qv2mPz", title: "T", message: "M" };

test.each(Object.keys(SENDERS) as SenderId[])("%s is filled, and whole again when joined", (id) => {
  const text = SENDERS[id].text(FILLED);
  const found = pieces(text, FILLED);
  expect(found.map((piece) => piece.text).join("")).toBe(text);
  expect(found.some(({ kind, text }) => kind === "server" && text === FILLED.server)).toBe(true);
  expect(found.some(({ kind }) => kind === "token")).toBe(id !== "gitlab");
});

test("no sender that a repository keeps holds the token", () => {
  expect(SENDERS.gitlab.text(FILLED)).not.toContain(FILLED.token);
});

test("a flow is JSON", () => {
  const flow = JSON.parse(SENDERS.nodeRed.text(FILLED));
  expect(JSON.parse(flow[0].payload)).toEqual({ title: "T", message: "M", priority: 5 });
});

test.each([
  ["https://a.example/", "https://a.example"],
  ["https://a.example/it's/$(id)/", "https://a.example/it%27s/%24(id)"],
  ['https://a.example/"`\\', "https://a.example/%22%60%5C"],
])("%s stands between quotes as %s", (address, quoted) => {
  expect(quotable(address)).toBe(quoted);
});

test("a text without either is one piece", () => {
  expect(pieces("a", FILLED)).toEqual([{ text: "a", kind: "" }]);
  expect(pieces("", FILLED)).toEqual([]);
});
