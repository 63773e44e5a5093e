import { expect, test } from "vitest";
import type { Message } from "~/api/client.ts";
import { Tally, type Counts } from "./tally.ts";

const message = (read: string | null, pinned: string | null = null): Message =>
  ({ id: 1, application: 3, state: { changed: 1, read, dismissed: null, pinned } }) as Message;
const counts = (unread: number, total: number): Counts => ({
  unread,
  total,
  pinned: 0,
  applications: { 3: { unread, total } },
});

test("what arrives counts as unread", () => {
  const tally = new Tally();
  tally.move(undefined, message(null));
  expect(tally.added({ unread: 0, pinned: 0, total: 0, applications: {} })).toEqual(counts(1, 1));
});

test("reading and deleting take away", () => {
  const tally = new Tally();
  tally.move(message(null), message("now"));
  tally.move(message("now"), undefined);
  expect(tally.added(counts(2, 5))).toEqual(counts(1, 4));
});

test("what was added is not added again", () => {
  const tally = new Tally();
  tally.move(undefined, message(null, "now"));
  const once = tally.added(counts(0, 0));
  expect(once.pinned).toBe(1);
  expect(tally.added(once)).toBe(once);
});

test("nothing falls below zero, and nothing is guessed beyond what the server counts", () => {
  const tally = new Tally();
  tally.move(message(null), message("now"));
  expect(tally.added(counts(0, 0)).unread).toBe(0);
  tally.move(message(null), message("now"));
  expect(tally.added(counts(1000, 2000)).unread).toBe(1000);
});
