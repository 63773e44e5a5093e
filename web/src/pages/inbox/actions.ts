import type { Message } from "~/api/client.ts";
import { host, safe } from "./links.ts";

/** A way out of a message. Without a label it is called by its host. */
export interface Way {
  label: string | null;
  href: string;
  host: string;
}

const MOST = 16;

/** The message's own address first, then its actions that lead somewhere. Senders write them, so nothing is as told. */
export function ways(message: Message): Way[] {
  const own = way(message.url_title, message.url);
  const listed: unknown[] = Array.isArray(message.actions) ? message.actions : [];
  const actions = listed.slice(0, MOST).map((action) => {
    const { label, url } = (action ?? {}) as { label?: unknown; url?: unknown };
    return way(label, url);
  });
  return [own, ...actions].filter((found) => found !== null);
}

function way(label: unknown, url: unknown): Way | null {
  const href = typeof url === "string" ? safe(url) : undefined;
  if (!href) return null;
  return { label: typeof label === "string" && label.trim() ? label.trim() : null, href, host: host(href) };
}
