// Requests that no client sends: generated, of every kind at once.

import fc from 'fast-check';

const strangeKey = fc.constantFrom(
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '$ref',
  '',
);
export const strangeText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '\u0000',
    '\ud800',
    '\u202e',
    'a'.repeat(10_000),
    '../../etc/passwd',
    '%00',
    "';--",
    '*',
    '>',
    '.',
  ),
);
const strangeNumber = fc.oneof(
  fc.double(),
  fc.constantFrom(1e308, -1e308, 2 ** 53 + 2, -0, 9_007_199_254_740_993n.toString()),
);
/** JSON of any kind, with keys that JavaScript has a meaning for. */
export const strangeJson = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    strangeText,
    strangeNumber,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.oneof(strangeKey, strangeText, fieldName()), tie('value')), { maxLength: 6 })
      // Unlike `{}[key] = value`, this makes `__proto__` a key like any other.
      .map(entries => Object.fromEntries(entries) as unknown),
  ),
})).value;

function fieldName() {
  return fc.constantFrom(
    ...[
      'bot',
      'text',
      'lang',
      'name',
      'tasks',
      'input',
      'policy',
      'backoff',
      'kind',
      'reason',
      'status',
      'limit',
    ],
    ...[
      'id',
      'cron',
      'every',
      'time_zone',
      'owner',
      'priority',
      'delay_ms',
      'idempotency_key',
      'since',
      'cursor',
    ],
  );
}

/** Bodies as text: JSON, nearly JSON, bombs, and bytes that are no text at all. */
export const body = fc.oneof(
  strangeJson.map(value => JSON.stringify(value) as string | Uint8Array),
  strangeJson.map(value => JSON.stringify(value).slice(0, -1)),
  fc.integer({ min: 100, max: 20_000 }).map(depth => '['.repeat(depth) + ']'.repeat(depth)),
  fc.integer({ min: 100, max: 20_000 }).map(depth => `${'{"input":'.repeat(depth)}1${'}'.repeat(depth)}`),
  fc
    .integer({ min: 100, max: 5_000 })
    .map(depth => `{"bot":"b","text":"x","more":${'['.repeat(depth)}${']'.repeat(depth)}}`),
  fc
    .integer({ min: 100, max: 5_000 })
    .map(depth => `{"tasks":[{"input":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}]}`),
  fc
    .integer({ min: 100, max: 5_000 })
    .map(depth => `{"name":"demo.hang","every":"1h","input":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`),
  fc.constantFrom('1e999', '{"bot":1e999}', `{"text":${'9'.repeat(5_000)}}`, 'nul', '', ' ', '\ufeff{}'),
  fc.uint8Array({ maxLength: 64 }),
);
export const contentType = fc.constantFrom(
  ...['application/json', 'application/json; charset=utf-16', 'application/json;', 'text/plain', '', 'json'],
  ...[
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
    'application/problem+json',
    '*/*',
  ],
);
const id = fc.oneof(
  fc.uuid(),
  fc.constantFrom(
    'demo.greet',
    'demo.hang',
    'script',
    '..',
    '%2e%2e',
    '%zz',
    '%',
    '%ff',
    '%00',
    'a%2Fb',
    '~',
    '*',
    '>',
  ),
  strangeText.map(text => encodeURIComponent(text.toWellFormed())),
);
const path = fc.oneof(
  id.map(one => `/v1/tasks/${one}`),
  fc
    .tuple(id, fc.constantFrom('result', 'cancel', 'retry', 'events', 'batch', 'nothing'))
    .map(([one, verb]) => `/v1/tasks/${one}/${verb}`),
  fc.tuple(id, id).map(([bot, lang]) => `/v1/bots/${bot}/greetings/${lang}`),
  fc.tuple(fc.constantFrom('task-types', 'schedules', 'bots'), id).map(([kind, one]) => `/v1/${kind}/${one}`),
  fc.constantFrom(
    '/v1/tasks',
    '/v1/schedules',
    '/v1/cancellations',
    '/v1/task-types',
    '/v1',
    '/v1/',
    '/openapi.json',
  ),
);
const parameter = fc.tuple(
  fc.oneof(
    fc.constantFrom(
      'status',
      'limit',
      'cursor',
      'since',
      'until',
      'owner',
      'priority',
      'delay_ms',
      'include',
    ),
    fc.constantFrom('max_attempts', 'timeout_ms', 'name'),
    strangeKey,
  ),
  fc.oneof(
    strangeText.map(text => encodeURIComponent(text.toWellFormed())),
    fc.constantFrom(
      '',
      '1',
      '-1',
      '1e9',
      '99999999999999999999',
      'RUNNING,',
      '%',
      '%zz',
      'a&limit=2',
      '2026-01-01T00:00:00Z',
    ),
    fc.base64String(),
  ),
);
const query = fc
  .array(parameter, { maxLength: 4 })
  .map(all => all.map(([name, value]) => `${name}=${value}`).join('&'));
/** What `fetch` lets through as a header's value. */
const headerText = fc.oneof(
  fc.string({
    unit: fc
      .integer({ min: 0x20, max: 0xff })
      .filter(code => code !== 0x7f)
      .map(code => String.fromCharCode(code)),
  }),
  fc.constantFrom(
    '',
    '*',
    '"',
    'W/"',
    'wait=99999999999999999999',
    'wait=-1',
    'wait=1',
    'wait="x',
    ',,;;==',
    '18446744073709551616',
  ),
);
const header = fc.tuple(
  fc.constantFrom(
    'prefer',
    'idempotency-key',
    'if-none-match',
    'accept',
    'last-event-id',
    'content-encoding',
    'accept-language',
  ),
  headerText,
);
const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD');

export const request = fc.record({
  method,
  path,
  query,
  body,
  contentType,
  headers: fc.array(header, { maxLength: 3 }),
});
export type Request = typeof request extends fc.Arbitrary<infer R> ? R : never;
