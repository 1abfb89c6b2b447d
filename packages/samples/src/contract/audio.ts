import { defineTask } from '@longhaul/proto';
import { z } from 'zod';

/** What the recogniser made of one file that it could not transcribe. */
const failedFile = z.object({
  file: z.string().meta({ description: 'Path below the folder, with "/" between its parts.' }),
  error: z.string().meta({ description: 'The last lines that the recogniser wrote, or why it was not run.' }),
});

const countOf = (what: string) => z.int().min(0).meta({ description: what });

/** Speech to text. */
export const audio = {
  transcribe: defineTask({
    title: 'Transcribe audio files',
    description:
      'Turns every audio file of a folder into text, one by one, with the command-line recogniser that the executor is configured with.',
    input: z.object({
      directory: z.string().min(1).max(4096).default('.').meta({
        title: 'Folder',
        description: "Folder with the audio files, relative to the executor's audio folder.",
      }),
      recursive: z.boolean().default(false).meta({
        title: 'Folders inside it too',
        description: 'Also take the audio files of the folders inside this one.',
      }),
    }),
    progress: z.object({
      percent: z.number().min(0).max(100),
      description: z.string(),
      file: z.string().meta({ description: 'The file that is being transcribed.' }),
      fileNumber: z.int().min(1).meta({ description: 'Which file this is, from 1.' }),
      fileCount: countOf('How many files there are.'),
      failedCount: countOf('How many files could not be transcribed so far.'),
      latestText: z
        .string()
        .meta({ description: 'The end of what has been recognised in this file so far.' }),
    }),
    output: z.object({
      directory: z.string(),
      texts: z.array(
        z.object({
          file: z.string().meta({ description: 'Path below the folder, with "/" between its parts.' }),
          text: z.string(),
          truncated: z.boolean().meta({ description: 'True when the end of the text was cut off.' }),
          elapsedMs: countOf('How long the recogniser took, in milliseconds.'),
        }),
      ),
      failed: z.array(failedFile),
      truncated: z.boolean().meta({ description: 'True when one of the texts was cut off.' }),
      elapsedMs: countOf('How long all of it took, in milliseconds.'),
    }),
    errors: {
      /** No recogniser is configured. */
      NOT_CONFIGURED: z.object({ variable: z.string() }),
      /** The configured recogniser is not installed, or cannot be started. */
      RECOGNISER_NOT_FOUND: z.object({ command: z.string() }),
      DIRECTORY_NOT_FOUND: z.object({ directory: z.string() }),
      /** The folder lies outside the folder that the executor may read. */
      DIRECTORY_NOT_ALLOWED: z.object({ directory: z.string() }),
      NO_AUDIO_FILES: z.object({ directory: z.string(), extensions: z.array(z.string()) }),
      /** Nothing has been transcribed: split the folder, or raise the executor's limit. */
      TOO_MANY_FILES: z.object({ directory: z.string(), limit: z.int() }),
      /** Not one file could be transcribed. */
      ALL_FAILED: z.object({ failed: z.array(failedFile) }),
    },
  }),
};
