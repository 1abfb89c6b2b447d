import type { ItemEntity, ItemSentence, ItsFunction } from 'wink-nlp';
import type { Mention } from './entities.ts';
import { breakLongRuns } from './textPieces.ts';

/** A sentence as the language libraries read it. */
export type ModelSentence = {
  readonly text: string;
  /** From -1 to 1. */
  readonly sentiment: number;
  /** Stems of its words, stop words left out. */
  readonly terms: readonly string[];
  readonly words: number;
  readonly stopWords: number;
};

/** Reads English: sentences with their sentiment, and the names in them. */
export type LanguageModel = {
  /** Reads one piece of a text, see `toPieces`. */
  readonly read: (piece: string) => {
    readonly sentences: readonly ModelSentence[];
    readonly mentions: readonly Mention[];
  };
};

const patternKinds: ReadonlyMap<string, Mention['kind']> = new Map(
  Object.entries<Mention['kind']>({
    DATE: 'date',
    TIME: 'time',
    DURATION: 'duration',
    MONEY: 'money',
    PERCENT: 'percent',
    EMAIL: 'email',
    URL: 'url',
  }),
);
const fullStop = /[.!?]["”’)\]]?$/;
/** Names of organizations that the library takes for several names, or for none. */
const organizations = [
  '(university|bank|institute|ministry|academy|court|society) of the? #ProperNoun+',
  '#ProperNoun+ (council|parliament|committee|commission|ministry|agency|authority)',
];
const unknownKind = '(#Person|#Place|#Organization|#Date|#Month|#WeekDay|#Value|#Url|#Email)';

let loaded: Promise<LanguageModel> | undefined;

/** Loads the libraries and their models (some tenths of a second) once for all callers. */
export function loadLanguageModel(): Promise<LanguageModel> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<LanguageModel> {
  const [{ default: winkNLP }, { default: model }, { default: compromise }] = await Promise.all([
    import('wink-nlp'),
    import('wink-eng-lite-web-model'),
    import('compromise'),
  ]);
  const wink = winkNLP(model, ['sbd', 'negation', 'sentiment', 'ner']);
  const { its } = wink;
  // Works like its siblings; only its declared parameters differ.
  const stem = its.stem as unknown as ItsFunction<string>;

  const names = (sentences: readonly string[], isProse: boolean): readonly Mention[] => {
    if (sentences.length === 0) return [];
    // "Anna Schmidt's" would be taken apart into two names.
    const view = compromise(sentences.join('\n').replace(/(\p{L})['’]s\b/gu, '$1'));
    for (const pattern of organizations) view.match(pattern).tag('Organization');
    const mentions = (kind: Mention['kind'], found: string[]) => found.map(name => ({ text: name, kind }));
    return [
      ...mentions('organization', view.organizations().out('array')),
      ...mentions('person', view.people().out('array')),
      ...mentions('place', view.places().out('array')),
      // A list item or a table's row begins in capitals what is no name.
      ...(isProse ? mentions('other', view.match('#ProperNoun+').not(unknownKind).out('array')) : []),
    ];
  };

  return {
    read: piece => {
      const document = wink.readDoc(breakLongRuns(piece));
      const tokens = document.tokens();
      const kinds = tokens.out(its.type) as string[];
      const cases = tokens.out(its.case) as string[];
      const stops = tokens.out(its.stopWordFlag) as boolean[];
      const stems = tokens.out(stem) as string[];
      const values = tokens.out(its.value) as string[];
      const sentences: ModelSentence[] = [];
      const named: { readonly prose: string[]; readonly fragments: string[] } = { prose: [], fragments: [] };
      document.sentences().each((sentence: ItemSentence) => {
        const [start, end] = sentence.out(its.span) as unknown as [number, number];
        const terms: string[] = [];
        let words = 0;
        let hasName = false;
        for (let token = start; token <= end; token += 1) {
          if (kinds[token] !== 'word') continue;
          words += 1;
          if (stops[token]) continue;
          terms.push(stems[token] ?? '');
          hasName ||= cases[token] === 'titleCase' || cases[token] === 'upperCase';
        }
        const text = sentence.out().trim();
        if (hasName) named[fullStop.test(text) ? 'prose' : 'fragments'].push(text);
        sentences.push({
          text,
          sentiment: sentence.out(its.sentiment) as unknown as number,
          terms,
          words,
          stopWords: countTrue(stops, start, end),
        });
      });
      const patterns: Mention[] = [];
      document.entities().each((entity: ItemEntity) => {
        const { value, type } = entity.out(its.detail) as { value: string; type: string };
        const before = values[entity.tokens().itemAt(0).index() - 1] ?? '';
        // The model knows "$5" and "5 euros" as money, but "€5" only as a number.
        const kind = type === 'CARDINAL' && /^\p{Sc}$/u.test(before) ? 'money' : patternKinds.get(type);
        if (kind) patterns.push({ text: type === 'CARDINAL' ? before + value : value, kind });
      });
      // Looking for names is by far the slowest step: only sentences with a capital letter in them can have any.
      const mentions = [...names(named.prose, true), ...names(named.fragments, false), ...patterns];
      return { sentences, mentions };
    },
  };
}

function countTrue(flags: readonly boolean[], start: number, end: number): number {
  let count = 0;
  for (let index = start; index <= end; index += 1) if (flags[index]) count += 1;
  return count;
}
