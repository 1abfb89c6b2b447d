import type { DocumentOutput, Sentiment } from './documentTypes.ts';

type Statistics = Omit<DocumentOutput['statistics'], 'sections' | 'pages'>;
type CountedSentence = { readonly words: number; readonly stopWords: number };

/** Counts words, sentences, paragraphs and characters of a part of a document. */
export type WordCounts = {
  readonly words: number;
  readonly addHeading: (text: string) => void;
  readonly addParagraph: (text: string) => void;
  readonly addSentence: (sentence: CountedSentence) => void;
  readonly addAll: (part: WordCounts) => void;
  readonly statistics: () => Statistics;
  readonly raw: () => Readonly<RawCounts>;
};

type RawCounts = {
  words: number;
  sentences: number;
  paragraphs: number;
  characters: number;
  modelWords: number;
  stopWords: number;
};

/** Silent reading of English prose (M. Brysbaert, 2019). */
const wordsPerMinute = 238;
/** In English prose four to five words of ten are stop words; in other languages few of their words look like one. */
const englishShare = 0.25;
const fewestWordsToTell = 20;

const segmenter = new Intl.Segmenter('en', { granularity: 'word' });

export function wordCounts(): WordCounts {
  const counts: RawCounts = {
    words: 0,
    sentences: 0,
    paragraphs: 0,
    characters: 0,
    modelWords: 0,
    stopWords: 0,
  };
  const addText = (text: string) => {
    for (const { isWordLike } of segmenter.segment(text)) if (isWordLike) counts.words += 1;
    for (const _ of text) counts.characters += 1;
  };
  return {
    get words() {
      return counts.words;
    },
    addHeading: addText,
    addParagraph: text => {
      counts.paragraphs += 1;
      addText(text);
    },
    addSentence: ({ words, stopWords }) => {
      counts.sentences += 1;
      counts.modelWords += words;
      counts.stopWords += stopWords;
    },
    addAll: part => {
      const more = part.raw();
      for (const name of Object.keys(counts) as (keyof RawCounts)[]) counts[name] += more[name];
    },
    statistics: () => ({
      words: counts.words,
      sentences: counts.sentences,
      characters: counts.characters,
      paragraphs: counts.paragraphs,
      readingTimeSeconds: Math.ceil((counts.words / wordsPerMinute) * 60),
      looksEnglish:
        counts.words < fewestWordsToTell ? null : counts.stopWords >= englishShare * counts.modelWords,
    }),
    raw: () => counts,
  };
}

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
