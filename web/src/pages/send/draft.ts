import type { Application, Message } from "~/api/client.ts";
import type { components } from "~/api/schema.d.ts";

type NewMessage = components["schemas"]["NewMessage"];

export const UNITS = { minutes: 60, hours: 3600, days: 86_400 } as const;
export type Unit = keyof typeof UNITS;

/** What has no field of its own and goes along from a message that is sent again. */
type Carried = Pick<Message, "actions" | "icon" | "sound" | "extras">;

/** A message as it is being written. null: as the application has it. */
export interface Draft {
  application: number | null;
  title: string;
  text: string;
  markdown: boolean | null;
  priority: number | null;
  url: string;
  urlTitle: string;
  tags: string;
  key: string;
  ttl: string;
  unit: Unit;
  carried: Carried;
}

export const EMPTY: Draft = {
  application: null,
  title: "",
  text: "",
  markdown: null,
  priority: null,
  url: "",
  urlTitle: "",
  tags: "",
  key: "",
  ttl: "",
  unit: "hours",
  carried: {},
};

/** Whether anything was written that one would miss. */
export function blank({ title, text, url, urlTitle, tags, key, ttl, carried }: Draft): boolean {
  return [title, text, url, urlTitle, tags, key, ttl].every((field) => !field.trim()) && !Object.keys(carried).length;
}

/** What is in a message, to be changed and sent once more. Its key is left out: it would take the place of the first. */
export function draftOf(message: Message): Draft {
  const { actions, icon, sound, extras } = message;
  const carried = Object.fromEntries(
    Object.entries({ actions, icon, sound, extras }).filter(([, value]) => value !== undefined),
  );
  const lives = message.expires ? Math.round((Date.parse(message.expires) - Date.parse(message.created)) / 1000) : 0;
  const unit = (["days", "hours", "minutes"] as const).find((one) => lives && lives % UNITS[one] === 0) ?? "minutes";
  return {
    ...EMPTY,
    application: message.application,
    title: message.title,
    text: message.message,
    markdown: message.content_type === "text/markdown",
    priority: message.priority,
    url: message.url ?? "",
    urlTitle: message.url_title ?? "",
    tags: (message.tags ?? []).join(", "),
    ttl: lives ? String(Math.max(1, Math.round(lives / UNITS[unit]))) : "",
    unit,
    carried,
  };
}

/** As it is sent. Raises nothing: the server judges. */
export function asked(draft: Draft, application: Application | undefined): NewMessage {
  const kept = (text: string): string | undefined => text.trim() || undefined;
  const tags = tagsOf(draft.tags);
  return {
    ...draft.carried,
    message: draft.text,
    title: kept(draft.title),
    priority: draft.priority ?? undefined,
    content_type: isMarkdown(draft, application) ? "text/markdown" : "text/plain",
    url: kept(draft.url),
    url_title: kept(draft.urlTitle),
    tags: tags.length ? tags : undefined,
    key: kept(draft.key),
    ttl: draft.ttl ? Number(draft.ttl) * UNITS[draft.unit] : undefined,
  };
}

export function isMarkdown(draft: Draft, application: Application | undefined): boolean {
  return draft.markdown ?? application?.content_type === "text/markdown";
}

export function priorityOf(draft: Draft, application: Application | undefined): number {
  return draft.priority ?? application?.default_priority ?? 5;
}

/** As its readers will have it. */
export function previewOf(draft: Draft, application: Application | undefined): Message {
  const { message, title, url, url_title, tags, content_type } = asked(draft, application);
  return {
    ...draft.carried,
    id: 0,
    public_id: "",
    application: draft.application ?? 0,
    title: title ?? application?.name ?? "",
    message,
    content_type: content_type ?? "text/plain",
    priority: priorityOf(draft, application),
    created: new Date().toISOString(),
    ...(url ? { url } : {}),
    ...(url && url_title ? { url_title } : {}),
    ...(tags ? { tags } : {}),
    state: { changed: 0, read: null, dismissed: null, pinned: null },
  };
}

function tagsOf(text: string): string[] {
  return text.split(",").flatMap((tag) => tag.trim() || []);
}
