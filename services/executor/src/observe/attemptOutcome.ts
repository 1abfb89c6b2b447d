import type { Answer } from '../attempt/settle.ts';

/** How an attempt ended, as metrics, traces and logs call it. */
export const attemptOutcomes = [
  'completed',
  'failed',
  'canceled',
  'retrying',
  'handed_back',
  'superseded',
] as const;
export type AttemptOutcome = (typeof attemptOutcomes)[number];

/** What became of an attempt, by what was answered for it. */
export function outcomeOf(answer: Answer): AttemptOutcome {
  switch (answer.do) {
    case 'acknowledge':
      return answer.end;
    case 'handBack':
      return answer.why === 'retry' ? 'retrying' : 'handed_back';
    case 'nothing':
      return 'superseded';
  }
}
