import { beforeAll, expect, test } from 'vitest';
import { type PublicName, publicNames } from '../../scripts/release/docComments.ts';

/** What users write most. Each has an example, which is also a program in `examples/` that the type check compiles. */
const mostUsed = [
  'proto defineTask',
  'proto defineContract',
  'proto restRoute',
  'proto TaskFailedError',
  'proto checkContract',
  'client createClient',
  'client TaskClient.start',
  'client TaskClient.startMany',
  'client TaskClient.run',
  'client TaskClient.handle',
  'client TaskClient.schedule',
  'client TaskHandle.events',
  'client TaskHandle.result',
  'client TaskHandle.cancel',
  'client AllTasks.list',
  'client AllTasks.cancelMany',
  'client gatewayErrorOf',
  'gateway createGateway',
  'gateway AuthOptions',
  'gateway/process runGateway',
  'executor createExecutor',
  'executor/process runExecutor',
  'executor TaskContext',
  'executor TaskContext.tasks',
  'executor TaskContext.exec',
  'executor TaskContext.error',
  'executor TaskError',
  'executor doNotRetry',
  'executor retryAfter',
  'executor sandboxed',
  'executor/sandbox defineHandler',
  'testing runHandler',
  'testing startStack',
];

const shortName = ({ entry, name }: PublicName) => `${entry.replace('@longhaul/', '')} ${name}`;
let names: PublicName[];
beforeAll(async () => {
  names = await publicNames();
});

test('every public name, and every option, has a doc comment', () => {
  expect(names.length).toBeGreaterThan(1_000);
  const bare = names.filter(({ documented }) => !documented).map(each => `${shortName(each)} (${each.at})`);
  expect([...new Set(bare)]).toEqual([]);
});

test('the names that are used most have an example', () => {
  const withExample = new Set(names.filter(({ examples }) => examples.length > 0).map(shortName));
  expect(mostUsed.filter(name => !withExample.has(name))).toEqual([]);
});
