/** A value that this browser remembers. Raises nothing where storage is forbidden: it is then forgotten on reload. */
export class Remembered<T> {
  #value = $state() as T;

  constructor(
    readonly name: string,
    readonly initial: T,
  ) {
    this.#value = this.#read();
  }

  get value(): T {
    return this.#value;
  }

  set value(value: T) {
    this.#value = value;
    try {
      localStorage.setItem(`carillon.${this.name}`, JSON.stringify(value));
    } catch {
      // Private windows may have none.
    }
  }

  #read(): T {
    try {
      const kept = localStorage.getItem(`carillon.${this.name}`);
      return kept === null ? this.initial : (JSON.parse(kept) as T);
    } catch {
      return this.initial;
    }
  }
}
