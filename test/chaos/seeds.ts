/**
 * Reads which seeds are to be run: `7`, `11-20` or `2,5,11-13`.
 * @throws RangeError for anything else
 */
export function parseSeeds(text: string): number[] {
  return text.split(',').flatMap(part => {
    const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(part.trim()) ?? [];
    const count = Number(to) - Number(from) + 1;
    if (!(count >= 1)) throw new RangeError(`"${part}" names no seeds: write 7, 11-20 or 2,5,11-13.`);
    return Array.from({ length: count }, (_, n) => Number(from) + n);
  });
}
