/** A sentence as the summary sees it. */
export type Sentence = {
  readonly text: string;
  /** The stems of its words without stop words. */
  readonly terms: readonly string[];
  readonly words: number;
  /** Whether it is the first sentence of its section. */
  readonly opensSection: boolean;
};

/** Only so many of the best sentences are compared with each other. */
const candidates = 400;
const shortestWords = 5;
const longestWords = 45;

/**
 * Picks the sentences that say most of what the document is about, in the document's order: those with the words that
 * the document uses most, preferring the openings of sections and words of the title, and leaving out what repeats
 * an already picked one.
 *
 * @param titleTerms stems of the title's words
 */
export function summarize(
  sentences: readonly Sentence[],
  count: number,
  titleTerms: ReadonlySet<string>,
): readonly string[] {
  const weights = termWeights(sentences);
  const scored = sentences
    .map((sentence, index) => ({
      index,
      sentence,
      terms: new Set(sentence.terms),
      score: score(sentence, index, weights, titleTerms),
      likeness: 0,
    }))
    .sort((a, b) => b.score - a.score)
    .slice(0, candidates);
  const picked: typeof scored = [];
  while (picked.length < count && scored.length > 0) {
    const value = (of: (typeof scored)[number]) => of.score * (1 - of.likeness);
    const best = scored.reduce((most, one) => (value(one) > value(most) ? one : most));
    if (picked.length > 0 && best.likeness === 1) break;
    picked.push(best);
    scored.splice(scored.indexOf(best), 1);
    for (const one of scored) one.likeness = Math.max(one.likeness, likeness(one.terms, best.terms));
  }
  return picked.sort((a, b) => a.index - b.index).map(({ sentence }) => sentence.text);
}

/** A word counts for more the more often it comes, but twice as often is not twice as telling. */
function termWeights(sentences: readonly Sentence[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { terms } of sentences) {
    for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  }
  for (const [term, count] of counts) counts.set(term, Math.log2(count) + 0.1);
  return counts;
}

function score(
  { text, terms, words, opensSection }: Sentence,
  index: number,
  weights: ReadonlyMap<string, number>,
  titleTerms: ReadonlySet<string>,
): number {
  const distinct = new Set(terms);
  let sum = 0;
  for (const term of distinct) sum += (weights.get(term) ?? 0) * (titleTerms.has(term) ? 1.5 : 1);
  // By the root of the length: neither the longest nor the shortest sentence wins by its length alone.
  const density = sum / Math.sqrt(Math.max(distinct.size, 1));
  const length = words < shortestWords ? 0.1 : words > longestWords ? 0.5 : 1;
  const place = index === 0 ? 1.5 : opensSection ? 1.2 : 1;
  // Without a full stop it is a list item, a caption or a table's row.
  const ending = /[.!?。！？]["”’)\]]?\s*$/.test(text) ? 1 : 0.4;
  return density * length * place * ending;
}

/** The share of the smaller sentence's words that both have. */
function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const [smaller, larger] = a.size <= b.size ? [a, b] : [b, a];
  if (smaller.size === 0) return 0;
  let shared = 0;
  for (const term of smaller) if (larger.has(term)) shared += 1;
  return shared / smaller.size;
}
