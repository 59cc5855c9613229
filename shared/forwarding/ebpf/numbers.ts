/** Small numbers for tunnels, each used again when its tunnel has gone. */

export class Numbers<T> {
  readonly #numbers = new Map<T, number>();
  readonly #free: number[] = [];
  /** Given by an earlier run: all of them, and by identity those that nobody has asked for. */
  readonly #adopted = new Set<number>();
  readonly #left = new Map<string, number>();
  #next = 1;

  /** One that an earlier run gave to what has this identity, which gets it again. */
  adopt(identity: string, number: number): void {
    this.#adopted.add(number);
    this.#left.set(identity, number);
    this.#next = Math.max(this.#next, number + 1);
  }

  /** Those that were adopted and that nothing has; they are free now. */
  takeLeft(): readonly number[] {
    const used = new Set(this.#numbers.values());
    const left = [...this.#adopted].filter((number) => !used.has(number));
    this.#adopted.clear();
    this.#left.clear();
    this.#free.push(...left);
    return left;
  }

  get(one: T): number | undefined {
    return this.#numbers.get(one);
  }

  /** A number for it, and whether it is the one that it had in an earlier run. */
  give(one: T, identity: string): readonly [number: number, isAdopted: boolean] {
    const left = this.#left.get(identity);
    this.#left.delete(identity);
    const number = left ?? this.#free.pop() ?? this.#next++;
    this.#numbers.set(one, number);
    return [number, left !== undefined];
  }

  /** The number that it had; nobody else gets it before it is free. */
  take(one: T): number | undefined {
    const number = this.#numbers.get(one);
    this.#numbers.delete(one);
    return number;
  }

  free(numbers: readonly number[]): void {
    this.#free.push(...numbers);
  }

  entries(): IterableIterator<[T, number]> {
    return this.#numbers.entries();
  }
}
