const EDGE = 56; // px from the end of what scrolls, where dragging scrolls
const FASTEST = 14; // px a frame

/** Where a dragged row belongs: behind each of the others whose middle lies above the pointer. */
export function placeAt(y: number, others: { top: number; bottom: number }[]): number {
  return others.filter(({ top, bottom }) => (top + bottom) / 2 < y).length;
}

/** The ids with one of them at another place. A place beyond the ends is the end. */
export function moved(ids: number[], id: number, place: number): number[] {
  const rest = ids.filter((other) => other !== id);
  return rest.toSpliced(Math.min(Math.max(place, 0), rest.length), 0, id);
}

/** How far to scroll in this frame, in px: the nearer to an end, the faster. */
export function pull(y: number, { top, bottom }: { top: number; bottom: number }): number {
  const near = Math.min(y - top, bottom - y);
  if (near >= EDGE) return 0;
  const speed = FASTEST * Math.min(1, (EDGE - near) / EDGE);
  return y - top < bottom - y ? -speed : speed;
}

export interface Drag {
  /** The list, whose rows carry `data-id`. */
  list: HTMLElement;
  id: number;
  /** Called when the row belongs at another place now. */
  to: (place: number) => void;
  /** Called once; `kept` is false when the drag was given up. */
  end: (kept: boolean) => void;
}

/** Lets a row follow the pointer, from its press until it is let go, or Escape is pressed. */
export function drag(press: PointerEvent, { list, id, to, end }: Drag): void {
  const stop = new AbortController();
  const options = { signal: stop.signal };
  const scroller = list.closest<HTMLElement>(".scroll");
  let y = press.clientY;
  let frame = 0;

  const settle = (): void => {
    const rows = [...list.querySelectorAll<HTMLElement>("[data-id]")].filter((row) => row.dataset.id !== String(id));
    to(
      placeAt(
        y,
        rows.map((row) => row.getBoundingClientRect()),
      ),
    );
  };
  const step = (): void => {
    const by = scroller ? pull(y, scroller.getBoundingClientRect()) : 0;
    if (by) {
      scroller?.scrollBy(0, by);
      settle();
    }
    frame = requestAnimationFrame(step);
  };
  const finish = (kept: boolean): void => {
    stop.abort();
    cancelAnimationFrame(frame);
    end(kept);
  };
  const mine = (event: PointerEvent): boolean => event.pointerId === press.pointerId;

  window.addEventListener("pointermove", (event) => mine(event) && ((y = event.clientY), settle()), options);
  window.addEventListener("pointerup", (event) => mine(event) && finish(true), options);
  window.addEventListener("pointercancel", (event) => mine(event) && finish(false), options);
  window.addEventListener(
    "keydown",
    (event) => event.key === "Escape" && (event.preventDefault(), finish(false)),
    options,
  );
  frame = requestAnimationFrame(step);
}
