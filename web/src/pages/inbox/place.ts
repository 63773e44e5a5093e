import type { Feed } from "~/state/mailbox.svelte.ts";

const NAME = "carillon.place";
const PAGE = 200;
const MOST = 5000; // messages fetched to find the place again

/** Where somebody was in a list: at which message, and how far above the edge its upper end was. */
export interface Spot {
  id: number;
  above: number; // px
}

/** Keeps the place over a reload of the page. */
export function keep(list: string, spot: Spot | null): void {
  try {
    if (spot) sessionStorage.setItem(NAME, JSON.stringify({ list, spot }));
    else sessionStorage.removeItem(NAME);
  } catch {
    // Without storage the list begins at its upper end.
  }
}

/** Fills a list so far that the place kept for it is there, and tells it. */
export async function recall(list: string, feed: Feed): Promise<Spot | null> {
  const spot = kept(list);
  if (!spot) {
    await feed.restart();
    return null;
  }
  await feed.restart(PAGE);
  while (!feed.ended && !feed.failed && feed.ids.length < MOST && (feed.ids.at(-1) ?? 0) > spot.id)
    await feed.more(PAGE);
  return spot;
}

function kept(list: string): Spot | null {
  try {
    const found = JSON.parse(sessionStorage.getItem(NAME) ?? "null") as { list: string; spot: Spot } | null;
    return found?.list === list ? found.spot : null;
  } catch {
    return null;
  }
}
