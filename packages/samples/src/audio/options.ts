import { z } from 'zod';
import { textVariable, wholeNumberVariable } from '../environmentFields.ts';

/** How `audio.transcribe` runs. */
export type TranscribeOptions = {
  /**
   * Command line of the recogniser; `{file}` stands for the audio file, which is appended when it stands nowhere:
   * `whisper-cli -m model.bin -nt -f {file}`. Split at spaces, no shell. Default: none, and each task ends with
   * `NOT_CONFIGURED`.
   */
  readonly command?: string | undefined;
  /** Callers reach only this folder and what is in it. Default: an empty one of its own. */
  readonly audioFolder?: string | undefined;
  /** The recogniser has this many milliseconds for one file. `0` means no limit. Default: 30 minutes. */
  readonly fileTimeoutMs?: number | undefined;
  /** A folder with more audio files is refused. Default: 500. */
  readonly maxFiles?: number | undefined;
  /** All texts of one task together take at most this many bytes; longer ones are cut. Default: 200 Ki. */
  readonly maxTextBytes?: number | undefined;
};

const environment = z.object({
  TRANSCRIBE_COMMAND: textVariable,
  AUDIO_DIR: textVariable,
  TRANSCRIBE_FILE_TIMEOUT_MS: wholeNumberVariable(0),
  TRANSCRIBE_MAX_FILES: wholeNumberVariable(1),
});

/**
 * Reads the options from `TRANSCRIBE_COMMAND`, `AUDIO_DIR`, `TRANSCRIBE_FILE_TIMEOUT_MS` and `TRANSCRIBE_MAX_FILES`.
 *
 * @throws z.ZodError that names the variable with a bad value
 */
export function transcribeOptionsFromEnv(env: NodeJS.ProcessEnv = process.env): TranscribeOptions {
  const parsed = environment.parse(env);
  return {
    command: parsed.TRANSCRIBE_COMMAND,
    audioFolder: parsed.AUDIO_DIR,
    fileTimeoutMs: parsed.TRANSCRIBE_FILE_TIMEOUT_MS,
    maxFiles: parsed.TRANSCRIBE_MAX_FILES,
  };
}
