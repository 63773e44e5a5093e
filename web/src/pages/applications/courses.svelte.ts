import { answer, api, type Message } from "~/api/client.ts";
import { zone } from "~/format/times.svelte.ts";
import { session } from "~/state/session.svelte.ts";

export const DAYS = 22;
const FRESH = 5 * 60_000; // ms

/** How many messages each application sent on each of the last days, for small charts. */
class Courses {
  #byId = $state.raw(new Map<number, number[]>());
  #user: number | undefined;
  #asked = 0;

  get(id: number): number[] {
    return this.#byId.get(id) ?? [];
  }

  /** Unless that was done a short while ago, for the same person. Raises Refused and Unreachable. */
  async load(): Promise<void> {
    const user = session.user?.id;
    if (user !== this.#user) this.#byId = new Map();
    else if (Date.now() - this.#asked < FRESH) return;
    [this.#user, this.#asked] = [user, Date.now()];
    const query = { days: DAYS, zone: zone() };
    const { applications } = await answer(api.GET("/api/1/statistics/applications", { params: { query } }));
    if (this.#user === user) this.#byId = new Map(applications.map(({ id, days }) => [id, days]));
  }

  /** Counts a message that has just come. */
  add({ application }: Message): void {
    const days = this.#byId.get(application) ?? Array<number>(DAYS).fill(0);
    const more = days.with(-1, (days.at(-1) ?? 0) + 1);
    this.#byId = new Map(this.#byId).set(application, more);
  }
}

export const courses = new Courses();
