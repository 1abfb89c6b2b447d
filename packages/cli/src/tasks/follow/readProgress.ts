import { lineText } from '../../output/terminalText.ts';

/** What can be shown of a progress whose schema is not known. */
export type ShownProgress = {
  /** From 0 to 100. */
  readonly percent: number | undefined;
  readonly text: string;
};

/** The fields that people use for a percentage, and for words. */
const percentFields = ['percent', 'percentage', 'progress'];
const textFields = ['description', 'message', 'text', 'step', 'phase', 'stage'];

/** Reads a percentage and some words out of a progress: fields that are named so, or a number `done` of `total`. */
export function readProgress(progress: unknown): ShownProgress {
  if (typeof progress === 'number') return { percent: within(progress), text: '' };
  if (typeof progress === 'string') return { percent: undefined, text: lineText(progress) };
  if (typeof progress !== 'object' || progress === null) return { percent: undefined, text: '' };
  const fields = progress as Readonly<Record<string, unknown>>;
  const named = percentFields.map(name => fields[name]).find(value => typeof value === 'number');
  const { done, total } = fields;
  const share =
    typeof done === 'number' && typeof total === 'number' && total > 0 ? (100 * done) / total : undefined;
  const text = textFields.map(name => fields[name]).find(value => typeof value === 'string' && value !== '');
  const percent = (named as number | undefined) ?? share;
  return {
    percent: percent === undefined ? undefined : within(percent),
    text:
      typeof text === 'string'
        ? lineText(text)
        : percent === undefined
          ? lineText(JSON.stringify(progress))
          : '',
  };
}

const within = (percent: number) => (Number.isFinite(percent) ? Math.min(100, Math.max(0, percent)) : 0);
