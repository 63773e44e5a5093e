import type { Message } from "~/api/client.ts";

export interface Counts {
  unread: number;
  pinned: number;
  total: number;
  applications: Record<string, { unread: number; total: number }>;
}

const CAP = 1000; // unread messages of an application are counted up to here: nobody knows by how many it is more

/** By how much the counts have changed since the server told them. */
export class Tally {
  #pinned = 0;
  #applications = new Map<number, { unread: number; total: number }>();

  /** A message is not as it was; undefined: it was not, or is no more. */
  move(before: Message | undefined, after: Message | undefined): void {
    this.#add(before, -1);
    this.#add(after, 1);
  }

  /** The counts with what has been added since the last call. */
  added(counts: Counts): Counts {
    if (!this.#pinned && !this.#applications.size) return counts;
    const applications = { ...counts.applications };
    let { unread, total } = counts;
    for (const [id, more] of this.#applications) {
      const known = applications[id] ?? { unread: 0, total: 0 };
      const by = known.unread < CAP ? Math.max(more.unread, -known.unread) : 0;
      applications[id] = { unread: known.unread + by, total: Math.max(0, known.total + more.total) };
      unread += by;
      total = Math.max(0, total + more.total);
    }
    const pinned = Math.max(0, counts.pinned + this.#pinned);
    this.#pinned = 0;
    this.#applications.clear();
    return { ...counts, unread, pinned, total, applications };
  }

  #add(message: Message | undefined, by: number): void {
    if (!message) return;
    const { application, state } = message;
    const more = this.#applications.get(application) ?? { unread: 0, total: 0 };
    more.total += by;
    if (!state.read) more.unread += by;
    if (state.pinned) this.#pinned += by;
    this.#applications.set(application, more);
  }
}
