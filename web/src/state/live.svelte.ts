import { address, type Cleared, type EntryChange } from "~/api/client.ts";

export type Lists = { type: "lists"; changed: number; lists: string[] };
export type Change = EntryChange | Cleared | Lists;
type Frame = Change | { type: "live"; cursor: number } | { type: "hole" };

/** "waiting": for the next try. "off": the browser says that there is no network, or tries fail for long. */
export type LiveState = "connecting" | "live" | "waiting";

const FIRST_WAIT = 1000; // ms
const LONGEST_WAIT = 60_000;
const SILENCE = 70_000; // ms without a word or a sign of life; the server pings every 45 s
const REFUSED_SOCKETS = 2; // that never opened, after which server-sent events are tried in turn
const HIDDEN_PACE = 250; // ms between batches in a tab that nobody sees

export interface Listener {
  /** What changed, in order; at most one call a frame of the screen. */
  changed(changes: Change[]): void;
  /** The copy is too old to be brought up to date: fetch everything anew. All that is there follows. */
  hole(): void;
  /** Everything up to now has been told. `again`: after a loss of the connection. */
  live(again: boolean): void;
}

/**
 * The one live stream: a WebSocket, or server-sent events where WebSockets do not get through. It comes again by
 * itself, with jittered back-off, at once when the network or the person comes back, and behind the last change that
 * it has told, so that nothing is missed and nothing comes twice.
 */
export class Live {
  state = $state<LiveState>("connecting");
  /** When the connection was lost; 0: it is there. */
  lostAt = $state(0);
  /** When the next try comes. */
  nextTry = $state(0);

  #cursor: number | undefined;
  #close: (() => void) | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #watchdog: ReturnType<typeof setTimeout> | undefined;
  #flushing = false;
  #wait = FIRST_WAIT;
  #sockets = 0; // that never opened, in a row
  #once = false;
  #batch: Change[] = [];
  #stop = new AbortController();

  constructor(readonly listener: Listener) {}

  start(): void {
    const { signal } = this.#stop;
    addEventListener("online", () => this.now(), { signal });
    addEventListener("offline", () => this.#lost(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.now(), { signal });
    addEventListener("pageshow", () => this.now(), { signal });
    this.#open();
  }

  stop(): void {
    this.#stop.abort();
    this.#hangUp();
  }

  /** Tries at once if it is waiting. */
  now(): void {
    if (this.state !== "waiting") return;
    this.#wait = FIRST_WAIT;
    this.#open();
  }

  #open(): void {
    this.#hangUp();
    this.state = "connecting";
    const url = new URL(address("api/1/stream"));
    if (this.#cursor !== undefined) url.searchParams.set("after", String(this.#cursor));
    // A proxy that forbids WebSockets lets events through; the socket gets its turn again and again.
    if (this.#sockets >= REFUSED_SOCKETS && this.#sockets % (REFUSED_SOCKETS + 1) !== 0) this.#openEvents(url);
    else this.#openSocket(url);
    this.#listen();
  }

  #openSocket(url: URL): void {
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    socket.onopen = () => (this.#sockets = 0);
    socket.onmessage = (event) => this.#hear(event.data);
    socket.onclose = () => {
      if (this.state === "connecting") this.#sockets += 1;
      this.#lost();
    };
    this.#close = () => {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    };
  }

  #openEvents(url: URL): void {
    const events = new EventSource(url);
    events.onmessage = (event) => this.#hear(event.data);
    events.onerror = () => {
      this.#sockets += 1;
      this.#lost();
    };
    this.#close = () => events.close();
  }

  #hear(data: string): void {
    this.#listen();
    if (!data) return;
    const frame = JSON.parse(data) as Frame;
    if (frame.type === "live") {
      this.#cursor = Math.max(frame.cursor, this.#cursor ?? 0);
      this.#flush();
      this.state = "live";
      this.lostAt = 0;
      this.#wait = FIRST_WAIT;
      this.listener.live(this.#once);
      this.#once = true;
    } else if (frame.type === "hole") {
      this.#batch = [];
      this.#cursor = 0;
      this.listener.hole();
    } else {
      this.#cursor = frame.changed;
      this.#batch.push(frame);
      this.#flushSoon();
    }
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    if (document.hidden) setTimeout(() => this.#flush(), HIDDEN_PACE);
    else requestAnimationFrame(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    const batch = this.#batch;
    this.#batch = [];
    if (batch.length) this.listener.changed(batch);
  }

  /** A connection that has been silent for too long is dead, though nobody has said so. */
  #listen(): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#lost(), SILENCE);
  }

  #lost(): void {
    if (this.state === "waiting") return;
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
