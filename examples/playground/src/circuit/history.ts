// Undo and redo over values that never change. Edits of one gesture, such as a slider being dragged, share a name and
// become one step.

/** Steps that are kept. */
const MOST = 200;

/** A value with its past and future. */
export class History<T> {
  #past: T[] = [];
  #present: T;
  #future: T[] = [];
  #gesture: string | undefined;

  constructor(present: T) {
    this.#present = present;
  }

  get present(): T {
    return this.#present;
  }

  get canUndo(): boolean {
    return this.#past.length > 0;
  }

  get canRedo(): boolean {
    return this.#future.length > 0;
  }

  /** Goes on to another value; those of one gesture replace each other. */
  push(next: T, gesture?: string): void {
    if (next === this.#present) return;
    if (gesture === undefined || gesture !== this.#gesture) {
      this.#past.push(this.#present);
      if (this.#past.length > MOST) this.#past.shift();
    }
    this.#present = next;
    this.#future = [];
    this.#gesture = gesture;
  }

  /** Ends a gesture: the next edit is a step of its own. */
  settle(): void {
    this.#gesture = undefined;
  }

  undo(): boolean {
    return this.#step(this.#past, this.#future);
  }

  redo(): boolean {
    return this.#step(this.#future, this.#past);
  }

  #step(from: T[], to: T[]): boolean {
    const next = from.pop();
    if (next === undefined) return false;
    to.push(this.#present);
    this.#present = next;
    this.#gesture = undefined;
    return true;
  }
}
