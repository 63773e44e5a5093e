import type { Message } from "~/api/client.ts";
import { band } from "~/format/priority.ts";
import { applications } from "~/state/applications.svelte.ts";
import type { Change } from "~/state/live.svelte.ts";
import type { Mailbox } from "~/state/mailbox.svelte.ts";
import { Claims } from "./claims.ts";
import { desktop } from "./desktop.svelte.ts";
import { loudness, type Loudness } from "./loudness.ts";
import { sound } from "./sound.svelte.ts";

const BURST = 250; // ms in which what comes is told together
const MANY = 3; // notifications at once; more are one
const HIGH = 3; // the band
const NOTED = 100; // notifications that are closed when their message is read

/** Rings for what arrives: by a sound of the page, and by notifications of the desktop. */
export class Ringer {
  readonly #claims = new Claims();
  #ends: (() => void)[];
  #waiting: (Loudness & { message: Message })[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #shown = new Map<number, string>(); // the public id of messages whose notification may still stand

  constructor(readonly mailbox: Mailbox) {
    this.#ends = [
      mailbox.onArrival((message) => this.#arrived(message)),
      mailbox.onChanges((changes) => this.#changed(changes)),
      sound.listen(),
      () => this.#claims.close(),
    ];
    const look = (): void => desktop.look();
    addEventListener("focus", look);
    this.#ends.push(() => removeEventListener("focus", look));
  }

  stop(): void {
    clearTimeout(this.#timer);
    for (const end of this.#ends) end();
  }

  #arrived(message: Message): void {
    if (message.state.read) return;
    const wished = loudness(message.priority, applications.get(message.application), Date.now());
    if (wished.shown) this.#waiting.push({ message, ...wished });
    this.#timer ??= setTimeout(() => void this.#tell(), BURST);
  }

  async #tell(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#timer = undefined;
    const ours = await Promise.all(waiting.map(({ message }) => this.#claims.claim(message.id)));
    const mine = waiting.filter((_, at) => ours[at]);
    if (!mine.length) return;
    const loud = mine.filter((one) => one.sound).map(({ message }) => band(message.priority));
    const heard = loud.length > 0 && sound.on.value && (await sound.ring(Math.max(...loud)));
    // Whoever looks at the page sees it come.
    if (!desktop.shows || document.hasFocus()) return;
    const silent = heard || !loud.length;
    if (mine.length <= MANY)
      for (const { message, stays, sound: rings } of mine) {
        this.#note(message);
        await desktop.show(message, { stays, silent: silent || !rings });
      }
    else {
      const high = mine.filter(({ message }) => band(message.priority) >= HIGH).length;
      await desktop.sum(mine.length, high, { stays: high > 0, silent });
    }
  }

  #note(message: Message): void {
    this.#shown.set(message.id, message.public_id);
    if (this.#shown.size > NOTED) this.#shown.delete(this.#shown.keys().next().value as number);
  }

  /** What has been read or deleted needs no notification any more, wherever that was. */
  #changed(changes: Change[]): void {
    const done = changes.flatMap((change) => {
      if (change.type === "cleared")
        return [...this.#shown.keys()].filter((id) => id <= change.to && !this.mailbox.messages.has(id));
      return change.type === "entry" && (change.read || change.deleted) ? change.id : [];
    });
    const tags = done.flatMap((id) => this.#shown.get(id) ?? []);
    for (const id of done) this.#shown.delete(id);
    if (tags.length) void desktop.close(tags);
  }
}
