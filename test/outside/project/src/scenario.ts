import assert from 'node:assert/strict';
import { createClient, TaskFailedError } from '@longhaul/client';
import type { contract } from './contract.ts';
import { followInPage, servePage } from './page.ts';
import { startSystem } from './system.ts';

// A user's system, from compiled code: the whole way from a client in Node.js and in a page to the handlers and back.
const page = await servePage(process.argv[2] ?? 'web/dist');
const system = await startSystem(page.origin);
try {
  const tasks = createClient<typeof contract>({ url: system.url });

  const counting = await tasks.primes.count.start({ below: 10_000, stepMs: 5 });
  const percents: number[] = [];
  for await (const event of counting.events())
    if (event.type === 'progress') percents.push(event.progress.percent);
  assert.equal((await counting.result()).found, 1_229, 'a handler in a thread');
  assert.ok(percents.length > 1, 'progress arrived while it ran');

  const { version } = await (await tasks.program.version.start({})).result();
  assert.equal(version, process.version, 'a handler that runs a program');

  const failed = await (await tasks.program.version.start({ flag: '--v8-options' }))
    .result()
    .catch(error => error);
  assert.ok(failed instanceof TaskFailedError, 'a declared error arrives as its class');
  assert.equal(failed.failure.code, 'NO_ANSWER');

  const console = await fetch(system.url);
  assert.match(await console.text(), /<div id=/, 'the console is served');

  if (process.env.CHROMIUM_BIN) {
    const seen = await followInPage(process.env.CHROMIUM_BIN, `${page.origin}/?gateway=${system.url}`);
    assert.ok(seen.percents.length > 1, 'a page sees progress while it happens');
    assert.equal(seen.found, '1229', 'a page has the result');
  }
} finally {
  await system.stop();
  await page.stop();
}
process.stdout.write(`the scenario passed on Node.js ${process.version}\n`);
