import { expect, it } from 'vitest';
import { preferenceApplied, readPrefer } from './readRequest.ts';

const none = { respondAsync: false, waitSeconds: undefined };

it.each([
  [undefined, none],
  ['', none],
  ['respond-async', { respondAsync: true, waitSeconds: undefined }],
  ['wait=10', { respondAsync: false, waitSeconds: 10 }],
  ['Wait="10"', { respondAsync: false, waitSeconds: 10 }],
  ['respond-async, wait=10', { respondAsync: true, waitSeconds: 10 }],
  ['wait=0', { respondAsync: false, waitSeconds: 0 }],
  // As long as the gateway waits.
  ['wait=3600', { respondAsync: false, waitSeconds: 50 }],
  ['wait=10, wait=20', { respondAsync: false, waitSeconds: 10 }],
  ['handling=lenient; x=1, wait = 5 ; y', { respondAsync: false, waitSeconds: 5 }],
  ['wait=-1', none],
  ['wait=1.5', none],
  ['wait=soon', none],
  ['wait', none],
  ['=;,"', none],
  [`wait=${'9'.repeat(400)}`, { respondAsync: false, waitSeconds: 50 }],
])('reads Prefer: %s', (header, preferences) => {
  expect(readPrefer(header)).toEqual(preferences);
});

it('says what was heeded', () => {
  expect(preferenceApplied(none)).toEqual({});
  expect(preferenceApplied({ respondAsync: true, waitSeconds: 5 })).toEqual({
    'preference-applied': 'respond-async, wait=5',
  });
});
