import { address, api, type Cleared, type EntryChange } from "~/api/client.ts";

export type Lists = { type: "lists"; changed: number; lists: string[] };
export type Change = EntryChange | Cleared | Lists;
type Frame = Change | { type: "live"; cursor: number } | { type: "hole" };

/** "waiting": for the next try. */
export type LiveState = "connecting" | "live" | "waiting";

const FIRST_WAIT = 1000; // ms
const LONGEST_WAIT = 60_000;
const SILENCE = 45_000; // ms without a word or a sign of life; the server gives one every 30 s
const OPENING = 5000; // ms after which a WebSocket that has not opened is held to be forbidden
const UNSEEN = 250; // ms between batches in a tab that nobody sees
const TICK = 5000; // ms; when much more has passed, the machine was asleep

export interface Listener {
  /** What changed, in order; at most one call a frame of the screen. */
  changed(changes: Change[]): void;
  /** The copy is too old to be brought up to date: fetch everything anew. */
  hole(): void;
  /** Everything up to now has been told. `away`: for how many ms there was no connection; 0: this is the first. */
  live(away: number): void;
}

/**
 * The one live stream: a WebSocket, or server-sent events where WebSockets do not get through. It comes again by
 * itself, with jittered back-off, at once when the network or the person comes back, and behind the last change that
 * it has told, so that nothing is missed and nothing comes twice.
 */
export class Live {
  state = $state<LiveState>("connecting");
  /** When the connection was lost; 0: it is there, or has never been. */
  lostAt = $state(0);
  /** When the next try comes. */
  nextTry = $state(0);

  #cursor: number | undefined;
  #close: (() => void) | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #watchdog: ReturnType<typeof setTimeout> | undefined;
  #due: { frame: number; timer: ReturnType<typeof setTimeout> } | null = null;
  #wait = FIRST_WAIT;
  #batch: Change[] = [];
  #stop = new AbortController();

  constructor(readonly listener: Listener) {}

  start(): void {
    const { signal } = this.#stop;
    addEventListener("online", () => this.now(true), { signal });
    addEventListener("offline", () => this.#lost(), { signal });
    addEventListener("pageshow", () => this.now(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.now(), { signal });
    this.#noticeSleep();
    this.#open();
  }

  stop(): void {
    this.#stop.abort();
    this.#hangUp();
  }

  /** Tries at once if it is waiting. `anew`: also if it is there, since it may be dead without knowing. */
  now(anew = false): void {
    if (this.state !== "waiting" && !anew) return;
    this.#wait = FIRST_WAIT;
    this.#open();
  }

  #noticeSleep(): void {
    let last = Date.now();
    const timer = setInterval(() => {
      if (Date.now() - last > SILENCE) this.now(true);
      last = Date.now();
    }, TICK);
    this.#stop.signal.addEventListener("abort", () => clearInterval(timer));
  }

  #open(): void {
    this.#hangUp();
    this.state = "connecting";
    const url = new URL(address("api/1/stream"));
    if (this.#cursor !== undefined) url.searchParams.set("after", String(this.#cursor));
    this.#openSocket(url);
  }

  /** A proxy that forbids WebSockets lets events through, so they are tried at once when the socket does not open. */
  #openSocket(url: URL): void {
    const socket = new WebSocket(url.href.replace(/^http/, "ws"));
    const drop = (): void => {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    };
    const instead = (): void => {
      drop();
      clearTimeout(this.#timer);
      if (navigator.onLine) this.#openEvents(url);
      else this.#lost();
    };
    socket.onopen = () => {
      clearTimeout(this.#timer);
      this.#listen();
      socket.onclose = () => this.#lost();
    };
    socket.onclose = instead;
    socket.onmessage = (event) => this.#hear(event.data);
    this.#timer = setTimeout(instead, OPENING);
    this.#close = drop;
  }

  #openEvents(url: URL): void {
    const events = new EventSource(url);
    for (const name of ["message", "live", "hole", "alive"])
      events.addEventListener(name, (event) => this.#hear((event as MessageEvent<string>).data));
    events.onerror = () => {
      void this.#askWhy();
      this.#lost();
    };
    this.#close = () => events.close();
    this.#listen();
  }

  #hear(data: string): void {
    this.#listen();
    if (!data) return;
    const frame = JSON.parse(data) as Frame | { type: "alive" };
    if (frame.type === "live") this.#isLive(frame.cursor);
    else if (frame.type === "hole") this.#beginAnew();
    else if (frame.type !== "alive") {
      this.#cursor = frame.changed;
      this.#batch.push(frame);
      this.#flushSoon();
    }
  }

  #isLive(cursor: number): void {
    this.#cursor = Math.max(cursor, this.#cursor ?? 0);
    this.#flush();
    const away = this.lostAt && Date.now() - this.lostAt;
    this.state = "live";
    this.lostAt = 0;
    this.#wait = FIRST_WAIT;
    this.listener.live(away);
  }

  /** What follows in the stream is the whole inbox; the lists fetch what they need of it themselves. */
  #beginAnew(): void {
    this.#batch = [];
    this.#cursor = undefined;
    this.listener.hole();
    this.#open();
  }

  /** With the next frame of the screen. A tab that nobody sees draws none, and a browser does not always say so. */
  #flushSoon(): void {
    if (this.#due) return;
    const flush = (): void => this.#flush();
    this.#due = { frame: requestAnimationFrame(flush), timer: setTimeout(flush, UNSEEN) };
  }

  #flush(): void {
    if (this.#due) {
      cancelAnimationFrame(this.#due.frame);
      clearTimeout(this.#due.timer);
      this.#due = null;
    }
    const batch = this.#batch;
    this.#batch = [];
    if (batch.length) this.listener.changed(batch);
  }

  /** A connection that has been silent for too long is dead, though nobody has said so. */
  #listen(): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#lost(), SILENCE);
  }

  /** A stream that is refused does not say why; the session may have ended, which any request finds out. */
  async #askWhy(): Promise<void> {
    await api.GET("/api/1/user").catch(() => undefined);
  }

  #lost(): void {
    if (this.state === "waiting" || this.#stop.signal.aborted) return;
    this.#hangUp();
    this.#flush();
    this.state = "waiting";
    this.lostAt ||= Date.now();
    const wait = this.#wait * (0.5 + Math.random());
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
    this.nextTry = Date.now() + wait;
    this.#timer = setTimeout(() => this.#open(), wait);
  }

  #hangUp(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#watchdog);
    this.#close?.();
    this.#close = null;
  }
}
