import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

/** Imports a module in a process of its own, and writes the URLs of all that was loaded. */
const listing = `
import { registerHooks } from 'node:module';
const loaded = [];
registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
await import(process.argv[1]);
console.log(JSON.stringify(loaded));
`;

describe("a handler's thread", () => {
  it('loads no client of NATS and nothing that runs processes: it starts while a time limit runs', async () => {
    const entry = new URL('./threadEntry.ts', import.meta.url).href;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', listing, entry],
      { maxBuffer: 16 * 1024 * 1024 },
    );
    const loaded = JSON.parse(stdout) as string[];
    expect(loaded).toContain(entry);
    expect(loaded.filter(url => /@nats-io|execa|opentelemetry|packages\/broker/.test(url))).toEqual([]);
  });
});
