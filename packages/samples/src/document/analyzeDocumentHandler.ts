import type { Handler } from '@longhaul/executor';
import type { document } from '../contract/document.ts';
import { isPublicAddress } from './addressPolicy.ts';
import { analysisThreads } from './analysisThreads.ts';
import { refuseLongText } from './collectBytes.ts';
import type { DocumentOptions } from './documentOptions.ts';
import type { DocumentInput, DocumentProgress, LoadedDocument } from './documentTypes.ts';
import { fetchUrl } from './fetchUrl.ts';
import { readFileSource } from './readFileSource.ts';

/** Percent of the whole that fetching a document takes: the analysis begins there. */
const fetchedPercent = 5;

/**
 * Makes the handler of `document.analyze`. The document is loaded here and analyzed in a thread of its own, which is
 * started for the first document.
 */
export function analyzeDocumentHandler(options: DocumentOptions): Handler<typeof document.analyze> {
  const threads = analysisThreads();
  return async ({ input, signal, progress }) => {
    try {
      const loaded = await load(input, options, signal, progress);
      const { summarySentences, maxEntities } = input;
      return await threads.run({ document: loaded, summarySentences, maxEntities }, progress, signal);
    } catch (error) {
      // Whatever a library makes of an abort, the reason is the signal's.
      signal.throwIfAborted();
      throw error;
    }
  };
}

async function load(
  input: DocumentInput,
  options: DocumentOptions,
  signal: AbortSignal,
  progress: (progress: DocumentProgress) => void,
): Promise<LoadedDocument> {
  if ('text' in input) {
    refuseLongText(input.text, options.maxBytes);
    return { kind: 'text', text: input.text, format: input.format };
  }
  if ('path' in input) {
    const bytes = await readFileSource(input.path, { ...options, signal });
    return { kind: 'bytes', bytes, location: input.path, contentType: undefined };
  }
  const { host } = new URL(input.url);
  const say = (share: number, amount = '') =>
    progress({
      percent: Math.floor(fetchedPercent * share),
      description: `Fetching the document from ${host}${amount}`,
      section: 0,
      sections: 0,
    });
  say(0);
  return await fetchUrl(input.url, {
    maxBytes: options.maxBytes,
    maxRedirects: options.maxRedirects,
    timeoutMs: options.fetchTimeoutMs,
    isAllowedAddress: options.allowPrivateUrls ? () => true : isPublicAddress,
    signal,
    onBytes: (received, total) =>
      say(total ? Math.min(1, received / total) : 0, ` (${Math.ceil(received / 1024)} KiB)`),
  });
}
