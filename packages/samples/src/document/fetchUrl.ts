import { isIP } from 'node:net';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { TaskError } from '@longhaul/executor';
import { Agent, type Dispatcher, request } from 'undici';
import { checkedLookup, PrivateAddressError, type ResolveHost, resolveHost } from './addressPolicy.ts';
import { collectBytes, tooLarge } from './collectBytes.ts';
import type { DocumentErrors, LoadedDocument } from './documentTypes.ts';
import { documentError } from './documentTypes.ts';

/** How a document is fetched. */
export type FetchOptions = {
  /** The largest body in bytes, compressed and not. */
  readonly maxBytes: number;
  readonly maxRedirects: number;
  /** Milliseconds for everything: names, connections, redirects and the body. */
  readonly timeoutMs: number;
  /** Judges every IP address before a connection to it is made. */
  readonly isAllowedAddress: (address: string) => boolean;
  readonly signal: AbortSignal;
  /** Finds the addresses of a host. Default: the system's resolver. */
  readonly resolveHost?: ResolveHost;
  /** Called with the bytes so far and, where the server said it, how many will come. */
  readonly onBytes?: (received: number, total: number | undefined) => void;
};

const redirects = new Set([301, 302, 303, 307, 308]);
const headers = {
  accept: 'text/html, application/pdf, text/markdown, text/plain;q=0.9, */*;q=0.1',
  'accept-encoding': 'gzip, br',
  'user-agent': 'longhaul-document-analyze',
};

/**
 * Fetches a document by HTTP and follows redirects, each of which is judged like the first address. Addresses are
 * judged as the connection is made to them, so a name that resolves differently the second time gains nothing.
 *
 * @throws TaskError `URL_NOT_ALLOWED`, `FETCH_FAILED`, `TOO_LARGE`; the signal's reason when aborted
 */
export async function fetchUrl(address: string, options: FetchOptions): Promise<LoadedDocument> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = AbortSignal.any([options.signal, timeout]);
  const lookup = checkedLookup(options.resolveHost ?? resolveHost, options.isAllowedAddress);
  const agent = new Agent({ connect: { lookup, timeout: options.timeoutMs } });
  let url = new URL(address);
  try {
    for (let followed = 0; followed <= options.maxRedirects; followed += 1) {
      refuseUrl(url, options.isAllowedAddress);
      const response = await request(url.href, { dispatcher: agent, signal, headers });
      // A body that is let go emits an error, which would end the process if nothing listened. Its reader hears it too.
      response.body.on('error', () => undefined);
      if (!redirects.has(response.statusCode)) return await readResponse(url, response, options);
      // Not read: what a redirect says in its body is of no use, and may be without end.
      response.body.destroy();
      url = redirectTarget(url, response);
    }
    throw failed(url, 'TOO_MANY_REDIRECTS', `redirects more than ${options.maxRedirects} times`);
  } catch (error) {
    options.signal.throwIfAborted();
    if (timeout.aborted) throw failed(url, 'TIMEOUT', `took longer than ${options.timeoutMs} ms`);
    throw explain(error, url);
  } finally {
    await agent.destroy();
  }
}

function refuseUrl(url: URL, isAllowedAddress: (address: string) => boolean): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw notAllowed(url, 'SCHEME', 'Only http and https addresses are fetched.');
  }
  if (url.username !== '' || url.password !== '') {
    throw notAllowed(url, 'CREDENTIALS', 'An address with a user name or password in it is not fetched.');
  }
  // A literal address is connected to without a lookup. (URL has already turned forms like 0x7f.1 into 127.0.0.1.)
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !isAllowedAddress(host)) throw privateAddress(url);
}

function redirectTarget(url: URL, response: Dispatcher.ResponseData): URL {
  const { location } = response.headers;
  const target = typeof location === 'string' ? URL.parse(location, url.href) : null;
  if (target === null) {
    throw failed(url, 'BAD_REDIRECT', 'redirects without saying where to', response.statusCode);
  }
  return target;
}

async function readResponse(
  url: URL,
  response: Dispatcher.ResponseData,
  { maxBytes, onBytes }: FetchOptions,
): Promise<LoadedDocument> {
  const { statusCode, body } = response;
  if (statusCode < 200 || statusCode > 299) {
    body.destroy();
    throw failed(url, 'STATUS', `answers ${statusCode}`, statusCode);
  }
  const length = Number(response.headers['content-length'] ?? Number.NaN);
  const total = Number.isSafeInteger(length) ? length : undefined;
  if (total !== undefined && total > maxBytes) {
    body.destroy();
    throw tooLarge(maxBytes, total);
  }
  const contentType = response.headers['content-type'];
  const content = decompress(url, body, response.headers['content-encoding']);
  const bytes = await collectBytes(content, maxBytes, received =>
    onBytes?.(received, content === body ? total : undefined),
  );
  return {
    kind: 'bytes',
    bytes,
    location: shown(url),
    contentType: typeof contentType === 'string' ? contentType : undefined,
  };
}

function decompress(url: URL, body: Readable, encoding: string | string[] | undefined): Readable {
  const name = (Array.isArray(encoding) ? encoding.join(', ') : (encoding ?? '')).trim().toLowerCase();
  const makers = {
    gzip: createGunzip,
    'x-gzip': createGunzip,
    br: createBrotliDecompress,
    deflate: createInflate,
  };
  if (name === '' || name === 'identity') return body;
  if (!Object.hasOwn(makers, name)) {
    body.destroy();
    throw failed(url, 'BAD_ENCODING', `answers in the encoding "${name}", which is not known here`);
  }
  const decoder = makers[name as keyof typeof makers]();
  body.once('error', error => decoder.destroy(error));
  decoder.once('close', () => body.destroy());
  return body.pipe(decoder);
}

function explain(error: unknown, url: URL): unknown {
  if (error instanceof TaskError) return error;
  if (error instanceof PrivateAddressError) return privateAddress(url);
  const { code } = error as NodeJS.ErrnoException;
  const why = code ?? (error instanceof Error ? error.message : String(error));
  const reason = code?.startsWith('Z_') || code?.startsWith('ERR_BROTLI') ? 'BAD_ENCODING' : 'NETWORK';
  return failed(url, reason, `could not be fetched (${why})`, null, error);
}

function privateAddress(url: URL): TaskError {
  return notAllowed(
    url,
    'PRIVATE_ADDRESS',
    'The address leads to a private network or this machine. DOCUMENT_ALLOW_PRIVATE_URLS=true would allow that.',
  );
}

function notAllowed(
  url: URL,
  reason: DocumentErrors['URL_NOT_ALLOWED']['reason'],
  message: string,
): TaskError {
  return documentError('URL_NOT_ALLOWED', message, { url: shown(url), reason });
}

function failed(
  url: URL,
  reason: DocumentErrors['FETCH_FAILED']['reason'],
  what: string,
  status: number | null = null,
  cause?: unknown,
): TaskError {
  const error = documentError('FETCH_FAILED', `${shown(url)} ${what}.`, { url: shown(url), reason, status });
  error.cause = cause;
  return error;
}

/** An address as it may be shown: errors and results are no place for a password. */
function shown(url: URL): string {
  const copy = new URL(url);
  copy.username = '';
  copy.password = '';
  return copy.href;
}
