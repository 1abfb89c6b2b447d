export { type TranscribeOptions, transcribeOptionsFromEnv } from './options.ts';
export { transcribeHandler } from './transcribe.ts';
