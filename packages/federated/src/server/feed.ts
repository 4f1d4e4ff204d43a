/** Values as they come, for any number of readers, each of whom gets all from the first on. */
export class Feed<T> implements AsyncIterable<T> {
  readonly #values: T[] = [];
  #ended: { readonly error?: unknown } | undefined;
  #more: PromiseWithResolvers<void> = Promise.withResolvers<void>();

  /** Adds a value. */
  push(value: T): void {
    this.#values.push(value);
    this.#wake();
  }

  /** Ends the feed; with an error, readers who have come to the end get it. */
  end(ended: { readonly error?: unknown } = {}): void {
    this.#ended = ended;
    this.#wake();
  }

  #wake(): void {
    const { resolve } = this.#more;
    this.#more = Promise.withResolvers<void>();
    resolve();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, undefined> {
    for (let next = 0; ; next++) {
      while (next >= this.#values.length) {
        if (this.#ended !== undefined) {
          if ('error' in this.#ended) throw this.#ended.error;
          return undefined;
        }
        await this.#more.promise;
      }
      yield this.#values[next]!;
    }
  }
}
