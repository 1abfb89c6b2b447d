import type { Evidence } from '../evidence.ts';
import { overlap, type Span } from '../lives.ts';
import type { Refusal } from '../taskDriver.ts';
import type { Check } from './violation.ts';

/** A gateway notices that there is room again by a look a second. */
const noticedMs = 5_000;
/** The longest that a repair may take: a look comes every 15 s, and a gateway may be suspended or starved meanwhile. */
const repairedMs = 60_000;

/** A start is refused for what is true at the time: a full store is called by its name. */
export const refusedStarts: Check = evidence =>
  evidence.stories.flatMap(({ id, refusals }) =>
    refusals.flatMap(refusal => {
      const what = wrongRefusal(evidence, refusal);
      return what === undefined ? [] : [{ invariant: 'says-what-is-wrong', taskId: id, what }];
    }),
  );

function wrongRefusal({ fulls, deletions, natsOutages }: Evidence, refusal: Refusal): string | undefined {
  const during = (spans: readonly Span[], afterMs: number) =>
    spans.some(({ fromMs, toMs }) => overlap({ fromMs, toMs: toMs + afterMs }, refusal));
  const wasFull = during(fulls, noticedMs);
  const wasLost = during(deletions, repairedMs);
  const wasAway = during(natsOutages, noticedMs);
  const said = `a start was refused with ${refusal.reason}`;
  switch (refusal.reason) {
    case 'STORAGE_FULL':
      return wasFull ? undefined : `${said}, though there was room`;
    case 'TOPOLOGY_LOST':
      return wasLost ? undefined : `${said}, though nothing was deleted`;
    case 'NATS_UNAVAILABLE':
      if (wasFull && !wasAway && !wasLost) return `${said}, though the store was full`;
      return undefined;
    default:
      // Its gateway was stopped or killed, or could not be reached.
      return undefined;
  }
}
