/** The places of values that have none beside them: no line goes there, so each needs a point to be seen. */
export function isolatedIn(values: readonly (number | null | undefined)[]): number[] {
  const isThere = (at: number) => typeof values[at] === 'number';
  return [...values.keys()].filter(at => isThere(at) && !isThere(at - 1) && !isThere(at + 1));
}
