import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const open = new Set<Cleanups>();

/** Undoes everything that is still there: for when the harness itself is ended. */
export async function cleanUpAll(): Promise<void> {
  await Promise.allSettled([...open].map(cleanups => cleanups.run()));
}

/** What has to be undone when a system is closed: the last first, each of it whatever the others did. */
export class Cleanups {
  readonly #steps: (() => Promise<void>)[] = [];

  add(step: () => Promise<void>): void {
    open.add(this);
    this.#steps.push(step);
  }

  /** A new folder that is removed at the end. */
  async folder(prefix: string): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), prefix));
    this.add(() => rm(path, { recursive: true, force: true }));
    return path;
  }

  /** @throws AggregateError of what could not be undone */
  async run(): Promise<void> {
    open.delete(this);
    const faults: unknown[] = [];
    for (const step of this.#steps.splice(0).reverse()) await step().catch(fault => faults.push(fault));
    if (faults.length > 0) throw new AggregateError(faults, 'Not everything could be cleaned up.');
  }
}
