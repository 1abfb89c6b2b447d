import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runHandler, TaskError } from '@longhaul/executor';
import type { InputOf } from '@longhaul/proto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { document } from '../contract/document.ts';
import { analyzeDocumentHandler } from './analyzeDocumentHandler.ts';
import type { DocumentProgress } from './documentTypes.ts';

const fixtures = fileURLToPath(new URL('./fixtures/', import.meta.url));
const options = {
  allowedDirectory: fixtures,
  allowPrivateUrls: true,
  maxBytes: 20 * 1024 * 1024,
  fetchTimeoutMs: 30_000,
  maxRedirects: 5,
};
const handler = analyzeDocumentHandler(options);
const analyze = (input: InputOf<typeof document.analyze>) => runHandler(document.analyze, handler, input);
const names = (entities: readonly { text: string; kind: string }[]) =>
  entities.map(({ text, kind }) => `${kind}: ${text}`);

describe('document.analyze on real documents', () => {
  it('Markdown', async () => {
    const output = await analyze({ path: 'tide-mill.md' });
    expect(output).toMatchObject({
      title: 'The tide mill at Carrow Point',
      format: 'markdown',
      location: 'tide-mill.md',
      statistics: { sections: 4, paragraphs: 12, pages: null, looksEnglish: true },
      notes: [],
    });
    expect(output.sections.map(({ title, sentiment }) => [title, sentiment.label])).toEqual([
      ['The tide mill at Carrow Point', expect.any(String)],
      ['How the mill works', expect.any(String)],
      ['The restoration', 'NEGATIVE'],
      ['What it gives today', 'POSITIVE'],
    ]);
    expect(output.entities[0]).toEqual({ text: 'Eleanor Whitcombe', kind: 'person', count: 3 });
    expect(names(output.entities)).toEqual(
      expect.arrayContaining([
        'person: Marcus Oyelaran',
        'place: Bristol',
        'place: Wales',
        'organization: Severn Marine Ltd',
        'organization: Siemens',
        'date: March 2019',
        'money: £180,000',
        'percent: 12%',
        'duration: four years',
        'email: hello@carrowmill.example',
        'url: https://carrowmill.example/visit',
      ]),
    );
    const source = (await readFile(join(fixtures, 'tide-mill.md'), 'utf8')).replace(/\s+/g, ' ');
    const sentences = output.summary.split(/(?<=\.) /);
    expect(sentences).toHaveLength(3);
    for (const sentence of sentences) expect(source).toContain(sentence);
    expect(JSON.stringify(output)).not.toContain('hours_of_work');
  });

  it('HTML, without navigation, scripts, styles, footer and what is hidden', async () => {
    const output = await analyze({ path: 'ferry-strike.html', summarySentences: 2 });
    expect(output).toMatchObject({
      title: 'Ferry strike leaves islands without supplies',
      format: 'html',
      sentiment: { label: 'NEGATIVE' },
      statistics: { sections: 3, paragraphs: 9 },
    });
    expect(output.sections.map(section => section.title)).toEqual([
      'Ferry strike leaves islands without supplies',
      'What the crews want',
      'What the company says',
    ]);
    expect(names(output.entities)).toEqual(
      expect.arrayContaining([
        'person: Fiona MacLeod',
        'person: Robert Hale',
        'organization: Scottish Government',
        'money: $3.2 million',
        'date: January 2024',
        'percent: 6%',
        'other: Stromness',
      ]),
    );
    expect(JSON.stringify(output)).not.toContain('Secret');
  });

  it('plain text', async () => {
    const output = await analyze({ path: join(fixtures, 'orchard-survey.txt') });
    expect(output).toMatchObject({ title: 'Orchard survey, autumn round', format: 'text' });
    expect(output.sections.map(section => section.title)).toEqual([
      '1. Purpose',
      '2. Method',
      '3. Results',
      'CONCLUSION',
    ]);
    expect(names(output.entities)).toEqual(
      expect.arrayContaining([
        'person: Hannah Brook',
        'organization: University of Worcester',
        'money: $7,400',
      ]),
    );
  });

  it('PDF, with headings by the size of their letters and the parted paragraphs whole', async () => {
    const output = await analyze({ path: 'night-trains.pdf' });
    expect(output).toMatchObject({
      title: 'Night trains across the Alps',
      format: 'pdf',
      statistics: { pages: 2, sections: 5, paragraphs: 6 },
    });
    expect(output.sections.map(section => section.title)).toEqual([
      'Night trains across the Alps',
      'Passengers',
      'Delays',
      'Costs',
      'Recommendations',
    ]);
    expect(names(output.entities)).toEqual(
      expect.arrayContaining([
        'person: Lucia Ferrante',
        'place: Vienna',
        'organization: Alpine Transport Council',
      ]),
    );
    expect(output.summary).toContain('The night train between Vienna and Milan returned in December 2022');
  });

  it('reports each section as it begins, and never goes back', async () => {
    const seen: DocumentProgress[] = [];
    const onProgress = (progress: DocumentProgress) => seen.push(progress);
    await runHandler(document.analyze, handler, { path: 'night-trains.pdf' }, { onProgress });
    expect(seen[0]).toEqual({ percent: 5, description: 'Reading the document', section: 0, sections: 0 });
    expect([...new Set(seen.map(progress => progress.description))]).toEqual([
      'Reading the document',
      'Reading page 1 of 2',
      'Reading page 2 of 2',
      'Analyzing section 1 of 5: Night trains across the Alps',
      'Analyzing section 2 of 5: Passengers',
      'Analyzing section 3 of 5: Delays',
      'Analyzing section 4 of 5: Costs',
      'Analyzing section 5 of 5: Recommendations',
      'Analyzed 5 section(s)',
    ]);
    const percents = seen.map(progress => progress.percent);
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    expect(percents.at(-1)).toBe(100);
  });

  it('inline text in the format that is said', async () => {
    const text = '# Joy\n\nI love this wonderful place.\n\n# Grief\n\nThis is a horrible disaster.';
    expect((await analyze({ text, format: 'markdown' })).sections).toMatchObject([
      { title: 'Joy', sentiment: { label: 'POSITIVE' } },
      { title: 'Grief', sentiment: { label: 'NEGATIVE' } },
    ]);
    expect(await analyze({ text })).toMatchObject({ format: 'text', location: null });
  });

  it('says when a text is not English, and what was cut', async () => {
    const german =
      'Der Fluss trat nach dem langen Regen über die Ufer und die Keller der alten Stadt liefen voll. ';
    const { statistics, notes } = await analyze({ text: german.repeat(3) });
    expect(statistics.looksEnglish).toBe(false);
    expect(notes).toEqual([expect.stringContaining('does not look English')]);
    const cut = await analyze({ path: 'tide-mill.md', maxEntities: 4 });
    expect(cut.entities).toHaveLength(4);
    expect(cut.notes).toEqual([`Only the 4 most frequent of ${cut.entityCount} entities are listed.`]);
  });
});

describe('document.analyze refuses', () => {
  let folder: string;
  const inFolder = (path: string) =>
    runHandler(document.analyze, analyzeDocumentHandler({ ...options, allowedDirectory: folder }), { path });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'document-analyze-'));
    const pdf = await readFile(join(fixtures, 'night-trains.pdf'));
    await writeFile(join(folder, 'cut.pdf'), pdf.subarray(0, 300));
    await writeFile(join(folder, 'latin1.md'), Buffer.from('Grüße', 'latin1'));
    await writeFile(join(folder, 'empty.md'), '');
    await writeFile(join(folder, 'code.md'), '```\nonly code\n```\n');
    await writeFile(join(folder, 'image.md'), Buffer.from('\x89PNG\r\n\x1a\n\0\0', 'latin1'));
    await copyFile(join(fixtures, 'night-trains.pdf'), join(folder, 'renamed.txt'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ['a PDF that is cut off', 'cut.pdf', 'UNREADABLE', { format: 'pdf', reason: 'BROKEN' }],
    ['text that is not UTF-8', 'latin1.md', 'UNREADABLE', { format: 'markdown', reason: 'BAD_ENCODING' }],
    ['an empty file', 'empty.md', 'EMPTY', { format: 'markdown' }],
    ['a document without prose', 'code.md', 'EMPTY', { format: 'markdown' }],
    ['an image', 'image.md', 'UNSUPPORTED_FORMAT', { found: 'a PNG image' }],
    ['a file that is not there', 'gone.md', 'NOT_FOUND', { path: 'gone.md' }],
    ['a file elsewhere', '../gone.md', 'PATH_NOT_ALLOWED', { path: '../gone.md' }],
  ])('%s', async (_, path, code, data) => {
    const failure: unknown = await inFolder(path).catch(error => error);
    expect(failure).toBeInstanceOf(TaskError);
    expect(failure).toMatchObject({ code, data });
    const schema = document.analyze.errors[code as keyof typeof document.analyze.errors];
    expect(schema.safeParse((failure as TaskError).data).success).toBe(true);
  });

  it('an encrypted PDF and a scanned one', async () => {
    await expect(analyze({ path: 'locked.pdf' })).rejects.toMatchObject({
      code: 'UNREADABLE',
      data: { reason: 'ENCRYPTED' },
    });
    await expect(analyze({ path: 'scanned.pdf' })).rejects.toMatchObject({
      code: 'EMPTY',
      message: expect.stringContaining('OCR'),
    });
  });

  it('nothing for a wrong name: a PDF is a PDF', async () => {
    expect(await inFolder('renamed.txt')).toMatchObject({ format: 'pdf' });
  });

  it('an inline text that is too large, and says by how much', async () => {
    const small = analyzeDocumentHandler({ ...options, maxBytes: 4 });
    await expect(runHandler(document.analyze, small, { text: 'größe' })).rejects.toMatchObject({
      code: 'TOO_LARGE',
      data: { maxBytes: 4, sizeBytes: 7 },
    });
  });

  it('nothing but with declared errors, whatever the text', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc
        .array(
          fc.constantFrom('#', '\n', '> ', '* ', '<p>', '|-|', '`', '.', '\0', '\ud800', 'Anna', '€5 ', '\t'),
          {
            minLength: 1,
          },
        )
        .map(parts => parts.join('')),
    );
    const property = fc.asyncProperty(
      text,
      fc.constantFrom('text' as const, 'markdown' as const, 'html' as const),
      async (document, format) => {
        const failure: unknown = await analyze({ text: document, format }).then(
          () => undefined,
          error => error,
        );
        if (failure !== undefined) expect(failure).toMatchObject({ code: 'EMPTY', data: { format } });
      },
    );
    await fc.assert(property, { numRuns: 150 });
    // 150 documents, one after another, through a thread: slow where the machine has other work.
  }, 120_000);
});

describe('document.analyze by URL', () => {
  let server: Server;
  let origin: string;
  let requests = 0;

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      requests += 1;
      if (request.url === '/moved') {
        response.writeHead(301, { location: '/trains' }).end();
      } else if (request.url === '/trains') {
        response.setHeader('content-type', 'application/octet-stream');
        response.end(await readFile(join(fixtures, 'night-trains.pdf')));
      } else {
        response.setHeader('content-type', 'text/html; charset=iso-8859-1');
        response.end(Buffer.from('<h1>Café</h1><p>The café in Zürich is wonderful.</p>', 'latin1'));
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  it('fetches, follows redirects and tells the format', async () => {
    const seen: string[] = [];
    const onProgress = ({ description }: DocumentProgress) => seen.push(description);
    const output = await runHandler(
      document.analyze,
      handler,
      { url: `${origin}/moved` },
      {
        onProgress,
      },
    );
    expect(output).toMatchObject({ format: 'pdf', location: `${origin}/trains` });
    expect(seen[0]).toBe(`Fetching the document from ${origin.slice('http://'.length)}`);
    expect(await analyze({ url: `${origin}/page` })).toMatchObject({ format: 'html', title: 'Café' });
  });

  it('does not touch private addresses unless it is configured to', async () => {
    const careful = analyzeDocumentHandler({ ...options, allowPrivateUrls: false });
    const before = requests;
    for (const url of [`${origin}/page`, `${origin.replace('127.0.0.1', 'localhost')}/page`]) {
      await expect(runHandler(document.analyze, careful, { url })).rejects.toMatchObject({
        code: 'URL_NOT_ALLOWED',
        data: { url, reason: 'PRIVATE_ADDRESS' },
      });
    }
    expect(requests).toBe(before);
  });
});
