import { Remembered } from "~/state/remembered.svelte.ts";

const PACE = 1200; // ms between two sounds, unless the second is of a higher band
const GESTURES = ["pointerdown", "keydown"];

/** What this browser sounds like, if it may. Browsers let a page ring only after somebody has touched it. */
class Sound {
  readonly on = new Remembered<boolean>("sound", false);
  readonly volume = new Remembered<number>("volume", 0.7);
  /** The page waits to be touched. */
  waits = $state(false);
  #context: AudioContext | undefined;
  #last = { at: 0, number: 0 };

  /** Listens for the touch that lets it ring. Returns what ends it. */
  listen(): () => void {
    const stop = new AbortController();
    const { signal } = stop;
    this.waits = this.on.value && !navigator.userActivation?.hasBeenActive;
    for (const gesture of GESTURES) addEventListener(gesture, () => void this.#touched(), { signal, capture: true });
    return () => stop.abort();
  }

  /** Rings as a message of that band does, unless it has just rung for one as high. Returns whether it is heard. */
  async ring(number: number, volume = this.volume.value): Promise<boolean> {
    if (Date.now() - this.#last.at < PACE && number <= this.#last.number) return true;
    if (!(await this.#ready())) return false;
    this.#last = { at: Date.now(), number };
    const { strike } = await import("./bells.ts");
    strike(this.#context as AudioContext, number, volume);
    return true;
  }

  async #touched(): Promise<void> {
    if (this.on.value && this.waits) await this.#ready();
  }

  async #ready(): Promise<boolean> {
    if (!navigator.userActivation?.hasBeenActive) {
      this.waits = true;
      return false;
    }
    this.#context ??= new AudioContext();
    if (this.#context.state !== "running") await this.#context.resume();
    this.waits = this.#context.state !== "running";
    return !this.waits;
  }
}

export const sound = new Sound();
