import { answer, api, type Message } from "~/api/client.ts";
import { quietly } from "~/state/failures.ts";
import type { Change } from "~/state/live.svelte.ts";
import type { Mailbox } from "~/state/mailbox.svelte.ts";
import { HOURS, type Note } from "./roll.ts";

const PACE = 400; // ms between two drawings while much comes
const MOST = 3000; // notes kept
const DAY = HOURS * 3_600_000;

/** As the server tells a note: id, public id, application, priority, created, read, title. */
type Told = [number, string, number, number, number, number, string];

/** The notes of the last day, kept up to date by the stream. */
export class Notes {
  /** Newest first. */
  list = $state.raw<Note[]>([]);
  /** Older ones of the same day that the server did not tell. */
  more = $state(0);
  #notes = new Map<number, Note>();
  #drawn = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly mailbox: Mailbox) {}

  /** Fetches them and follows the stream. Returns what ends it. */
  follow(): () => void {
    void quietly(() => this.#load());
    const end = this.mailbox.onChanges((changes) => this.#take(changes));
    return () => {
      end();
      clearTimeout(this.#timer);
    };
  }

  async #load(): Promise<void> {
    const { notes, more } = await answer(api.GET("/api/1/roll", { params: { query: { hours: HOURS } } }));
    for (const [id, publicId, application, priority, created, read, title] of notes as Told[]) {
      if (this.#notes.has(id)) continue;
      this.#notes.set(id, { id, publicId, application, priority, created, read: read === 1, title });
    }
    this.more = more;
    this.#draw();
  }

  #take(changes: Change[]): void {
    for (const change of changes) {
      if (change.type === "cleared") this.#clear(change.application, change.to);
      else if (change.type === "entry" && change.deleted) this.#notes.delete(change.id);
      else if (change.type === "entry") this.#change(change.id, change.read, change.message);
    }
    const wait = this.#drawn + PACE - Date.now();
    if (wait <= 0) this.#draw();
    else this.#timer ??= setTimeout(() => this.#draw(), wait);
  }

  #change(id: number, read: string | null, message: Omit<Message, "state"> | undefined): void {
    const note = this.#notes.get(id) ?? (message && noteOf(message));
    if (note) this.#notes.set(id, { ...note, read: read !== null });
  }

  #clear(application: number, to: number): void {
    for (const [id, note] of this.#notes) if (id <= to && note.application === application) this.#notes.delete(id);
  }

  #draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#drawn = Date.now();
    const since = Date.now() - DAY;
    const sorted = [...this.#notes.values()].filter((note) => note.created > since).sort((a, b) => b.id - a.id);
    this.list = sorted.slice(0, MOST);
    if (this.#notes.size > MOST * 1.2) this.#notes = new Map(this.list.map((note) => [note.id, note]));
  }
}

function noteOf(message: Omit<Message, "state">): Note {
  const { id, public_id, application, priority, created, title } = message;
  return { id, publicId: public_id, application, priority, created: Date.parse(created), read: false, title };
}
