import { SvelteMap } from "svelte/reactivity";
import { answer, api, Refused, type Message } from "~/api/client.ts";
import { zone } from "~/format/times.svelte.ts";
import { attempt } from "./failures.ts";
import type { Change } from "./live.svelte.ts";

const PAGE = 50;
const FEEDS = 12; // kept, so that Back finds the list as it was
const COUNT_PACE = 1000; // ms between two countings while much happens

type Mark = { read?: boolean; dismissed?: boolean; pinned?: boolean };
export type Counts = {
  unread: number;
  pinned: number;
  total: number;
  applications: Record<string, { unread: number; total: number }>;
};

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
  /** The words to mark, of a search. */
  words = $state.raw<string[]>([]);
  took = $state(0);
  /** Whether the first page has been there. */
  begun = $state(false);
  #next = $state.raw<number | null | undefined>();
  #turn = 0;
  #asked = new AbortController();
  #meanwhile: Message[] = []; // came while the first page was on its way, which may not hold them

  constructor(
    readonly mailbox: Mailbox,
    readonly filter: Filter,
  ) {}

  /** Whether everything is there. */
  get ended(): boolean {
    return this.#next === null;
  }

  /** The first page, anew. */
  async restart(): Promise<void> {
    this.leave();
    this.#next = undefined;
    this.#meanwhile = [];
    this.behind = 0;
    await this.#load((page) => {
      this.ids = page;
      for (const message of this.#meanwhile) this.insert(message);
      this.#meanwhile = [];
    });
  }

  async more(): Promise<void> {
    if (this.loading || this.ended) return;
    await this.#load((page) => (this.ids = [...new Set([...this.ids, ...page])].sort((a, b) => b - a)));
  }

  /** What has come meanwhile, above what is there. */
  async refresh(): Promise<void> {
    const { query } = this.filter;
    if (query === undefined || this.#next === undefined) return;
    this.behind = 0;
    const newest = this.ids[0] ?? 0;
    try {
      const { messages, next } = await search(query, undefined, this.#asked.signal);
      const last = messages.at(-1)?.id ?? 0;
      if (next !== null && last > newest) return await this.restart(); // too many came for one page
      this.mailbox.keep(messages);
      for (const message of messages) if (message.id > newest) this.#put(message.id);
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

  insert(message: Message): void {
    const { application, query, accepts } = this.filter;
    if (application && message.application !== application) return;
    if (this.#next === undefined) {
      if (this.loading) this.#meanwhile.push(message);
      return;
    }
    if (query !== undefined && !accepts) this.behind += 1;
    else if (!accepts || accepts(message)) this.#put(message.id);
  }

  remove(gone: (id: number) => boolean): void {
    if (this.ids.some(gone)) this.ids = this.ids.filter((id) => !gone(id));
  }

  /** At its place; those beyond the last page loaded come with theirs. */
  #put(id: number): void {
    const last = this.ids.at(-1);
    if (this.ids.includes(id) || (!this.ended && last !== undefined && id < last)) return;
    const at = this.ids.findIndex((other) => other < id);
    this.ids = at < 0 ? [...this.ids, id] : this.ids.toSpliced(at, 0, id);
  }

  async #load(take: (page: number[]) => void): Promise<void> {
    const turn = this.#turn;
    this.loading = true;
    try {
      const page = await this.#page();
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

  async #page(): Promise<{ messages: Message[]; next: number | null }> {
    const { application, query } = this.filter;
    const before = this.#next ?? undefined;
    if (query === undefined)
      return await answer(api.GET("/api/1/inbox", { params: { query: { limit: PAGE, before, application } } }));
    // A page may be empty though there is more behind it: the server looks through so much at once and no more.
    const { signal } = this.#asked;
    let found = await search(query, before, signal);
    let took = found.took_ms;
    while (!found.messages.length && found.next !== null) {
      found = await search(query, found.next, signal);
      took += found.took_ms;
    }
    if (before === undefined) [this.words, this.took] = [found.words, took];
    return found;
  }
}

async function search(q: string, before: number | undefined, signal: AbortSignal) {
  const query = { q, limit: PAGE, before, zone: zone() };
  return await answer(api.GET("/api/1/search", { signal, params: { query } }));
}

function aborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** The copy of the inbox that this page holds, and what it does to it: shown at once, taken back if refused. */
export class Mailbox {
  readonly messages = new SvelteMap<number, Message>();
  counts = $state.raw<Counts>({ unread: 0, pinned: 0, total: 0, applications: {} });
  #arrivals = new Set<(message: Message) => void>();
  #feeds = new Map<string, Feed>();
  #counting: ReturnType<typeof setTimeout> | undefined;
  #newest = 0; // id of all that were ever here
  #early: Set<Feed> | null = new Set(); // read before the stream was live

  /** The list for a filter, as it was left, or new. */
  feed(filter: Filter): Feed {
    const name = JSON.stringify([filter.application, filter.query]);
    const feed = this.#feeds.get(name) ?? new Feed(this, filter);
    this.#feeds.delete(name);
    this.#feeds.set(name, feed);
    if (this.#feeds.size > FEEDS) this.#feeds.delete(this.#feeds.keys().next().value as string);
    return feed;
  }

  /** Forgets a list that nobody will come back to. */
  drop(feed: Feed): void {
    feed.leave();
    for (const [name, kept] of this.#feeds) if (kept === feed) this.#feeds.delete(name);
  }

  /** The stream is live: what came between the reading of a list and this moment was told by neither. */
  live(): void {
    for (const feed of this.#early ?? []) void feed.restart();
    this.#early = null;
  }

  /** A list has been read. */
  read(feed: Feed): void {
    this.#early?.add(feed);
  }

  /** Calls back for each message that arrives live. Returns what ends it. */
  onArrival(call: (message: Message) => void): () => void {
    this.#arrivals.add(call);
    return () => this.#arrivals.delete(call);
  }

  /** The message behind a permalink. Raises Refused (404) and Unreachable. */
  async find(publicId: string): Promise<Message> {
    for (const message of this.messages.values()) if (message.public_id === publicId) return message;
    const found = await answer(api.GET("/api/1/messages/{public_id}", { params: { path: { public_id: publicId } } }));
    this.keep([found]);
    return this.messages.get(found.id) ?? found;
  }

  /** Takes what the server told, unless something newer is known. */
  keep(messages: Message[]): void {
    for (const message of messages) {
      this.#newest = Math.max(this.#newest, message.id);
      const known = this.messages.get(message.id);
      if (!known || known.state.changed < message.state.changed) this.messages.set(message.id, message);
    }
  }

  /** Returns how many messages are newer than all that were here before. */
  apply(changes: Change[]): number {
    const newest = this.#newest;
    for (const change of changes) {
      if (change.type === "cleared")
        this.#remove((id, message) => id <= change.to && message?.application === change.application);
      else if (change.type === "entry") this.#change(change);
    }
    this.count();
    return changes.filter((change) => change.type === "entry" && change.message && change.id > newest).length;
  }

  /** Everything anew: the copy is too old. */
  reset(): void {
    this.messages.clear();
    for (const feed of this.#feeds.values()) void feed.restart();
    this.count();
  }

  async mark(ids: number[], mark: Mark): Promise<boolean> {
    const before = ids.flatMap((id) => this.messages.get(id) ?? []);
    const now = new Date().toISOString();
    const set = (value: boolean | undefined, was: string | null): string | null =>
      value === undefined ? was : value ? (was ?? now) : null;
    for (const message of before) {
      const { state } = message;
      const marked = { ...state, read: set(mark.read, state.read), pinned: set(mark.pinned, state.pinned) };
      this.messages.set(message.id, { ...message, state: marked });
    }
    const done = await attempt(() => api.POST("/api/1/inbox/mark", { body: { ids, ...mark } }));
    if (!done) for (const message of before) this.messages.set(message.id, message);
    this.count();
    return done;
  }

  /** Everything up to now, of one application or of all. */
  async markAllRead(application?: number): Promise<boolean> {
    return await attempt(async () => {
      const body = { up_to: this.#newest, read: true, application };
      while ((await answer(api.POST("/api/1/inbox/mark_all", { body }))).more);
    });
  }

  /** Removes them from the copy: they are deleted, or about to be. */
  forget(ids: Iterable<number>): void {
    const gone = new Set(ids);
    this.#remove((id) => gone.has(id));
  }

  /** Counts anew, soon. */
  count(): void {
    this.#counting ??= setTimeout(() => void this.#count(), COUNT_PACE * (this.counts.total ? 1 : 0));
  }

  async #count(): Promise<void> {
    try {
      this.counts = await answer(api.GET("/api/1/inbox/counts"));
    } catch (error) {
      if (error instanceof Refused && error.status !== 401) throw error;
    } finally {
      this.#counting = undefined;
    }
  }

  #change(change: Extract<Change, { type: "entry" }>): void {
    if (change.deleted) {
      this.#remove((id) => id === change.id);
      return;
    }
    const known = this.messages.get(change.id);
    if (known && known.state.changed >= change.changed) return;
    const state = { changed: change.changed, read: change.read, dismissed: change.dismissed, pinned: change.pinned };
    const message = change.message ? { ...change.message, state } : known && { ...known, state };
    if (!message) return;
    this.messages.set(message.id, message);
    this.#newest = Math.max(this.#newest, message.id);
    if (known || !change.message) return;
    for (const feed of this.#feeds.values()) feed.insert(message);
    if (change.arrival) for (const call of this.#arrivals) call(message);
  }

  #remove(gone: (id: number, message?: Message) => boolean): void {
    const ids = new Set([...this.messages].flatMap(([id, message]) => (gone(id, message) ? [id] : [])));
    for (const id of ids) this.messages.delete(id);
    for (const feed of this.#feeds.values()) feed.remove((id) => ids.has(id));
  }
}
