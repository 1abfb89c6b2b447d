/**
 * Calls a function for each item, some at a time, and answers what it answered in the order of the items. The function
 * reports a failure as a value: one that throws ends the whole.
 *
 * @param atOnce how many calls may be under way
 */
export async function mapBounded<T, R>(
  items: readonly T[],
  atOnce: number,
  call: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  results.length = items.length;
  // One iterator for all workers: each takes the next item when it is done with its last.
  const entries = items.entries();
  const work = async () => {
    for (const [place, item] of entries) results[place] = await call(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work));
  return results;
}
