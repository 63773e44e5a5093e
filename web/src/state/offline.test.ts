import { expect, it } from "vitest";
import type { Message } from "~/api/client.ts";
import { bounded } from "./offline.ts";

const message = (id: number, size = 10) => ({ id, message: "x".repeat(size) }) as Message;
const ids = (messages: Message[]) => messages.map(({ id }) => id);

it("keeps the newest, as many and as long as there is room for", () => {
  const all = [message(1), message(3), message(2)];
  expect(ids(bounded(all))).toEqual([3, 2, 1]);
  expect(ids(bounded(all, 2))).toEqual([3, 2]);
  expect(ids(bounded([message(1), message(2, 500), message(3)], 9, 200))).toEqual([3]);
});
