import { get, post, type Delivery } from "~/api/services.ts";
import { quietly } from "~/state/failures.ts";

const PAGE = 100;
const CALM = 1000; // ms between two questions while things go on

interface Page {
  deliveries: Delivery[];
  next: number | null;
}

/** The deliveries that a filter finds, the newest first. What it does raises Refused and Unreachable. */
export class Log {
  list = $state.raw<Delivery[]>([]);
  next = $state.raw<number | null>(null);
  loaded = $state(false);
  /** The one that is open, with its tries. */
  open = $state.raw<Delivery | null>(null);
  #query: Record<string, string> = {};
  #asked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  async load(query = this.#query): Promise<void> {
    this.#query = query;
    const asked = ++this.#asked;
    const shown = Math.min(500, Math.max(PAGE, this.list.length));
    const page = await get<Page>("deliveries", { ...query, limit: shown });
    if (asked !== this.#asked) return;
    this.list = page.deliveries;
    this.next = page.next;
    this.loaded = true;
    if (this.open) await this.show(this.open.id);
  }

  async more(): Promise<void> {
    if (this.next === null) return;
    const asked = this.#asked;
    const page = await get<Page>("deliveries", { ...this.#query, before: this.next, limit: PAGE });
    if (asked !== this.#asked) return;
    this.list = [...this.list, ...page.deliveries];
    this.next = page.next;
  }

  async show(id: number): Promise<void> {
    this.open = await get<Delivery>(`deliveries/${id}`);
  }

  /** Something has changed: asks again, once a second at most. */
  stir(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void quietly(() => this.load());
    }, CALM);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#asked += 1;
  }

  async resend(ids: number[]): Promise<number> {
    const { count } = await post<{ count: number }>("deliveries/resend", { ids });
    await this.load();
    return count;
  }

  async resendFailed(): Promise<number> {
    const { count } = await post<{ count: number }>("deliveries/resend", { failed: this.#query });
    await this.load();
    return count;
  }

  async cancel(ids: number[]): Promise<number> {
    const { count } = await post<{ count: number }>("deliveries/cancel", { ids });
    await this.load();
    return count;
  }
}
