import { defineTask, restRoute } from '@longhaul/proto';
import { z } from 'zod';

/** The kinds of document that `document.analyze` reads. */
export const documentFormats = ['text', 'markdown', 'html', 'pdf'] as const;

/** Upper bounds of what one analysis returns, so that no document makes a large output. */
export const documentLimits = {
  summarySentences: 20,
  summaryCharacters: 8_000,
  entities: 200,
  entityCharacters: 100,
  sections: 100,
  titleCharacters: 160,
} as const;

const format = z
  .enum(documentFormats)
  .meta({ title: 'Format', description: 'How the document is written.', examples: ['markdown'] });

const options = {
  summarySentences: z
    .int()
    .min(1)
    .max(documentLimits.summarySentences)
    .default(3)
    .meta({ title: 'Sentences in the summary', description: 'How many sentences the summary takes.' }),
  maxEntities: z.int().min(0).max(documentLimits.entities).default(50).meta({
    title: 'Most entities',
    description: 'How many named entities are returned, most frequent first.',
  }),
};

const inlineText = z
  .strictObject({
    text: z
      .string()
      .min(1, 'Write the text to analyze.')
      .meta({ title: 'Text', description: 'The document itself.', examples: ['The sea was calm.'] }),
    format: format
      .extract(['text', 'markdown', 'html'])
      .default('text')
      .meta({ title: 'Format', description: 'How the text is written.' }),
    ...options,
  })
  .meta({ title: 'Text', description: 'Analyze a text given here.' });

const file = z
  .strictObject({
    path: z
      .string()
      .min(1, 'Write the path of a document.')
      .max(4_096)
      .meta({
        title: 'Path',
        description: "A file below the executor's document folder, relative to it or absolute.",
        examples: ['README.md'],
      }),
    ...options,
  })
  .meta({ title: 'File', description: 'Analyze a file that the executor can read.' });

const url = z
  .url({
    protocol: /^https?$/,
    error: 'Write a full web address that starts with http:// or https://.',
  })
  .max(8_192)
  .meta({
    title: 'Web address',
    description: 'A document on the web, by http or https.',
    examples: ['https://example.org/report.pdf'],
  });

const webAddress = z
  .strictObject({
    url,
    ...options,
  })
  .meta({ title: 'Web address', description: 'Analyze a document from the web.' });

const sources = ['text', 'path', 'url'] as const;

/** Says in one sentence what is wrong, where a union's own message would be just "Invalid input". */
function explainInput(issue: {
  readonly code?: string;
  readonly input?: unknown;
  readonly errors?: unknown;
}) {
  if (issue.code !== 'invalid_union') return undefined;
  const { input } = issue;
  const keys = typeof input === 'object' && input !== null ? Object.keys(input) : [];
  const given = sources.filter(source => keys.includes(source));
  const [only] = given;
  if (only === undefined) return 'Give one of "text", "path" or "url".';
  if (given.length > 1) return `Give only one of "text", "path" and "url", not ${given.join(' and ')}.`;
  const branches = issue.errors as readonly (readonly z.core.$ZodIssue[])[];
  return (branches[sources.indexOf(only)] ?? [])
    .map(fault => [fault.path.join('.'), fault.message].filter(Boolean).join(': '))
    .join('; ');
}

const sentiment = z
  .object({
    label: z.enum(['POSITIVE', 'NEUTRAL', 'NEGATIVE']),
    score: z
      .number()
      .min(-1)
      .max(1)
      .meta({ description: 'The mean over all sentences, from -1 (negative) to 1 (positive).' }),
  })
  .meta({ title: 'Sentiment', description: 'The tone of the words, by an English lexicon.' });

/** The kinds of named entities that `document.analyze` finds; `other` is a name of which no more is known. */
export const entityKinds = [
  'person',
  'place',
  'organization',
  'date',
  'time',
  'duration',
  'money',
  'percent',
  'email',
  'url',
  'other',
] as const;

const entity = z.object({
  text: z.string().max(documentLimits.entityCharacters),
  kind: z.enum(entityKinds),
  count: z.int().min(1).meta({ description: 'How often it is named.' }),
});

const title = z.string().max(documentLimits.titleCharacters).nullable();

const output = z.object({
  title,
  format,
  location: z
    .string()
    .nullable()
    .meta({ description: 'The path, or the address after redirects; null for a text given inline.' }),
  summary: z.string().max(documentLimits.summaryCharacters).meta({
    title: 'Summary',
    description: 'The most telling sentences of the document, in its own words and order.',
  }),
  sentiment,
  entities: z.array(entity).max(documentLimits.entities).meta({ title: 'Named entities' }),
  entityCount: z.int().min(0).meta({ description: 'How many were found; `entities` may hold fewer.' }),
  sections: z
    .array(z.object({ title, words: z.int().min(0), sentiment }))
    .max(documentLimits.sections)
    .meta({ title: 'Sections', description: '`statistics.sections` tells how many there are.' }),
  statistics: z.object({
    words: z.int().min(0),
    sentences: z.int().min(0),
    characters: z.int().min(0).meta({ description: 'Unicode code points of the readable text.' }),
    paragraphs: z.int().min(0),
    sections: z.int().min(0),
    pages: z.int().min(1).nullable().meta({ description: 'Of a PDF; else null.' }),
    readingTimeSeconds: z.int().min(0).meta({ description: 'At 238 words a minute.' }),
    looksEnglish: z.boolean().nullable().meta({
      description:
        'Whether enough words are common English words; null when there are too few words to tell.',
    }),
  }),
  notes: z
    .array(z.string())
    .meta({ title: 'Notes', description: 'What was cut, and what makes the result less certain.' }),
});

const progress = z.object({
  percent: z.number().min(0).max(100),
  description: z.string().meta({ examples: ['Analyzing section 3 of 9: Subjects'] }),
  section: z.int().min(0).meta({ description: 'The section at work, from 1; 0 while the document is read.' }),
  sections: z.int().min(0).meta({ description: 'How many sections there are; 0 until that is known.' }),
});

/** For callers that have a document's address under the resource of a bot. Longhaul knows no bots: any id will do. */
const ofBot = restRoute('POST /v1/bots/{bot_id}/actions/analyze-document', {
  shape: z.strictObject({
    bot_id: z.string().min(1).max(200).meta({ title: 'Bot', description: 'Any id; it is not looked at.' }),
    document_url: url,
  }),
  toInput: ({ document_url }) => ({ url: document_url }),
});

const analyze = defineTask({
  title: 'Analyze a document',
  description: 'Summary, sentiment, named entities and statistics of a text, Markdown, HTML or PDF document.',
  input: z.union([inlineText, file, webAddress], { error: explainInput }),
  progress,
  output,
  rest: [ofBot],
  errors: {
    NOT_FOUND: z.object({ path: z.string() }).meta({ description: 'There is no file at this path.' }),
    PATH_NOT_ALLOWED: z
      .object({ path: z.string() })
      .meta({ description: 'The path leads outside the document folder, or to a hidden or special file.' }),
    UNSUPPORTED_FORMAT: z
      .object({
        found: z.string().meta({ description: 'What the document seems to be.' }),
        supported: z.array(format),
      })
      .meta({ description: 'The document is none of the supported formats.' }),
    UNREADABLE: z
      .object({
        format: format.nullable(),
        reason: z.enum(['BROKEN', 'ENCRYPTED', 'BAD_ENCODING', 'TOO_COMPLEX', 'NO_PERMISSION']),
      })
      .meta({ description: 'The document is there but cannot be read.' }),
    TOO_LARGE: z
      .object({
        maxBytes: z.int(),
        sizeBytes: z.int().nullable().meta({ description: 'null when reading stopped at the limit.' }),
      })
      .meta({ description: 'The document is larger than this executor reads.' }),
    URL_NOT_ALLOWED: z
      .object({ url: z.string(), reason: z.enum(['SCHEME', 'CREDENTIALS', 'PRIVATE_ADDRESS']) })
      .meta({ description: 'The address, or one that it redirects to, is not fetched.' }),
    FETCH_FAILED: z
      .object({
        url: z.string(),
        reason: z.enum([
          'STATUS',
          'TIMEOUT',
          'TOO_MANY_REDIRECTS',
          'BAD_REDIRECT',
          'BAD_ENCODING',
          'NETWORK',
        ]),
        status: z.int().nullable().meta({ description: 'The HTTP status, where there was one.' }),
      })
      .meta({ description: 'The document could not be fetched.' }),
    EMPTY: z.object({ format }).meta({ description: 'The document holds no readable text.' }),
  },
  // The longest of real documents (20 MiB of prose) takes minutes; whatever takes longer was made to.
  timeoutMs: 15 * 60_000,
});

/** Tasks on documents. */
export const document = { analyze };
