import { answer, api, Unreachable, type Message } from "~/api/client.ts";
import { zone } from "~/format/times.svelte.ts";
import type { Mailbox } from "./mailbox.svelte.ts";

export const PAGE = 50;
const PACE = 300; // ms between two times that a list takes in what has come
const LONG = 4000; // messages of a list that nobody has scrolled, above which its end is let go …
const SHORT = 500; // … and how many stay

/** Which messages a list shows. `accepts` says of one that has just come whether it belongs there. */
export interface Filter {
  application?: number;
  query?: string;
  accepts?: (message: Message) => boolean;
}

/** A list of messages, newest first, that grows as one scrolls. */
export class Feed {
  ids = $state.raw<number[]>([]);
  loading = $state(false);
  failed = $state.raw<unknown>(null);
  /** Messages that came and may belong here, though only the server can tell. */
  behind = $state(0);
  /** How many new ones are not shown yet, since somebody reads further down. */
  waiting = $state(0);
  /** The words to mark, of a search. */
  words = $state.raw<string[]>([]);
  took = $state(0);
  /** Whether the first page has been there. */
  begun = $state(false);
  /** The one that came last, if it came alone: it may be seen coming in. */
  fresh = 0;
  /** What a page remembers of it while it is not shown. */
  place: unknown;
  #next = $state.raw<number | null | undefined>();
  #turn = 0;
  #asked = new AbortController();
  #held = false;
  #new: number[] = [];
  #meanwhile: Message[] = []; // came while the first page was on its way, which may not hold them
  #taken = 0; // when new ones were taken in last
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly mailbox: Mailbox,
    readonly filter: Filter,
  ) {}

  /** Whether everything is there. */
  get ended(): boolean {
    return this.#next === null;
  }

  /** The first page, anew. */
  async restart(limit = PAGE): Promise<void> {
    this.leave();
    this.#next = undefined;
    this.#new = [];
    this.#meanwhile = [];
    this.behind = this.waiting = 0;
    await this.#load(limit, (page) => {
      this.ids = page;
      this.#put(this.#mine(this.#meanwhile));
      this.#meanwhile = [];
    });
  }

  async more(limit = PAGE): Promise<void> {
    if (this.loading || this.ended) return;
    await this.#load(limit, (page) => {
      const last = this.ids.at(-1) ?? Infinity;
      this.ids = [...this.ids, ...page.filter((id) => id < last)];
    });
  }

  /** What has come meanwhile, above what is there. */
  async refresh(): Promise<void> {
    if (this.#next === undefined) return;
    this.behind = 0;
    const newest = this.ids[0] ?? 0;
    try {
      const { messages, next } = await this.#page(PAGE, undefined);
      const last = messages.at(-1)?.id ?? 0;
      if (next !== null && last > newest) return await this.restart(); // too many came for one page
      this.mailbox.keep(messages);
      this.#put(messages.map(({ id }) => id).filter((id) => id > newest));
    } catch (error) {
      if (!aborted(error)) this.failed = error;
    }
  }

  /** Nobody waits for what was asked for last. */
  leave(): void {
    this.#turn += 1;
    this.#asked.abort();
    this.#asked = new AbortController();
    this.loading = false;
  }

  /** While it is held, nothing comes in above what is shown: it is counted as waiting. */
  hold(held: boolean): void {
    this.#held = held;
    if (!held && this.waiting) this.#takeIn();
  }

  insert(messages: Message[]): void {
    if (this.#next !== undefined) this.#arrive(this.#mine(messages));
    else if (this.loading) this.#meanwhile.push(...messages);
  }

  remove(gone: (id: number) => boolean): void {
    if (this.ids.some(gone)) this.ids = this.ids.filter((id) => !gone(id));
    this.#new = this.#new.filter((id) => !gone(id));
    if (this.waiting) this.waiting = this.#new.length;
  }

  /** Those that belong here, as far as this page can tell. */
  #mine(messages: Message[]): number[] {
    const { application, query, accepts } = this.filter;
    const mine = application ? messages.filter((message) => message.application === application) : messages;
    if (query === undefined || accepts)
      return mine.filter((message) => accepts?.(message) ?? true).map((message) => message.id);
    this.behind += mine.length;
    return [];
  }

  #arrive(ids: number[]): void {
    const newest = this.ids[0] ?? 0;
    const above = ids.filter((id) => id > newest);
    if (above.length < ids.length) this.#put(ids.filter((id) => id <= newest));
    if (!above.length) return;
    this.#new = [...this.#new, ...above];
    if (this.#held) this.waiting = this.#new.length;
    else this.#takeInSoon();
  }

  /** At once if it is quiet; many that come together come in together. */
  #takeInSoon(): void {
    const wait = this.#taken + PACE - Date.now();
    if (wait <= 0) this.#takeIn();
    else this.#timer ??= setTimeout(() => this.#held || this.#takeIn(), wait);
  }

  #takeIn(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const quiet = Date.now() - this.#taken > PACE;
    this.fresh = quiet && this.#new.length === 1 ? (this.#new[0] as number) : 0;
    this.#taken = Date.now();
    const ids = this.#new;
    this.#new = [];
    this.waiting = 0;
    this.#put(ids);
    if (this.ids.length > LONG && !this.#held) {
      this.ids = this.ids.slice(0, SHORT);
      this.#next = this.ids.at(-1);
    }
  }

  /** At their places; those beyond the last page loaded come with theirs. */
  #put(ids: number[]): void {
    const last = this.ids.at(-1);
    const mine = this.ended || last === undefined ? ids : ids.filter((id) => id > last);
    if (!mine.length) return;
    const newest = this.ids[0] ?? 0;
    const above = mine.every((id) => id > newest);
    const sorted = [...new Set(mine)].sort((a, b) => b - a);
    this.ids = above ? [...sorted, ...this.ids] : [...new Set([...sorted, ...this.ids])].sort((a, b) => b - a);
  }

  async #load(limit: number, take: (page: number[]) => void): Promise<void> {
    const turn = this.#turn;
    this.loading = true;
    try {
      const page = await this.#page(limit, this.#next ?? undefined);
      if (turn !== this.#turn) return;
      this.mailbox.keep(page.messages);
      this.mailbox.read(this);
      this.#next = page.next;
      take(page.messages.map((message) => message.id));
      this.begun = true;
      this.failed = null;
    } catch (error) {
      if (turn === this.#turn) this.failed = error;
    } finally {
      if (turn === this.#turn) this.loading = false;
    }
  }

  /** Of what this browser remembers. */
  #seen(): Message[] {
    const { application } = this.filter;
    return this.mailbox.seen.filter((message) => !application || message.application === application);
  }

  async #page(limit: number, before: number | undefined): Promise<{ messages: Message[]; next: number | null }> {
    const { application, query } = this.filter;
    const { signal } = this.#asked;
    if (query === undefined) {
      try {
        return await answer(api.GET("/api/1/inbox", { signal, params: { query: { limit, before, application } } }));
      } catch (error) {
        if (!(error instanceof Unreachable) || before !== undefined || !this.mailbox.seen.length) throw error;
        return { messages: this.#seen(), next: this.mailbox.seen.at(-1)?.id ?? null };
      }
    }
    // A page may be empty though there is more behind it: the server looks through so much at once and no more.
    let found = await search(query, { limit, before, signal });
    let took = found.took_ms;
    while (!found.messages.length && found.next !== null) {
      found = await search(query, { limit, before: found.next, signal });
      took += found.took_ms;
    }
    if (before === undefined) [this.words, this.took] = [found.words, took];
    return found;
  }
}

async function search(q: string, page: { limit: number; before: number | undefined; signal: AbortSignal }) {
  const { signal, ...range } = page;
  return await answer(api.GET("/api/1/search", { signal, params: { query: { q, zone: zone(), ...range } } }));
}

function aborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
