import { tick } from "svelte";
import { api, address } from "~/api/client.ts";
import { t } from "~/i18n/index.svelte.ts";
import { attempt } from "./failures.ts";
import type { Mailbox } from "./mailbox.svelte.ts";
import { toasts } from "./toasts.svelte.ts";

const DELAY = 8000; // ms in which one may think better of it
const HELD = 30_000; // ms, while somebody looks at the way back: his pointer may lie there for hours
const BATCH = 500; // ids the server takes at once

/** Everything that is there now: of an application or of all, older than a time (RFC 3339) or of any age. */
interface Range {
  application?: number;
  olderThan?: string;
}

/** Either some messages, or everything up to an id in a range. */
type What = { ids: number[] } | (Range & { upTo: number });

/** A deletion that has been asked for and not sent yet. */
export class Deletion {
  readonly #ids: Set<number> | null;

  constructor(
    readonly what: What,
    readonly mailbox: Mailbox,
  ) {
    this.#ids = "ids" in what ? new Set(what.ids) : null;
  }

  /** Whether it is a single message, which makes room for its own way back. */
  get single(): boolean {
    return this.#ids?.size === 1;
  }

  /** How many messages, where that is known. */
  get size(): number | null {
    return this.#ids?.size ?? null;
  }

  covers(id: number): boolean {
    if ("ids" in this.what) return this.#ids?.has(id) ?? false;
    const { application, olderThan, upTo } = this.what;
    if (id > upTo) return false;
    if (application === undefined && !olderThan) return true;
    const message = this.mailbox.messages.get(id);
    if (!message || (application !== undefined && message.application !== application)) return false;
    return !olderThan || message.created < olderThan;
  }
}

/**
 * Deletions that can still be undone. A message loses its content at once when the server deletes it, so undoing means
 * that the server has not been asked yet; a page that is closed asks for what is still open.
 */
export class Deletions {
  open = $state.raw<Deletion[]>([]);
  #timers = new Map<Deletion, ReturnType<typeof setTimeout>>();
  #strips = new Set<{ deletion: Deletion }>();

  constructor(readonly mailbox: Mailbox) {}

  /** Whether everything that is there now goes, or may go: more of it need not be fetched. */
  get sweeping(): boolean {
    return this.open.some((deletion) => deletion.size === null);
  }

  /** The deletion that waits for this message. */
  of(id: number): Deletion | undefined {
    return this.open.find((deletion) => deletion.covers(id));
  }

  ids(ids: number[]): Deletion {
    return this.#ask({ ids });
  }

  /** Nothing that comes from now on goes with it. */
  range(range: Range): Deletion {
    return this.#ask({ ...range, upTo: this.mailbox.newest });
  }

  /** The last one, if none is named. Returns whether there was one. */
  undo(deletion = this.open.at(-1)): boolean {
    if (!deletion) return false;
    this.#close(deletion);
    this.#tell();
    return true;
  }

  /** A message shows the way back in its own place. Returns what ends that. */
  strip(deletion: Deletion): () => void {
    const strip = { deletion };
    this.#strips.add(strip);
    this.#tell();
    return () => {
      this.#strips.delete(strip);
      this.#tell();
    };
  }

  /** While somebody looks at the way back it stays open for longer. */
  hold(deletion: Deletion): void {
    if (this.open.includes(deletion)) this.#wait(deletion, HELD);
  }

  release(deletion: Deletion): void {
    if (this.open.includes(deletion)) this.#wait(deletion, DELAY / 2);
  }

  async commit(deletion: Deletion): Promise<void> {
    if (!this.open.includes(deletion)) return;
    clearTimeout(this.#timers.get(deletion));
    const { what } = deletion;
    const done = await attempt(async () => {
      if (!("ids" in what)) await api.DELETE("/api/1/inbox", { params: { query: asked(what) } });
      else for (const ids of batches(what.ids)) await api.POST("/api/1/inbox/delete", { body: { ids } });
    });
    if (done) this.mailbox.forget([...this.mailbox.messages.keys()].filter((id) => deletion.covers(id)));
    this.#close(deletion);
    this.#tell();
  }

  /** Nobody will think better of it. */
  async settle(): Promise<void> {
    await Promise.all(this.open.map((deletion) => this.commit(deletion)));
  }

  /** Asks for all that is still open, without waiting for the answers: the page closes. */
  leave(): void {
    for (const { what } of this.open) {
      if ("ids" in what) {
        const headers = { "Content-Type": "application/json" };
        for (const ids of batches(what.ids)) {
          const body = JSON.stringify({ ids });
          void fetch(address("api/1/inbox/delete"), { method: "POST", keepalive: true, headers, body });
        }
      } else {
        const query = new URLSearchParams(Object.entries(asked(what)).map(([name, value]) => [name, String(value)]));
        void fetch(address(`api/1/inbox?${query}`), { method: "DELETE", keepalive: true });
      }
    }
    for (const deletion of this.open) this.#close(deletion);
    this.#tell();
  }

  #ask(what: What): Deletion {
    const deletion = new Deletion(what, this.mailbox);
    this.open = [...this.open, deletion];
    this.#wait(deletion, DELAY);
    if (deletion.single)
      void tick().then(() => this.#tell()); // its strip may be there by then
    else this.#tell();
    return deletion;
  }

  #wait(deletion: Deletion, delay: number): void {
    clearTimeout(this.#timers.get(deletion));
    this.#timers.set(
      deletion,
      setTimeout(() => void this.commit(deletion), delay),
    );
  }

  #close(deletion: Deletion): void {
    clearTimeout(this.#timers.get(deletion));
    this.#timers.delete(deletion);
    this.open = this.open.filter((other) => other !== deletion);
  }

  /** Several share one toast; a single message needs none where its own place is seen. */
  #tell(): void {
    const open = this.open;
    const placed = (deletion: Deletion): boolean => [...this.#strips].some((strip) => strip.deletion === deletion);
    if (!open.length || (open.length === 1 && open.every(placed))) return toasts.stand(null);
    const sizes = open.map(({ size }) => size);
    const text = sizes.includes(null)
      ? t("inbox.deletedAll")
      : t("inbox.deletedMany", { n: sizes.reduce((sum: number, size) => sum + (size ?? 0), 0) });
    const run = (): void => open.forEach((deletion) => this.#close(deletion));
    const held = (now: boolean): void =>
      open.forEach((deletion) => (now ? this.hold(deletion) : this.release(deletion)));
    toasts.stand({ text, act: { label: t("words.undo"), run }, held });
  }
}

function asked({ application, upTo, olderThan }: Exclude<What, { ids: number[] }>) {
  return {
    up_to: upTo,
    ...(application === undefined ? { all: true } : { application }),
    ...(olderThan ? { older_than: olderThan } : {}),
  };
}

function* batches(ids: number[]): Generator<number[]> {
  for (let at = 0; at < ids.length; at += BATCH) yield ids.slice(at, at + BATCH);
}
