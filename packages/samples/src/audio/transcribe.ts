import { stat } from 'node:fs/promises';
import type { Handler, TaskContext } from '@longhaul/executor';
import { ExecError } from '@longhaul/executor';
import type { OutputOf } from '@longhaul/proto';
import { ownFolder, resolveInside } from '../folders.ts';
import type { sampleContract } from '../index.ts';
import { type AudioFile, audioExtensions, listAudioFiles } from './audioFiles.ts';
import type { TranscribeOptions } from './options.ts';
import {
  argsFor,
  fitTexts,
  parseRecogniserCommand,
  percentIn,
  type Recognised,
  type RecogniserCommand,
  recognised,
} from './recogniser.ts';

type Transcribe = typeof sampleContract.audio.transcribe;
type Output = OutputOf<Transcribe>;
type Context = TaskContext<Transcribe>;

const defaultFileTimeoutMs = 30 * 60_000;
const defaultMaxFiles = 500;
const defaultMaxTextBytes = 200 * 1024;
// A cancel has to be obeyed within 200 ms, also by a recogniser that ignores SIGTERM.
const killAfterMs = 100;
const latestTextChars = 200;

/** `audio.transcribe`: every audio file of a folder through the configured recogniser, one by one. */
export function transcribeHandler(options: TranscribeOptions): Handler<Transcribe> {
  const recogniser = options.command === undefined ? undefined : parseRecogniserCommand(options.command);
  const audioFolder = options.audioFolder ?? ownFolder('audio');
  const maxFiles = options.maxFiles ?? defaultMaxFiles;
  const maxTextBytes = options.maxTextBytes ?? defaultMaxTextBytes;
  const fileTimeoutMs = options.fileTimeoutMs ?? defaultFileTimeoutMs;

  return async ctx => {
    if (recogniser === undefined) throw notConfigured(ctx);
    const startedAt = performance.now();
    const files = await findFiles(ctx, audioFolder, maxFiles);
    let texts: Output['texts'] = [];
    const failed: Output['failed'] = [];
    const report = (index: number, file: string, within: number, latestText: string) =>
      ctx.progress({
        percent: round(((index + within) / files.length) * 100),
        description: `Transcribing ${file} (${index + 1} of ${files.length})`,
        file,
        fileNumber: index + 1,
        fileCount: files.length,
        failedCount: failed.length,
        latestText,
      });

    for (const [index, { file, path }] of files.entries()) {
      ctx.signal.throwIfAborted();
      report(index, file, 0, '');
      const fileStartedAt = performance.now();
      const result = await transcribeFile(ctx, recogniser, path, {
        fileTimeoutMs,
        maxTextBytes,
        onHeard: (within, latestText) => report(index, file, within, latestText),
      });
      if ('error' in result) {
        failed.push({ file, error: result.error });
        ctx.log.warn(`${file} could not be transcribed`, { error: result.error });
      } else {
        texts.push({ file, ...result, elapsedMs: Math.round(performance.now() - fileStartedAt) });
        // After each file, so that memory stays bounded too.
        texts = fitTexts(texts, maxTextBytes);
      }
    }

    if (texts.length === 0) throw allFailed(ctx, failed);
    const last = files.at(-1);
    if (last) {
      ctx.progress({
        percent: 100,
        description: `Transcribed ${texts.length} of ${files.length}`,
        file: last.file,
        fileNumber: files.length,
        fileCount: files.length,
        failedCount: failed.length,
        latestText: '',
      });
    }
    return {
      directory: ctx.input.directory,
      texts,
      failed,
      truncated: texts.some(({ truncated }) => truncated),
      elapsedMs: Math.round(performance.now() - startedAt),
    };
  };
}

async function findFiles(ctx: Context, audioFolder: string, maxFiles: number): Promise<AudioFile[]> {
  const { directory, recursive } = ctx.input;
  const place = await resolveInside(audioFolder, directory);
  if (place.kind === 'outside') {
    throw ctx.error(
      'DIRECTORY_NOT_ALLOWED',
      `"${directory}" lies outside the executor's audio folder: give a folder inside it, or set AUDIO_DIR.`,
      { directory },
    );
  }
  if (place.kind === 'missing' || !(await stat(place.path)).isDirectory()) {
    throw ctx.error(
      'DIRECTORY_NOT_FOUND',
      `There is no folder "${directory}" in the executor's audio folder.`,
      {
        directory,
      },
    );
  }
  const files = await listAudioFiles(place.path, {
    allowedFolder: audioFolder,
    recursive,
    limit: maxFiles,
    signal: ctx.signal,
  });
  if (files.length === 0) {
    throw ctx.error(
      'NO_AUDIO_FILES',
      `The folder "${directory}" holds no audio file (${audioExtensions.join(' ')}).${recursive ? '' : ' Set recursive to look in the folders inside it too.'}`,
      { directory, extensions: [...audioExtensions] },
    );
  }
  if (files.length > maxFiles) {
    throw ctx.error(
      'TOO_MANY_FILES',
      `The folder "${directory}" holds more than ${maxFiles} audio files: split it, or raise TRANSCRIBE_MAX_FILES.`,
      { directory, limit: maxFiles },
    );
  }
  return files;
}

type FileOptions = {
  readonly fileTimeoutMs: number;
  readonly maxTextBytes: number;
  readonly onHeard: (within: number, latestText: string) => void;
};

async function transcribeFile(
  ctx: Context,
  recogniser: RecogniserCommand,
  path: string | undefined,
  options: FileOptions,
): Promise<{ text: string; truncated: boolean } | Extract<Recognised, { error: string }>> {
  if (path === undefined) return { error: "The link leads out of the executor's audio folder, or nowhere." };
  let within = 0;
  let latestText = '';
  const timeLimit = options.fileTimeoutMs > 0 ? AbortSignal.timeout(options.fileTimeoutMs) : undefined;
  try {
    const result = await ctx.exec(recogniser.command, argsFor(recogniser, path), {
      killAfterMs,
      // A character takes at least a byte, so no text that fits is cut here.
      maxOutputChars: options.maxTextBytes,
      ...(timeLimit === undefined ? {} : { signal: timeLimit }),
      onLine: (line, stream) => {
        if (stream === 'stdout' && line.trim() !== '') latestText = line.trim().slice(-latestTextChars);
        within = Math.max(within, (percentIn(line) ?? 0) / 100);
        options.onHeard(within, latestText);
      },
    });
    const outcome = recognised(result);
    if ('error' in outcome) return outcome;
    return {
      text: outcome.text,
      truncated: result.stdout.length >= options.maxTextBytes && result.truncated,
    };
  } catch (error) {
    if (ctx.signal.aborted) throw error;
    if (timeLimit?.aborted) {
      return {
        error: `The recogniser took longer than ${options.fileTimeoutMs} ms (TRANSCRIBE_FILE_TIMEOUT_MS).`,
      };
    }
    if (error instanceof ExecError) {
      throw ctx.error(
        'RECOGNISER_NOT_FOUND',
        `The recogniser of TRANSCRIBE_COMMAND did not start. ${error.message}`,
        {
          command: recogniser.command,
        },
      );
    }
    throw error;
  }
}

function notConfigured(ctx: Context) {
  return ctx.error(
    'NOT_CONFIGURED',
    'This executor has no speech recogniser. Set TRANSCRIBE_COMMAND to its command line, with {file} for the audio file, and start the executor again. For example: TRANSCRIBE_COMMAND="whisper-cli -m ggml-base.bin -nt -f {file}" or TRANSCRIBE_COMMAND="vosk-transcriber -i {file}".',
    { variable: 'TRANSCRIBE_COMMAND' },
  );
}

function allFailed(ctx: Context, failed: Output['failed']) {
  const [first] = failed;
  return ctx.error(
    'ALL_FAILED',
    `None of the ${failed.length} files could be transcribed. ${first ? `The first, ${first.file}: ${first.error}` : ''}`,
    { failed },
  );
}

const round = (percent: number) => Math.round(percent * 10) / 10;
