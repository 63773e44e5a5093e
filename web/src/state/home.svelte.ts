import { applications } from "./applications.svelte.ts";
import { Deletions } from "./deletions.svelte.ts";
import { Live, type Change } from "./live.svelte.ts";
import { Mailbox } from "./mailbox.svelte.ts";

/** Everything that a signed-in person's page holds, kept up to date by one live stream. */
export class Home {
  readonly mailbox = new Mailbox();
  readonly deletions = new Deletions(this.mailbox);
  /** What came while the connection was away; null: nothing is to be said. */
  missed = $state.raw<number | null>(null);
  #away = 0; // arrivals since the loss
  #lists = new Map<string, Set<() => void>>();

  readonly live = new Live({
    changed: (changes) => this.#changed(changes),
    hole: () => {
      this.mailbox.reset();
      this.#reload("applications");
    },
    live: (again) => {
      if (again) this.missed = this.#away;
      this.#away = 0;
      if (again) for (const list of this.#lists.keys()) this.#reload(list);
    },
  });

  constructor() {
    this.onList("applications", () => void applications.load());
  }

  async start(): Promise<void> {
    await applications.load();
    this.live.start();
    this.mailbox.count();
  }

  stop(): void {
    this.live.stop();
  }

  /** Calls back when a list that the server keeps has changed: "applications", "devices", "sessions", "user" … */
  onList(list: string, call: () => void): () => void {
    const calls = this.#lists.get(list) ?? new Set();
    this.#lists.set(list, calls.add(call));
    return () => calls.delete(call);
  }

  #changed(changes: Change[]): void {
    const arrived = this.mailbox.apply(changes);
    if (this.live.state !== "live") this.#away += arrived;
    const lists = new Set(changes.flatMap((change) => (change.type === "lists" ? change.lists : [])));
    for (const list of lists) this.#reload(list);
  }

  #reload(list: string): void {
    for (const call of this.#lists.get(list) ?? []) call();
  }
}
