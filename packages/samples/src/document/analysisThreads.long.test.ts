import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { analysisThreads } from './analysisThreads.ts';
import type { AnalysisJob } from './analyzeDocument.ts';
import type { DocumentProgress } from './documentTypes.ts';

const job = (text: string, format: 'text' | 'markdown' | 'html' = 'text'): AnalysisJob => ({
  document: { kind: 'text', text, format },
  summarySentences: 3,
  maxEntities: 50,
});
const prose = 'The council met in Vienna and Anna Berg praised the wonderful plan. It rained all day. ';
// Keeps the Markdown parser busy for minutes in one single call.
const hostile = `${'>'.repeat(100_000)} x`;
const never = new AbortController().signal;
const quiet = () => undefined;

/** A small PDF with a page of so many MiB of white space. */
function pdfBomb(mebibytes: number): AnalysisJob['document'] {
  const content = deflateSync(Buffer.alloc(mebibytes * 1024 ** 2, ' '));
  const start = Buffer.from(
    `%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<<>>>>endobj\n4 0 obj<</Length ${content.length}/Filter/FlateDecode>>stream\n`,
  );
  // Without a table of its objects: readers find them by themselves.
  const end = Buffer.from('\nendstream endobj\ntrailer<</Size 5/Root 1 0 R>>\n%%EOF');
  const bytes = new Uint8Array(Buffer.concat([start, content, end]));
  return { kind: 'bytes', bytes, location: 'bomb.pdf', contentType: undefined };
}

/** Aborts an analysis at the first progress for which `when` holds; tells how it ended, and after how long. */
async function abortWhen(
  threads: ReturnType<typeof analysisThreads>,
  work: AnalysisJob,
  when: (progress: DocumentProgress) => boolean,
) {
  const controller = new AbortController();
  const reason = new Error('canceled');
  const after: DocumentProgress[] = [];
  let abortedAt = 0;
  let turns = 0;
  const failure = await threads
    .run(
      work,
      progress => {
        if (controller.signal.aborted) after.push(progress);
        else if (when(progress)) {
          abortedAt = performance.now();
          controller.abort(reason);
          const turn = () => {
            turns += 1;
            handle = setImmediate(turn);
          };
          let handle = setImmediate(turn);
          controller.signal.addEventListener('done', () => clearImmediate(handle), { once: true });
        }
      },
      controller.signal,
    )
    .then(
      () => 'finished',
      (error: unknown) => error,
    );
  controller.signal.dispatchEvent(new Event('done'));
  return { failure, reason, after, turns, settledMs: performance.now() - abortedAt };
}

describe('analysisThreads', () => {
  it.each([
    [
      'in the middle of a document of 5 MB',
      job(prose.repeat(60_000)),
      (p: DocumentProgress) => p.percent >= 6,
    ],
    ['inside one endless call of a library', job(hostile, 'markdown'), () => true],
  ])('a cancel %s ends it within 200 ms and blocks nothing', async (_, work, when) => {
    const end = await abortWhen(analysisThreads(), work, when);
    expect(end.failure).toBe(end.reason);
    expect(end.settledMs).toBeLessThan(200);
    expect(end.after).toEqual([]);
    expect(end.turns).toBeGreaterThan(0);
  });

  it('works on after a cancel', async () => {
    const threads = analysisThreads();
    const end = await abortWhen(threads, job(hostile, 'markdown'), () => true);
    expect(end.failure).toBe(end.reason);
    expect(await threads.run(job(prose), quiet, never)).toMatchObject({ format: 'text' });
  });

  it('does not start for a signal that is aborted already', async () => {
    const reason = new Error('too late');
    await expect(analysisThreads().run(job(prose), quiet, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it('other timers and tasks continue while a document of 5 MB is analyzed', async () => {
    const threads = analysisThreads();
    const controller = new AbortController();
    const { promise: started, resolve } = Promise.withResolvers<void>();
    const large = threads.run(job(prose.repeat(60_000)), resolve.bind(null, undefined), controller.signal);
    await started;
    // A second document is not kept waiting by the first.
    expect(await threads.run(job(prose), quiet, never)).toMatchObject({ statistics: { sentences: 2 } });
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(large).rejects.toBe(reason);
  });

  it('gives the same result for one document on a new and on a used thread', async () => {
    const threads = analysisThreads();
    const first = await threads.run(job(prose), quiet, never);
    await expect(threads.run(job('!!!'), quiet, never)).rejects.toMatchObject({ code: 'EMPTY' });
    expect(await threads.run(job(prose), quiet, never)).toEqual(first);
  });

  it('ends a thread that nobody needs any more', async () => {
    const { promise: ended, resolve } = Promise.withResolvers<number>();
    process.once('worker', worker => worker.once('exit', resolve));
    await analysisThreads({ idleMs: 1 }).run(job(prose), quiet, never);
    expect(await ended).toBeTypeOf('number');
  });

  it.each([
    ['heap', job('<p>'.repeat(4_000_000), 'html')],
    ['buffers', { ...job(''), document: pdfBomb(400) }],
  ])('ends a thread that takes too much memory for its %s, and works on', async (_, work) => {
    const threads = analysisThreads({ memoryLimitMiB: 150 });
    await expect(threads.run(work, quiet, never)).rejects.toMatchObject({
      code: 'UNREADABLE',
      data: { format: null, reason: 'TOO_COMPLEX' },
    });
    expect(await threads.run(job(prose), quiet, never)).toMatchObject({ format: 'text' });
  });

  it('fails with what a progress listener throws', async () => {
    const broken = () => {
      throw new Error('the schema refuses it');
    };
    await expect(analysisThreads().run(job(prose), broken, never)).rejects.toThrow('the schema refuses it');
  });

  it('keeps the output small for any document', async () => {
    const sections = Array.from(
      { length: 500 },
      (_, n) =>
        `# ${'Long title '.repeat(40)}${n}\n\n${`Anna${n} Berg${n} of Vienna${n} paid €${n} to Bank${n} `.repeat(8)}.`,
    );
    const work = { ...job(sections.join('\n\n'), 'markdown'), summarySentences: 20, maxEntities: 200 };
    const output = await analysisThreads().run(work, quiet, never);
    expect(Buffer.byteLength(JSON.stringify(output))).toBeLessThan(200_000);
    expect(output.statistics.sections).toBe(500);
    expect(output.notes).toEqual(expect.arrayContaining(['Only the first 100 of 500 sections are listed.']));
  });
});
