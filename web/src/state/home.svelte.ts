import { applications } from "./applications.svelte.ts";
import { Deletions } from "./deletions.svelte.ts";
import { quietly } from "./failures.ts";
import { Live, type Change } from "./live.svelte.ts";
import type { Copy } from "./offline.ts";
import { session } from "./session.svelte.ts";
import { services } from "./services.svelte.ts";
import { Mailbox } from "./mailbox.svelte.ts";
import { undelivered } from "./undelivered.svelte.ts";

/** Everything that a signed-in person's page holds, kept up to date by one live stream. */
export class Home {
  readonly mailbox = new Mailbox();
  readonly deletions = new Deletions(this.mailbox);
  /** After the connection has come back: for how long it was away (ms), and what came meanwhile. */
  returned = $state.raw<{ away: number; arrived: number } | null>(null);
  #arrived = 0; // since the loss
  #lists = new Map<string, Set<() => unknown>>();
  #ends: (() => void)[] = [];

  readonly live = new Live({
    changed: (changes) => this.#changed(changes),
    hole: () => this.mailbox.reset(),
    live: (away) => {
      if (away) this.returned = { away, arrived: this.#arrived };
      this.#arrived = 0;
      this.mailbox.live();
      for (const list of this.#lists.keys()) this.#reload(list); // they are not replayed
    },
  });

  constructor() {
    this.onList("applications", () => applications.load());
    this.onList("services", async () => (await services.load(), undelivered.stir()));
    this.onList("deliveries", () => undelivered.stir());
  }

  /** `seen`: what this browser remembers, while the server cannot be asked. */
  start(seen?: Copy): void {
    if (seen) {
      this.mailbox.seen = seen.messages;
      this.mailbox.counts = seen.counts;
      applications.list = seen.applications;
    }
    const leave = (): void => this.deletions.leave();
    addEventListener("pagehide", leave);
    this.#ends = [() => removeEventListener("pagehide", leave), session.onLeave(() => this.deletions.settle())];
    this.live.start();
    this.#reload("applications");
    this.#reload("services");
    this.mailbox.count();
  }

  stop(): void {
    for (const end of this.#ends) end();
    this.live.stop();
    this.deletions.leave();
    applications.empty();
    services.empty();
    undelivered.empty();
  }

  /** Calls back when a list that the server keeps has changed: "applications", "devices", "sessions", "user" … */
  onList(list: string, call: () => unknown): () => void {
    const calls = this.#lists.get(list) ?? new Set();
    this.#lists.set(list, calls.add(call));
    return () => calls.delete(call);
  }

  #changed(changes: Change[]): void {
    const arrived = this.mailbox.apply(changes);
    if (this.live.state !== "live") this.#arrived += arrived;
    const lists = new Set(changes.flatMap((change) => (change.type === "lists" ? change.lists : [])));
    for (const list of lists) this.#reload(list);
  }

  /** What fails now is fetched when the connection is there again. */
  #reload(list: string): void {
    for (const call of this.#lists.get(list) ?? []) void quietly(async () => await call());
  }
}
