import { expect, test } from "vitest";
import type { Application, Message } from "~/api/client.ts";
import { asked, blank, draftOf, EMPTY, previewOf } from "./draft.ts";

const backups = { id: 7, name: "Backups", default_priority: 4, content_type: "text/markdown" } as Application;
const message: Message = {
  id: 1,
  public_id: "abc",
  application: 7,
  title: "Done",
  message: "412 GB",
  content_type: "text/plain",
  priority: 8,
  created: "2026-11-22T10:00:00.000000Z",
  expires: "2026-11-24T10:00:00.000000Z",
  tags: ["nightly", "nas"],
  key: "backup",
  sound: "bell",
  url: "https://nas.lan",
  state: { changed: 1, read: null, dismissed: null, pinned: null },
};

test("what was not chosen is as the application has it", () => {
  const draft = { ...EMPTY, text: "hi" };
  expect(asked(draft, backups)).toMatchObject({ message: "hi", content_type: "text/markdown" });
  expect(asked(draft, backups).priority).toBeUndefined();
  expect(previewOf(draft, backups)).toMatchObject({ title: "Backups", priority: 4, message: "hi" });
});

test("a message becomes a draft with all it has but its key", () => {
  const draft = draftOf(message);
  expect(draft).toMatchObject({
    application: 7,
    ttl: "2",
    unit: "days",
    key: "",
    markdown: false,
    tags: "nightly, nas",
  });
  expect(asked(draft, backups)).toMatchObject({
    title: "Done",
    priority: 8,
    content_type: "text/plain",
    tags: ["nightly", "nas"],
    ttl: 172_800,
    sound: "bell",
    url: "https://nas.lan",
  });
});

test("a draft is blank until something is written", () => {
  expect(blank({ ...EMPTY, application: 3, priority: 9, markdown: true })).toBe(true);
  expect(blank({ ...EMPTY, title: " " })).toBe(true);
  expect(blank({ ...EMPTY, text: "x" })).toBe(false);
});
