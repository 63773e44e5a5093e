import { untrack } from "svelte";
import { SvelteMap } from "svelte/reactivity";
import { answer, api, type Message } from "~/api/client.ts";
import { attempt, quietly } from "./failures.ts";
import { Feed, type Filter } from "./feed.svelte.ts";
import type { Change } from "./live.svelte.ts";
import { Tally, type Counts } from "./tally.ts";

export { Feed, type Filter } from "./feed.svelte.ts";
export type { Counts } from "./tally.ts";

const FEEDS = 12; // kept, so that Back finds the list as it was
const COUNT_PACE = 1000; // ms between two countings while much happens
const SETTLE_PACE = 250; // ms between two times that counts are shown while much comes
const MANY = 20_000; // messages held, above which those of no list are let go
const BATCH = 500; // ids the server takes at once

type Mark = { read?: boolean; pinned?: boolean };
type Entry = Extract<Change, { type: "entry" }>;

/** The copy of the inbox that this page holds, and what it does to it: shown at once, taken back if refused. */
export class Mailbox {
  readonly messages = new SvelteMap<number, Message>();
  counts = $state.raw<Counts>({ unread: 0, pinned: 0, total: 0, applications: {} });
  /** The id of the newest of all that were ever here. */
  newest = 0;
  /** What this browser remembers, newest first, until the server has been asked. */
  seen: Message[] = [];
  #publicIds = new Map<string, number>();
  #arrivals = new Set<(message: Message) => void>();
  #listeners = new Set<(changes: Change[]) => void>();
  #feeds = new Map<string, Feed>();
  #counting: ReturnType<typeof setTimeout> | undefined;
  #early: Set<Feed> | null = new Set(); // read before the stream was live
  #tally = new Tally();
  #settled = 0; // when the counts were shown last
  #settling: ReturnType<typeof setTimeout> | undefined;

  /** The list for a filter, as it was left, or new. */
  feed(filter: Filter): Feed {
    const name = JSON.stringify([filter.application, filter.query]);
    const feed = this.#feeds.get(name) ?? new Feed(this, filter);
    this.#feeds.delete(name);
    this.#feeds.set(name, feed);
    if (this.#feeds.size > FEEDS) this.#feeds.delete(this.#feeds.keys().next().value as string);
    return feed;
  }

  /** Whether the list of everything has been read. */
  get begun(): boolean {
    return this.#feeds.get(JSON.stringify([undefined, undefined]))?.begun ?? false;
  }

  /** Forgets a list that nobody will come back to. */
  drop(feed: Feed): void {
    feed.leave();
    for (const [name, kept] of this.#feeds) if (kept === feed) this.#feeds.delete(name);
  }

  /** The stream is live: what came between the reading of a list and this moment was told by neither. */
  live(): void {
    const old = this.seen.length > 0;
    this.seen = [];
    for (const feed of this.#early ?? []) void (old ? feed.restart() : feed.refresh());
    for (const feed of this.#feeds.values()) if (feed.failed) void feed.restart();
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

  /** Calls back with what the stream tells, after it has been taken in. Returns what ends it. */
  onChanges(call: (changes: Change[]) => void): () => void {
    this.#listeners.add(call);
    return () => this.#listeners.delete(call);
  }

  /** The message behind a permalink, if it is here. */
  known(publicId: string): Message | undefined {
    return this.messages.get(this.#publicIds.get(publicId) ?? 0);
  }

  /** The message behind a permalink, once: an effect that asks does not ask again when it goes. Raises Refused (404)
   * and Unreachable. */
  async find(publicId: string): Promise<Message> {
    const known = untrack(() => this.known(publicId));
    if (known) return known;
    const found = await answer(api.GET("/api/1/messages/{public_id}", { params: { path: { public_id: publicId } } }));
    this.keep([found]);
    return found;
  }

  /** The message that has taken the place of one by its key, if it is here. */
  heir({ id, application, key }: Message): Message | undefined {
    if (key === undefined) return undefined;
    return [...this.messages.values()].find(
      (other) => other.id > id && other.key === key && other.application === application,
    );
  }

  /** Takes what the server told, unless something newer is known. */
  keep(messages: Message[]): void {
    for (const message of messages) {
      const known = this.messages.get(message.id);
      if (!known || known.state.changed < message.state.changed) this.#set(message);
    }
  }

  /** Returns how many messages are newer than all that were here before. */
  apply(changes: Change[]): number {
    const newest = this.newest;
    const arrived: Message[] = [];
    const gone = new Set<number>();
    for (const change of changes) {
      if (change.type === "cleared")
        for (const [id, message] of this.messages) {
          if (id <= change.to && message.application === change.application) gone.add(id);
        }
      else if (change.type === "entry" && change.deleted) gone.add(change.id);
      else if (change.type === "entry") this.#change(change, arrived);
    }
    const here = arrived.filter(({ id }) => !gone.has(id));
    if (here.length) for (const feed of this.#feeds.values()) feed.insert(here);
    if (gone.size) this.forget(gone);
    this.#settleSoon();
    for (const call of this.#listeners) call(changes);
    return here.filter(({ id }) => id > newest).length;
  }

  /** Everything anew: the copy is too old. */
  reset(): void {
    this.messages.clear();
    this.#publicIds.clear();
    for (const feed of this.#feeds.values()) void feed.restart();
    this.count();
  }

  async mark(ids: number[], mark: Mark): Promise<boolean> {
    const before = ids.flatMap((id) => this.messages.get(id) ?? []);
    const now = new Date().toISOString();
    const set = (value: boolean | undefined, was: string | null): string | null =>
      value === undefined ? was : value ? (was ?? now) : null;
    const after = before.map(({ state, ...message }) => {
      const marked = { ...state, read: set(mark.read, state.read), pinned: set(mark.pinned, state.pinned) };
      return { ...message, state: marked };
    });
    before.forEach((message, at) => this.#replace(message, after[at] as Message));
    this.#settle();
    const done = await attempt(async () => {
      for (let at = 0; at < ids.length; at += BATCH)
        await api.POST("/api/1/inbox/mark", { body: { ids: ids.slice(at, at + BATCH), ...mark } });
    });
    // What has happened to one meanwhile, elsewhere, stays.
    if (!done)
      before.forEach((message, at) => {
        const marked = after[at] as Message;
        if (this.messages.get(message.id) === marked) this.#replace(marked, message);
      });
    this.#settle();
    return done;
  }

  /** Everything up to now, of one application or of all. */
  async markAllRead(application?: number): Promise<boolean> {
    const read = new Date().toISOString();
    for (const message of this.messages.values()) {
      if (message.state.read || (application && message.application !== application)) continue;
      this.#replace(message, { ...message, state: { ...message.state, read } });
    }
    this.#settle();
    const done = await attempt(async () => {
      const body = { up_to: this.newest, read: true, application };
      while ((await answer(api.POST("/api/1/inbox/mark_all", { body }))).more);
    });
    if (!done) this.reset();
    return done;
  }

  /** Removes them from the copy: they are deleted. */
  forget(ids: Iterable<number>): void {
    const gone = new Set(ids);
    for (const id of gone) {
      const message = this.messages.get(id);
      if (!message) continue;
      this.#tally.move(message, undefined);
      this.#publicIds.delete(message.public_id);
      this.messages.delete(id);
    }
    for (const feed of this.#feeds.values()) feed.remove((id) => gone.has(id));
    this.#settle();
  }

  /** Counts anew, soon. */
  count(): void {
    this.#counting ??= setTimeout(() => void quietly(() => this.#count()), COUNT_PACE * (this.counts.total ? 1 : 0));
  }

  async #count(): Promise<void> {
    try {
      this.counts = await answer(api.GET("/api/1/inbox/counts"));
    } finally {
      this.#counting = undefined;
    }
  }

  /** At once if it is quiet; while much comes, a few times a second. */
  #settleSoon(): void {
    const wait = this.#settled + SETTLE_PACE - Date.now();
    if (wait <= 0) this.#settle();
    else this.#settling ??= setTimeout(() => this.#settle(), wait);
  }

  /** Shows at once what the counts have become, and asks the server, who knows. */
  #settle(): void {
    clearTimeout(this.#settling);
    this.#settling = undefined;
    this.#settled = Date.now();
    this.counts = this.#tally.added(this.counts);
    this.count();
    if (this.messages.size > MANY) this.#sweep();
  }

  #change(change: Entry, arrived: Message[]): void {
    const known = this.messages.get(change.id);
    if (known && known.state.changed >= change.changed) return;
    const state = { changed: change.changed, read: change.read, dismissed: change.dismissed, pinned: change.pinned };
    const message = change.message ? { ...change.message, state } : known && { ...known, state };
    if (!message) return;
    if (known || change.message) this.#replace(known, message, change.id > this.newest);
    if (known || !change.message) return;
    arrived.push(message);
    if (change.arrival) for (const call of this.#arrivals) call(message);
  }

  /** `counted`: it changes the counts though it was not here. */
  #replace(before: Message | undefined, after: Message, counted = false): void {
    if (before || counted) this.#tally.move(before, after);
    this.#set(after);
  }

  #set(message: Message): void {
    this.newest = Math.max(this.newest, message.id);
    this.#publicIds.set(message.public_id, message.id);
    this.messages.set(message.id, message);
  }

  /** A page that is open for days would hold all that has come meanwhile. */
  #sweep(): void {
    const shown = new Set([...this.#feeds.values()].flatMap((feed) => feed.ids));
    if (shown.size > this.messages.size / 2) return;
    for (const [id, message] of this.messages) {
      if (shown.has(id)) continue;
      this.#publicIds.delete(message.public_id);
      this.messages.delete(id);
    }
  }
}
