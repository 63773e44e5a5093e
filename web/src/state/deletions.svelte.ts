import { api, address } from "~/api/client.ts";
import { attempt } from "./failures.ts";
import type { Mailbox } from "./mailbox.svelte.ts";

const DELAY = 8000; // ms in which one may think better of it

/** Either some messages, or everything up to an id: of an application or of all, older than a time or of any age. */
export type What =
  { ids: number[] } | { application?: number; upTo: number; olderThan?: string; covers: (id: number) => boolean };

/** A deletion that has been asked for and not sent yet. */
export class Deletion {
  constructor(
    readonly what: What,
    readonly deadline: number,
  ) {}

  covers(id: number): boolean {
    return "ids" in this.what ? this.what.ids.includes(id) : this.what.covers(id);
  }
}

/**
 * Deletions that can still be undone. A message loses its content at once when the server deletes it, so undoing means
 * that the server has not been asked yet; a page that is closed asks for what is still open.
 */
export class Deletions {
  open = $state.raw<Deletion[]>([]);
  #timers = new Map<Deletion, ReturnType<typeof setTimeout>>();

  constructor(readonly mailbox: Mailbox) {
    addEventListener("pagehide", () => this.leave());
  }

  /** The deletion that waits for this message. */
  of(id: number): Deletion | undefined {
    return this.open.find((deletion) => deletion.covers(id));
  }

  ask(what: What): Deletion {
    const deletion = new Deletion(what, Date.now() + DELAY);
    this.open = [...this.open, deletion];
    this.#wait(deletion, DELAY);
    return deletion;
  }

  /** The last one, if none is named. Returns whether there was one. */
  undo(deletion = this.open.at(-1)): boolean {
    if (!deletion) return false;
    this.#close(deletion);
    return true;
  }

  /** As long as somebody looks at the way back it stays open. */
  hold(deletion: Deletion): void {
    clearTimeout(this.#timers.get(deletion));
  }

  release(deletion: Deletion): void {
    if (this.open.includes(deletion)) this.#wait(deletion, DELAY / 2);
  }

  async commit(deletion: Deletion): Promise<void> {
    if (!this.open.includes(deletion)) return;
    clearTimeout(this.#timers.get(deletion));
    const { what } = deletion;
    const done = await attempt(() =>
      "ids" in what
        ? api.POST("/api/1/inbox/delete", { body: { ids: what.ids } })
        : api.DELETE("/api/1/inbox", { params: { query: asked(what) } }),
    );
    if (done) this.mailbox.forget([...this.mailbox.messages.keys()].filter((id) => deletion.covers(id)));
    this.#close(deletion);
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

  /** Asks for all that is still open, without waiting for the answers: the page closes. */
  leave(): void {
    for (const { what } of this.open) {
      if ("ids" in what) {
        const headers = { "Content-Type": "application/json" };
        const body = JSON.stringify({ ids: what.ids });
        void fetch(address("api/1/inbox/delete"), { method: "POST", keepalive: true, headers, body });
      } else {
        const query = new URLSearchParams(Object.entries(asked(what)).map(([name, value]) => [name, String(value)]));
        void fetch(address(`api/1/inbox?${query}`), { method: "DELETE", keepalive: true });
      }
    }
    for (const deletion of this.open) this.#close(deletion);
  }
}

function asked(what: Exclude<What, { ids: number[] }>) {
  const { application, upTo, olderThan } = what;
  return {
    up_to: upTo,
    ...(application === undefined ? { all: true } : { application }),
    ...(olderThan ? { older_than: olderThan } : {}),
  };
}
