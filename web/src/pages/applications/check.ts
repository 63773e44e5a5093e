import type { Key } from "~/i18n/index.svelte.ts";

/** What the form of an application holds. */
export interface Draft {
  name: string;
  description: string;
  type: string;
  url: string;
  default_priority: number;
  content_type: "auto" | "text/plain" | "text/markdown";
}

/** What is wrong and what right looks like, by field. */
export type Faults = Partial<Record<keyof Draft, Key>>;

// Bytes of UTF-8, as the server counts.
const NAME = 256;
const DESCRIPTION = 4096;
const URL_BYTES = 2048;
const FIELDS = ["name", "description", "type", "url", "default_priority", "content_type"] as const;

const bytes = (text: string): number => new TextEncoder().encode(text).length;

export function faults(draft: Draft): Faults {
  const found: Faults = {};
  if (!draft.name.trim()) found.name = "applications.nameMissing";
  else if (bytes(draft.name) > NAME) found.name = "applications.nameLong";
  if (bytes(draft.description) > DESCRIPTION) found.description = "applications.descriptionLong";
  if (bytes(draft.type) > NAME) found.type = "applications.nameLong";
  if (draft.url && !isLink(draft.url)) found.url = "applications.urlWrong";
  else if (bytes(draft.url) > URL_BYTES) found.url = "applications.urlLong";
  if (!Number.isInteger(draft.default_priority) || draft.default_priority < 0 || draft.default_priority > 10)
    found.default_priority = "applications.priorityWrong";
  return found;
}

function isLink(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}

/** The field that a refusal is about. */
export function fieldOf({ about }: { about: string | undefined }): keyof Draft | undefined {
  return FIELDS.find((field) => field === about);
}
