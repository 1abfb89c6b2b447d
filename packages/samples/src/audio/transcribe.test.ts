import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunHandlerOptions, runHandler } from '@longhaul/executor';
import type { ProgressOf } from '@longhaul/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleContract } from '../index.ts';
import type { TranscribeOptions } from './options.ts';
import { transcribeHandler } from './transcribe.ts';

const definition = sampleContract.audio.transcribe;
type Progress = ProgressOf<typeof definition>;

const fixtures = join(import.meta.dirname, 'fixtures');
const recordings = join(fixtures, 'recordings');
const commandLine = (...parts: string[]) => parts.map(part => part.replaceAll(' ', '\\ ')).join(' ');
const toneRecogniser = commandLine(process.execPath, join(fixtures, 'toneRecogniser.ts'));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'transcribe-'));
});
afterAll(() => rm(folder, { recursive: true }));

function transcribe(
  input: { directory?: string; recursive?: boolean },
  options: TranscribeOptions = {},
  run: RunHandlerOptions<typeof definition> = {},
) {
  const handler = transcribeHandler({ command: toneRecogniser, audioFolder: recordings, ...options });
  return runHandler(definition, handler, input, run);
}

describe('a folder of recordings', () => {
  it('becomes one text per file, in the order of the names, and a damaged file loses only itself', async () => {
    const progress: Progress[] = [];
    const output = await transcribe({}, {}, { onProgress: p => progress.push(p) });
    expect(output.texts.map(({ file, text }) => [file, text])).toEqual([
      ['LOUD.WAV', 'again\nagain'],
      ['take 2.wav', 'move\nthe\nstage\nto\nzero'],
      ['take 10.wav', 'stop\nnow'],
    ]);
    expect(output.failed).toEqual([
      { file: 'take 3 (damaged).wav', error: 'error: the wav file ends in the middle of a chunk' },
    ]);
    expect(output).toMatchObject({ directory: '.', truncated: false });

    const descriptions = [...new Set(progress.map(({ description }) => description))];
    expect(descriptions).toEqual([
      'Transcribing LOUD.WAV (1 of 4)',
      'Transcribing take 2.wav (2 of 4)',
      'Transcribing take 3 (damaged).wav (3 of 4)',
      'Transcribing take 10.wav (4 of 4)',
      'Transcribed 3 of 4',
    ]);
    const percents = progress.map(({ percent }) => percent);
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    expect(percents[0]).toBe(0);
    expect(percents.at(-1)).toBe(100);
    // The recogniser's own "progress = 40%" moves the bar inside a file: 25 % and two fifths of the next 25 %.
    expect(percents).toContain(35);
    expect(progress).toContainEqual(expect.objectContaining({ file: 'take 2.wav', latestText: 'stage' }));
    expect(progress.at(-1)).toMatchObject({ failedCount: 1, fileCount: 4 });
  });

  it('takes the folders inside it too when asked', async () => {
    const output = await transcribe({ recursive: true });
    expect(output.texts.map(({ file }) => file)).toEqual([
      'evening/last.wav',
      'LOUD.WAV',
      'take 2.wav',
      'take 10.wav',
    ]);
    expect(output.texts[0]?.text).toBe('stop\nthe\nstage');
  });

  it('passes the file where {file} stands, also inside an argument', async () => {
    const output = await transcribe({ directory: 'evening' }, { command: `${toneRecogniser} --file={file}` });
    expect(output).toMatchObject({ directory: 'evening', texts: [{ file: 'last.wav' }], failed: [] });
  });

  it('cuts the longest texts to the limit and says so', async () => {
    const output = await transcribe({}, { maxTextBytes: 24 });
    expect(output.texts.map(({ text, truncated }) => [text, truncated])).toEqual([
      ['again\nag', true],
      ['move\nthe', true],
      ['stop\nnow', false],
    ]);
    expect(output.truncated).toBe(true);
  });
});

describe('failures', () => {
  const failure = (input: Parameters<typeof transcribe>[0], options?: TranscribeOptions) =>
    transcribe(input, options).then(
      output => {
        throw new Error(`It succeeded: ${JSON.stringify(output)}`);
      },
      (error: unknown) => error,
    );

  it('says how to configure a recogniser', async () => {
    for (const command of [undefined, '', '  ']) {
      expect(await failure({}, { command })).toMatchObject({
        code: 'NOT_CONFIGURED',
        message: expect.stringMatching(/TRANSCRIBE_COMMAND="whisper-cli .* -f \{file\}"/),
        data: { variable: 'TRANSCRIBE_COMMAND' },
      });
    }
  });

  it('says that the recogniser is not installed', async () => {
    expect(await failure({}, { command: 'no-such-recogniser -f {file}' })).toMatchObject({
      code: 'RECOGNISER_NOT_FOUND',
      message: expect.stringMatching(/no-such-recogniser/),
      data: { command: 'no-such-recogniser' },
    });
  });

  it('fails when not one file could be transcribed', async () => {
    const damaged = join(folder, 'damaged');
    await cp(join(recordings, 'take 3 (damaged).wav'), join(damaged, 'a.wav'));
    await writeFile(join(damaged, 'b.mp3'), 'no sound at all');
    expect(await failure({}, { audioFolder: damaged })).toMatchObject({
      code: 'ALL_FAILED',
      message: expect.stringMatching(/None of the 2 files .* a\.wav: error: the wav file ends/),
      data: { failed: [{ file: 'a.wav' }, { file: 'b.mp3', error: 'error: not a wav file' }] },
    });
  });

  it('tells an empty folder, a missing one and a forbidden one apart', async () => {
    expect(await failure({ directory: '.' }, { audioFolder: fixtures })).toMatchObject({
      code: 'NO_AUDIO_FILES',
      message: expect.stringMatching(/recursive/),
    });
    expect(await failure({ directory: 'nowhere' })).toMatchObject({ code: 'DIRECTORY_NOT_FOUND' });
    expect(await failure({ directory: 'LOUD.WAV' })).toMatchObject({ code: 'DIRECTORY_NOT_FOUND' });
    for (const directory of ['..', 'evening/../..', '/', fixtures]) {
      expect(await failure({ directory })).toMatchObject({
        code: 'DIRECTORY_NOT_ALLOWED',
        data: { directory },
      });
    }
  });

  it('follows no link out of the folder', async () => {
    const allowed = join(folder, 'allowed');
    await cp(join(recordings, 'evening'), allowed, { recursive: true });
    await symlink(recordings, join(allowed, 'way-out'));
    await symlink(join(recordings, 'LOUD.WAV'), join(allowed, 'loud.wav'));
    await symlink('last.wav', join(allowed, 'same.wav'));
    expect(await failure({ directory: 'way-out' }, { audioFolder: allowed })).toMatchObject({
      code: 'DIRECTORY_NOT_ALLOWED',
    });
    const output = await transcribe({ recursive: true }, { audioFolder: allowed });
    expect(output.texts.map(({ file }) => file)).toEqual(['last.wav', 'same.wav']);
    expect(output.failed).toEqual([
      { file: 'loud.wav', error: expect.stringMatching(/^The link leads out/) },
    ]);
  });

  it('refuses a folder with too many files before the first is transcribed', async () => {
    const progress: Progress[] = [];
    const run = transcribe({}, { maxFiles: 3 }, { onProgress: p => progress.push(p) });
    await expect(run).rejects.toMatchObject({ code: 'TOO_MANY_FILES', data: { limit: 3 } });
    expect(progress).toEqual([]);
  });

  it('ends the recogniser when a file takes too long, and continues', async () => {
    const output = await transcribe(
      {},
      { command: `${toneRecogniser} --hang-on ${commandLine('take 2.wav')}`, fileTimeoutMs: 2_500 },
    );
    expect(output.texts.map(({ file }) => file)).toEqual(['LOUD.WAV', 'take 10.wav']);
    expect(output.failed[0]).toEqual({
      file: 'take 2.wav',
      error: expect.stringContaining('longer than 2500 ms'),
    });
  });
});

describe('a cancel', () => {
  it.each(['', '--ignore-sigterm'])(
    'ends the recogniser at once, without the usual time between SIGTERM and SIGKILL (recogniser %s)',
    async flag => {
      const abort = new AbortController();
      const reason = new Error('canceled');
      let pid = 0;
      let abortedAt = 0;
      const run = transcribe(
        {},
        { command: `${toneRecogniser} ${flag} --hang-on ${commandLine('take 2.wav')}` },
        {
          signal: abort.signal,
          onProgress: ({ latestText }) => {
            pid = Number(/^pid (\d+)$/.exec(latestText)?.[1] ?? 0);
            if (pid === 0 || abort.signal.aborted) return;
            abortedAt = performance.now();
            abort.abort(reason);
          },
        },
      );
      await expect(run).rejects.toBe(reason);
      // `exec` waits 2 s before SIGKILL unless it is told otherwise.
      expect(performance.now() - abortedAt).toBeLessThan(1_900);
      expect(pid).toBeGreaterThan(0);
      // The recogniser is our own child and has been waited for, so its id is free.
      expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    },
  );
});
