import type { Sentiment } from './documentTypes.ts';

/** A mean this close to zero is neutral: one mild word in twenty sentences is no tone. */
const neutralBelow = 0.05;

/** Collects the sentiments of sentences. */
export type SentimentTally = {
  readonly add: (score: number) => void;
  readonly result: () => Sentiment;
};

/** The sentiment of a text is the mean over all its sentences, those without any tone included. */
export function sentimentTally(): SentimentTally {
  let sum = 0;
  let sentences = 0;
  return {
    add: score => {
      sum += Math.max(-1, Math.min(1, score));
      sentences += 1;
    },
    result: () => {
      const mean = sentences === 0 ? 0 : sum / sentences;
      const label = mean >= neutralBelow ? 'POSITIVE' : mean <= -neutralBelow ? 'NEGATIVE' : 'NEUTRAL';
      return { label, score: Math.round(mean * 1_000) / 1_000 };
    },
  };
}
