import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What has to be undone when a system is closed: the last first, each of it whatever the others did. */
export class Cleanups {
  readonly #steps: (() => Promise<void>)[] = [];

  add(step: () => Promise<void>): void {
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
    const faults: unknown[] = [];
    for (const step of this.#steps.splice(0).reverse()) await step().catch(fault => faults.push(fault));
    if (faults.length > 0) throw new AggregateError(faults, 'Not everything could be cleaned up.');
  }
}
