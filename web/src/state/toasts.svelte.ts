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
  current = $state.raw<Toast | null>(null);

  say(text: string, act?: Toast["act"], more: Pick<Toast, "held"> & { lasts?: number } = {}): Toast {
    return (this.current = { text, act, lasts: LASTS, ...more });
  }

  /** Errors do not vanish by themselves. */
  complain(text: string, act?: Toast["act"]): void {
    this.current = { text, act, lasts: 0, bad: true };
  }

  close(): void {
    this.current = null;
  }
}

export const toasts = new Toasts();
