import { FAILED, get, post, type Delivery } from "~/api/services.ts";
import { quietly } from "./failures.ts";
import { services } from "./services.svelte.ts";

const KEPT = 100; // deliveries
const CALM = 5000; // ms between two questions while much is delivered

/** The deliveries that were given up last, for the cards of their messages. */
class Undelivered {
  #of = $state.raw(new Map<number, Delivery[]>());
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0; // when

  /** Those of a message, by its id. */
  of(message: number): Delivery[] {
    return this.#of.get(message) ?? [];
  }

  /** Something has changed: asks again, at once or a while after the last time. Without services nothing has failed. */
  stir(): void {
    if (!services.list.length) return this.empty();
    this.#timer ??= setTimeout(() => void quietly(() => this.#load()), this.#asked + CALM - Date.now());
  }

  /** Nobody is signed in, or nothing can fail. */
  empty(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#asked = 0;
    this.#of = new Map();
  }

  /** Has them sent once more. Raises Refused and Unreachable. */
  async resend(deliveries: Delivery[]): Promise<void> {
    await post("deliveries/resend", { ids: deliveries.map(({ id }) => id) });
    await this.#load();
  }

  async #load(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const asked = (this.#asked = Date.now());
    const { deliveries } = await get<{ deliveries: Delivery[] }>("deliveries", { state: FAILED, limit: KEPT });
    if (asked !== this.#asked) return; // emptied meanwhile, or asked anew
    const of = new Map<number, Delivery[]>();
    for (const one of deliveries) of.set(one.message.id, [...(of.get(one.message.id) ?? []), one]);
    this.#of = of;
  }
}

export const undelivered = new Undelivered();
