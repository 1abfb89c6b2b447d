import { defineHandler } from '@longhaul/executor/sandbox';
import { contract } from './contract.ts';

export default defineHandler(contract.primes.count, ({ input, progress, signal }) => {
  let found = 0;
  for (let n = 2; n < input.below; n += 1) {
    if (n % Math.ceil(input.below / 20) === 0) {
      signal.throwIfAborted();
      progress({ percent: (100 * n) / input.below, found });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, input.stepMs);
    }
    if (isPrime(n)) found += 1;
  }
  return { found };
});

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor += 1) if (n % divisor === 0) return false;
  return true;
}
