import { expect, it } from 'vitest';
import { protectionOptionsOf, protectionVariables } from './protectionEnvironment.ts';
import { protectionLimits } from './protectionOptions.ts';

const optionsOf = (env: Record<string, string>) => protectionOptionsOf(protectionVariables.parse(env));

it('an empty environment leaves the defaults, which limit nobody where there is no authentication', () => {
  expect(optionsOf({})).toEqual({});
  expect(protectionLimits({}, false)).toMatchObject({
    callRate: { perSecond: 500, burst: 5_000 },
    streamsPerOwner: 1_000,
  });
  expect(protectionLimits({}, true)).toMatchObject({
    callRate: 'off',
    streamsPerOwner: Number.POSITIVE_INFINITY,
  });
});

it('variables become options', () => {
  expect(
    optionsOf({
      CALLS_PER_SECOND: '20',
      STREAMS_PER_OWNER: '5',
      ALLOWED_ORIGINS: 'https://a.example, https://b.example',
    }),
  ).toEqual({
    callRate: { perSecond: 20, burst: 200 },
    streamsPerOwner: 5,
    allowedOrigins: ['https://a.example', 'https://b.example'],
  });
  expect(optionsOf({ CALLS_PER_SECOND: '0' })).toEqual({ callRate: 'off' });
  // A batch fits, however few calls there are a second.
  expect(optionsOf({ CALLS_PER_SECOND: '1' })).toEqual({ callRate: { perSecond: 1, burst: 100 } });
  expect(() => optionsOf({ CALLS_BURST: '500' })).toThrow('CALLS_PER_SECOND');
});
