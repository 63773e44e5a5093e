import { answer, api, Refused, Unreachable, type Facets } from "~/api/client.ts";
import { zone } from "~/format/times.svelte.ts";
import { fold } from "~/format/words.ts";
import { applications } from "~/state/applications.svelte.ts";
import { reason } from "~/state/failures.ts";
import type { Feed, Mailbox } from "~/state/mailbox.svelte.ts";
import { entryOf, filtersOf, queryOf, soFar, wider, type Entry } from "./entry.ts";
import { BadQuery, faultOf, nearest } from "./query.ts";

const PAUSE = 130; // ms without a key until the server is asked
const NEARBY = 6; // other searches that are tried when nothing was found
const OFFERED = 3; // of them

/** Another search, and how much it finds. */
export interface Near {
  query: string;
  total: number;
  capped: boolean;
}

/** What is being searched for and what was found: while one writes, the last answer stays until the next is there. */
export class Finder {
  entry = $state.raw<Entry>({ chips: [], text: "" });
  /** What the list shows. */
  feed = $state.raw<Feed | null>(null);
  facets = $state.raw<Facets | null>(null);
  /** Searches that find something where this one found nothing. */
  near = $state.raw<Near[] | null>(null);
  /** What is wrong with the query, by the page or in the server's words. */
  fault = $state.raw<BadQuery | null>(null);
  refused = $state("");
  searching = $state(false);
  /** The query of `feed`, or that is on its way to be. */
  query: string | null = null;

  /** The query is still being written: nobody will come back to it. */
  #passing = false;
  #passed: Feed | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = new AbortController();

  constructor(readonly mailbox: Mailbox) {}

  /** Shows a query as it came from an address. */
  show(query: string): void {
    this.entry = entryOf(query);
    this.#passing = false;
    this.#look(query, 0);
  }

  /** Takes what was written. `done`: nothing of it is still being written. Returns the query that it makes. */
  write(entry: Entry, done: boolean): string {
    this.entry = entry;
    const query = done ? queryOf(entry) : soFar(entry);
    this.#passing = !done;
    this.#look(query, done ? 0 : PAUSE);
    return query;
  }

  /** What came meanwhile. */
  async refresh(): Promise<void> {
    if (this.query === null) return;
    await Promise.all([this.feed?.refresh(), this.#count(this.query)]);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#asked.abort();
  }

  #look(query: string, pause: number): void {
    this.fault = faultOf(query) ?? unknownApplication(query);
    this.refused = "";
    if (!this.#passing && this.feed?.filter.query === query) this.#passed = null;
    if (this.fault || query === this.query) return;
    this.query = query;
    this.stop();
    this.#asked = new AbortController();
    this.searching = true;
    this.#timer = setTimeout(() => void this.#search(query), pause);
  }

  async #search(query: string): Promise<void> {
    const feed = this.mailbox.feed({ query });
    const counted = this.#count(query);
    if (feed.begun) void feed.refresh();
    else await feed.restart();
    if (query !== this.query) return this.mailbox.drop(feed);
    this.searching = false;
    if (feed.failed) {
      this.refused = reason(feed.failed);
      this.query = null;
      this.mailbox.drop(feed);
      return;
    }
    if (this.#passed && this.#passed !== feed) this.mailbox.drop(this.#passed);
    this.#passed = this.#passing ? feed : null;
    this.feed = feed;
    this.near = null;
    await counted;
    if (!feed.ids.length) await this.#lookNearby(query);
  }

  async #count(query: string): Promise<void> {
    const facets = await this.#facets(query);
    if (facets && query === this.query) this.facets = facets;
  }

  async #lookNearby(query: string): Promise<void> {
    const found = await Promise.all(
      wider(query)
        .slice(0, NEARBY)
        .map(async (other) => ({ query: other, facets: await this.#facets(other) })),
    );
    if (query !== this.query) return;
    this.near = found
      .flatMap(({ query, facets }) => (facets?.total ? [{ query, total: facets.total, capped: facets.capped }] : []))
      .slice(0, OFFERED);
  }

  /** null where there is no answer: what is beside the list may be missing. */
  async #facets(q: string): Promise<Facets | null> {
    const { signal } = this.#asked;
    try {
      return await answer(api.GET("/api/1/search/facets", { signal, params: { query: { q, zone: zone() } } }));
    } catch (error) {
      if (error instanceof Refused || error instanceof Unreachable || signal.aborted) return null;
      throw error;
    }
  }
}

/** Where a filter names an application that is not there. */
function unknownApplication(query: string): BadQuery | null {
  const names = applications.list.map(({ name }) => name);
  const known = new Set(names.map(fold));
  const piece = filtersOf(query).find(({ name, text }) => name === "app" && !known.has(fold(text)));
  return piece && names.length ? new BadQuery("application", piece, nearest(piece.text, names)) : null;
}
