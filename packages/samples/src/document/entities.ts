import { documentLimits } from '../contract/document.ts';
import type { Entity, EntityKind } from './documentTypes.ts';
import { cutText } from './textPieces.ts';

/** One place in a text that names something. */
export type Mention = { readonly text: string; readonly kind: EntityKind };

/** Counts mentions. */
export type EntityTally = {
  readonly add: (mention: Mention) => void;
  /** The `most` most frequent entities, those named first before others, and how many there are in all. */
  readonly result: (most: number) => { readonly entities: Entity[]; readonly entityCount: number };
};

type Tallied = {
  readonly forms: Map<string, number>;
  readonly kinds: Map<EntityKind, number>;
  count: number;
};

/** Mentions that differ only in case are one entity, of the form and the kind that it has most often. */
export function entityTally(): EntityTally {
  const byKey = new Map<string, Tallied>();
  return {
    add: mention => {
      const text = cleaned(mention);
      if (text === '') return;
      const key = text.toLowerCase();
      const known = byKey.get(key) ?? { forms: new Map(), kinds: new Map(), count: 0 };
      byKey.set(key, known);
      known.count += 1;
      known.forms.set(text, (known.forms.get(text) ?? 0) + 1);
      known.kinds.set(mention.kind, (known.kinds.get(mention.kind) ?? 0) + 1);
    },
    result: most => {
      // Sorting keeps the order of equals, which is that of first mention.
      const sorted = [...byKey.values()].sort((a, b) => b.count - a.count);
      const entities = sorted.slice(0, most).map(({ forms, kinds, count }) => ({
        text: cutText(mostFrequent(forms), documentLimits.entityCharacters),
        kind: kindOf(kinds),
        count,
      }));
      return { entities, entityCount: byKey.size };
    },
  };
}

const names: ReadonlySet<EntityKind> = new Set(['person', 'place', 'organization', 'other']);
const times: ReadonlySet<EntityKind> = new Set(['date', 'time', 'duration']);
const calendarName =
  /^(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|september|october|november|december)$/i;

/** The mention without what surrounds it, or an empty text where it names nothing in particular. */
function cleaned({ text, kind }: Mention): string {
  const bare = text.replace(/\s+/g, ' ').replace(/^[^\p{L}\p{N}\p{Sc}+]+|[^\p{L}\p{N}%/]+$/gu, '');
  // "The night", "a year": only a number or the calendar makes it a certain one.
  if (times.has(kind)) return /[\d ]/.test(bare) || calendarName.test(bare) ? bare : '';
  if (!names.has(kind)) return bare;
  const name = bare.replace(/^(?:the|dr|mr|mrs|ms|prof)\b\.?\s+/i, '').replace(/['’]s$/, '');
  // A name has a capital letter; without one it is a common noun that was taken for a name.
  return /\p{Lu}|\p{Lo}/u.test(name) && name.length > 1 ? name : '';
}

/** Where one mention told more than "a name", that holds for the others. */
function kindOf(kinds: ReadonlyMap<EntityKind, number>): EntityKind {
  const known = new Map([...kinds].filter(([kind]) => kind !== 'other'));
  return known.size > 0 ? mostFrequent(known) : 'other';
}

function mostFrequent<T>(counts: ReadonlyMap<T, number>): T {
  const [first, ...rest] = [...counts] as [[T, number], ...[T, number][]];
  return rest.reduce((most, entry) => (entry[1] > most[1] ? entry : most), first)[0];
}
