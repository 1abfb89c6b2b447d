import { setTimeout as delay } from 'node:timers/promises';
import { type Broker, isStorageFull } from '@longhaul/broker';
import type { Span } from './lives.ts';
import { seededRandom } from './seededRandom.ts';

/** What the server keeps on its disk at most. Ballast takes nearly all of it, and gives it back. */
export const maxFileStoreBytes = 64 * 1024 * 1024;
const ballastStream = 'CHAOS_BALLAST';
const ballastSubject = 'chaos-ballast';
/** Large pieces first; the small ones fill what is left, so that no event finds room. */
const pieces = [900_000, 100_000, 8_000, 100];

export type PlannedFull = { readonly atMs: number; readonly forMs: number };

/** Plans when the store is full, by the seed alone: in every second run, once. */
export function planFullStore(seed: number, forMs: number): PlannedFull[] {
  const random = seededRandom(seed, 'full store');
  if (!random.chance(0.5) || forMs < 6_000) return [];
  return [{ atMs: random.whole(1_000, forMs - 4_000), forMs: random.whole(800, 2_500) }];
}

/** Fills the server's store to its limit for a time, as the plan says. @returns when it had no room */
export async function fillStore(
  { jsm, js }: Broker,
  planned: readonly PlannedFull[],
  startMs: number,
  say: (line: string) => void,
): Promise<Span[]> {
  const spans: Span[] = [];
  for (const { atMs, forMs } of planned) {
    await delay(Math.max(0, startMs + atMs - Date.now()));
    const span: Span = { fromMs: Date.now(), toMs: Number.POSITIVE_INFINITY };
    spans.push(span);
    await untilDone(() =>
      jsm.streams.add({ name: ballastStream, subjects: [ballastSubject], storage: 'file' }),
    );
    await untilDone(async () => {
      for (const bytes of pieces) {
        const piece = new Uint8Array(bytes);
        for (;;) {
          try {
            await Promise.all(Array.from({ length: 16 }, () => js.publish(ballastSubject, piece)));
          } catch (error) {
            if (isStorageFull(error)) break;
            throw error;
          }
        }
      }
    });
    say(`${((Date.now() - startMs) / 1_000).toFixed(1)} s: the store is full for ${forMs} ms`);
    await delay(forMs);
    await untilDone(() => jsm.streams.delete(ballastStream));
    span.toMs = Date.now();
    say(`${((span.toMs - startMs) / 1_000).toFixed(1)} s: the store has room again`);
  }
  return spans;
}

/** While NATS is away it is tried again. */
async function untilDone(act: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await act();
      return;
    } catch {
      await delay(200);
    }
  }
}
