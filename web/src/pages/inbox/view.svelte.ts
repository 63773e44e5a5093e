import { tick, untrack } from "svelte";
import { SvelteSet } from "svelte/reactivity";
import { push, replace } from "svelte-spa-router";
import type { Message } from "~/api/client.ts";
import { applications } from "~/state/applications.svelte.ts";
import type { Home } from "~/state/home.svelte.ts";
import type { Feed, Filter } from "~/state/mailbox.svelte.ts";
import { Remembered } from "~/state/remembered.svelte.ts";
import { below, between, rows, type More, type Row, type Rows } from "./rows.ts";

export const SHOWS = ["all", "unread", "high"] as const;
export type Show = (typeof SHOWS)[number];

const HIGH = 8;
const TOTAL_CAP = 10_000; // messages of an application are counted up to here

/** What the address of the page says. */
export interface Place {
  application: number | undefined;
  show: Show;
  message: string | null; // public id
}

/** What the inbox shows, and what is done in it. Everything acts on the selection, else on the message at hand. */
export class View {
  readonly grouped = new Remembered("grouped", false);
  readonly unfolded = new SvelteSet<string>();
  readonly selected = new SvelteSet<number>();
  /** The message that has the keyboard; 0: none. */
  cursor = $state(0);
  /** The message that shall get the focus. */
  wanted = $state.raw<{ id: number } | null>(null);
  /** Whether the list is at its upper end. */
  atTop = $state(true);
  #came: string | null = null; // public id of what was opened from the list
  #anchor = 0; // where a selection with Shift began

  readonly #place: () => Place;
  readonly place = $derived.by(() => this.#place());
  readonly feed: Feed = $derived.by(() => this.home.mailbox.feed(filter(this.place)));
  readonly #found: Rows = $derived.by(() => this.#rows());
  readonly rows: Row[] = $derived(this.#found.rows);
  readonly #heads = $derived(between(this.rows));

  constructor(
    readonly home: Home,
    place: () => Place,
  ) {
    this.#place = place;
  }

  /** The open message; undefined: none, or not here (yet). */
  get open(): Message | undefined {
    const { message } = this.place;
    void this.home.mailbox.messages.size; // it may come
    return message ? this.message(this.home.mailbox.known(message)?.id ?? 0) : undefined;
  }

  message(id: number): Message | undefined {
    return this.home.mailbox.messages.get(id);
  }

  group(id: number): More | undefined {
    return this.#found.groups.get(id);
  }

  /** How many messages there are in the list; -1: more than anybody has counted. */
  get total(): number {
    const { application, show } = this.place;
    if (this.feed.ended || show !== "all") return this.feed.ended ? this.rows.length - this.#heads.length : -1;
    const { counts } = this.home.mailbox;
    const one = application ? (counts.applications[application]?.total ?? 0) : counts.total;
    const capped = application
      ? one >= TOTAL_CAP
      : Object.values(counts.applications).some((c) => c.total >= TOTAL_CAP);
    return capped || this.grouped.value ? -1 : one;
  }

  /** Of a row: which message of the list it is, from 1. */
  position(index: number): number {
    return index - below(this.#heads, index) + 1;
  }

  /** The head of the day that a row belongs to: its index. */
  headBefore(index: number): number {
    return this.#heads[below(this.#heads, index + 1) - 1] ?? 0;
  }

  /** The head after a row, if there is one. */
  headAfter(index: number): number | undefined {
    return this.#heads[below(this.#heads, index + 1)];
  }

  /** The address of the list, and of a message in it. */
  href(message?: Message): string {
    const { application, show } = this.place;
    const list = application ? `/a/${application}` : "";
    const query = show === "all" ? "" : `?show=${show}`;
    return `#${list}${message ? `/m/${message.public_id}` : application ? "" : "/"}${query}`;
  }

  /** Opens a message; one that is opened from another's page takes its place, so that Back leads to the list. */
  show(message: Message): void {
    this.cursor = message.id;
    if (this.place.message) void replace(this.href(message).slice(1));
    else void push(this.href(message).slice(1));
    this.#came = message.public_id;
  }

  /** A message was opened by its link. */
  came(message: Message): void {
    this.cursor = message.id;
    this.#came = message.public_id;
  }

  /** Back to the list. */
  close(): void {
    if (!this.place.message) return;
    if (this.#came === this.place.message) history.back();
    else void replace(this.href().slice(1));
  }

  focus(id: number): void {
    this.cursor = id;
    void tick().then(() => (this.wanted = { id }));
  }

  /** The next message in a direction that is not about to be deleted. */
  next(step: 1 | -1, from = this.cursor || (this.open?.id ?? 0)): number {
    const { rows } = this;
    let index = from ? rows.indexOf(from) : -1;
    if (index < 0 && step < 0) return 0;
    for (index += step; index >= 0 && index < rows.length; index += step) {
      const row = rows[index];
      if (typeof row === "number" && !this.home.deletions.of(row)) return row;
    }
    return 0;
  }

  /** What an act is for: the selected ones, else the one at hand. */
  get targets(): number[] {
    if (this.selected.size) return [...this.selected].filter((id) => this.message(id));
    const at = this.cursor || (this.open?.id ?? 0);
    const id = at && this.home.deletions.of(at) ? this.next(1, at) : at;
    return id && this.message(id) ? [id] : [];
  }

  unfold(group: string): void {
    if (!this.unfolded.delete(group)) this.unfolded.add(group);
  }

  toggle(id: number): void {
    if (!this.selected.delete(id)) this.selected.add(id);
    this.#anchor = id;
  }

  /** Selects everything between where it began and there. */
  extend(id: number): void {
    const ids = this.rows.filter((row) => typeof row === "number");
    const from = ids.indexOf(this.#anchor || this.cursor || id);
    const to = ids.indexOf(id);
    for (const one of ids.slice(Math.min(from, to), Math.max(from, to) + 1)) this.selected.add(one);
  }

  mark(mark: "read" | "pinned", ids = this.targets): void {
    if (!ids.length) return;
    const done = ids.every((id) => this.message(id)?.state[mark]);
    void this.home.mailbox.mark(ids, { [mark]: !done });
    this.selected.clear();
  }

  delete(ids = this.targets): void {
    const left = ids.filter((id) => !this.home.deletions.of(id));
    if (!left.length) return;
    const open = this.open?.id ?? 0;
    this.home.deletions.ids(left);
    this.selected.clear();
    if (left.includes(open)) this.close();
    this.cursor = left[0] as number;
    if (left.length === 1 && this.rows.includes(this.cursor)) this.focus(this.cursor);
    else
      void tick()
        .then(tick)
        .then(() => document.querySelector<HTMLElement>(".toast .btn")?.focus());
  }

  #rows(): Rows {
    const { ids, ended } = this.feed;
    const sweeps = this.home.deletions.open.filter((deletion) => !deletion.single);
    const grouped = this.grouped.value;
    const open = new Set(this.unfolded);
    return untrack(() => {
      const { messages } = this.home.mailbox;
      const shown = ids.filter((id) => messages.has(id) && !sweeps.some((deletion) => deletion.covers(id)));
      const get = (id: number): Message => messages.get(id) as Message;
      return rows(shown, {
        created: (id) => get(id).created,
        application: (id) => get(id).application,
        ended,
        grouped,
        open,
      });
    });
  }
}

const ADDRESS = /^\/(?:a\/(\d+))?\/?(?:m\/([0-9A-Za-z]+))?$/;

/** Of the inbox's page: "/", "/m/<id>", "/a/<application>" and "/a/<application>/m/<id>", with ?show=. */
export function placeOf(location: string, query: string | undefined): Place {
  const [, application, message] = ADDRESS.exec(location) ?? [];
  const show = new URLSearchParams(query).get("show") as Show;
  return {
    application: application ? Number(application) : undefined,
    message: message ?? null,
    show: SHOWS.includes(show) ? show : "all",
  };
}

function filter({ application, show }: Place): Filter {
  if (show === "all") return { application };
  const name = application && applications.get(application)?.name.replaceAll('"', " ");
  const of = name ? ` app:"${name}"` : "";
  if (show === "unread") return { application, query: `is:unread${of}`, accepts: (message) => !message.state.read };
  return { application, query: `priority:>=${HIGH}${of}`, accepts: (message) => message.priority >= HIGH };
}
