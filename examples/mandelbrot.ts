import { defineHandler } from '@longhaul/executor/sandbox';
import { contract } from './mandelbrotContract.ts';

export default defineHandler(contract.fractal.mandelbrot, ({ input, signal, progress }) => {
  const { size, depth } = input;
  let inside = 0;
  for (let row = 0; row < size; row += 1) {
    // Seen at once, although this loop never lets anything else happen in its thread.
    signal.throwIfAborted();
    progress({ percent: (100 * row) / size });
    for (let column = 0; column < size; column += 1) {
      const x = (3 * column) / size - 2.25;
      const y = (3 * row) / size - 1.5;
      if (staysBounded(x, y, depth)) inside += 1;
    }
  }
  return { inside };
});

function staysBounded(x: number, y: number, depth: number): boolean {
  let [re, im] = [0, 0];
  for (let step = 0; step < depth; step += 1) {
    [re, im] = [re * re - im * im + x, 2 * re * im + y];
    if (re * re + im * im > 4) return false;
  }
  return true;
}
