export interface Toast {
  text: string;
  /** At most one button. */
  act?: { label: string; run: () => void };
  /** Milliseconds; 0: stays until it is closed, as errors do. */
  lasts: number;
  bad?: boolean;
  /** Told when pointer or focus come to it, and when they have left. */
  held?: (now: boolean) => void;
}

const LASTS = 6000;

/** One at a time: a new one takes the place of the last. */
class Toasts {
  #said = $state.raw<Toast | null>(null);
  #stands = $state.raw<Toast | null>(null);

  get current(): Toast | null {
    return this.#said ?? this.#stands;
  }

  say(text: string, act?: Toast["act"], more: { lasts?: number } = {}): void {
    this.#said = { text, act, lasts: LASTS, ...more };
  }

  /** Errors do not vanish by themselves. */
  complain(text: string, act?: Toast["act"]): void {
    this.#said = { text, act, lasts: 0, bad: true };
  }

  /** What stays until something else is to stay, or nothing: whatever is said meanwhile, it is seen again. */
  stand(toast: Omit<Toast, "lasts"> | null): void {
    if (toast && !this.#stands) this.#said = null;
    this.#stands = toast && { ...toast, lasts: 0 };
  }

  close(): void {
    if (this.#said) this.#said = null;
    else this.#stands = null;
  }
}

export const toasts = new Toasts();
