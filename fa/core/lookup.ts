/** Looking up in lists of the configuration: they never change, so each is indexed once. */

const NONE: readonly never[] = [];

/**
 * A function that finds the members of a list that have a key, at the same cost however long the
 * list is.
 */
export function lookup<Row, Key>(
  keyOf: (row: Row) => Key,
): (list: readonly Row[], key: Key) => readonly Row[] {
  const indexes = new WeakMap<readonly Row[], Map<Key, Row[]>>();
  return (list, key) => {
    let index = indexes.get(list);
    if (index === undefined) {
      index = new Map<Key, Row[]>();
      for (const row of list) {
        const same = index.get(keyOf(row));
        if (same === undefined) index.set(keyOf(row), [row]);
        else same.push(row);
      }
      indexes.set(list, index);
    }
    return index.get(key) ?? NONE;
  };
}
