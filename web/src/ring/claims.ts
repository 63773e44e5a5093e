// How long a tab waits for its betters (ms): one that has the focus rings, else one that is seen.
const SEEN = 60;
const HIDDEN = 150;
const HELD = 10_000; // ms for which a message stays claimed, for tabs that wake late
const KEPT = 200; // ids that others have claimed

/** Of several tabs of one browser, one rings for a message. */
export class Claims {
  readonly #channel = new BroadcastChannel("carillon.rung");
  #taken = new Set<number>();

  constructor() {
    this.#channel.onmessage = (event: MessageEvent<number>) => {
      this.#taken.add(event.data);
      if (this.#taken.size > KEPT) this.#taken.delete(this.#taken.values().next().value as number);
    };
  }

  close(): void {
    this.#channel.close();
  }

  /** Whether it is this tab. */
  async claim(id: number): Promise<boolean> {
    if (!document.hasFocus()) await new Promise((done) => setTimeout(done, document.hidden ? HIDDEN : SEEN));
    if (this.#taken.has(id) || !(await lock(`carillon.ring.${id}`))) return false;
    this.#channel.postMessage(id);
    return true;
  }
}

/** Browsers give pages without https no locks; there the message on the channel has to do. */
async function lock(name: string): Promise<boolean> {
  if (!navigator.locks) return true;
  return await new Promise((resolve) => {
    void navigator.locks.request(name, { ifAvailable: true }, async (got) => {
      resolve(got !== null);
      if (got) await new Promise((done) => setTimeout(done, HELD));
    });
  });
}
