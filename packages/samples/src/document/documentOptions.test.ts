import { describe, expect, it } from 'vitest';
import { ownFolder } from '../folders.ts';
import { documentOptions } from './documentOptions.ts';

describe('documentOptions', () => {
  it('has safe defaults, also for empty variables', () => {
    expect(documentOptions({ DOCUMENT_MAX_BYTES: '' })).toEqual({
      allowedDirectory: ownFolder('documents'),
      allowPrivateUrls: false,
      maxBytes: 20 * 1024 * 1024,
      fetchTimeoutMs: 30_000,
      maxRedirects: 5,
    });
  });

  it('reads each variable', () => {
    expect(
      documentOptions({
        DOCUMENT_DIR: '/srv/documents',
        DOCUMENT_ALLOW_PRIVATE_URLS: 'true',
        DOCUMENT_MAX_BYTES: '1000',
        DOCUMENT_FETCH_TIMEOUT_MS: '2000',
        DOCUMENT_MAX_REDIRECTS: '0',
      }),
    ).toEqual({
      allowedDirectory: '/srv/documents',
      allowPrivateUrls: true,
      maxBytes: 1_000,
      fetchTimeoutMs: 2_000,
      maxRedirects: 0,
    });
  });

  it('names every variable that it cannot use', () => {
    expect(() =>
      documentOptions({ DOCUMENT_MAX_BYTES: 'many', DOCUMENT_ALLOW_PRIVATE_URLS: 'maybe' }),
    ).toThrow(/DOCUMENT_ALLOW_PRIVATE_URLS: .*DOCUMENT_MAX_BYTES: /);
  });
});
