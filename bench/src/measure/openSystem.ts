import { closedLoop } from '../load/closedLoop.ts';
import { createTaskClient, type TaskClient } from '../load/taskClient.ts';
import type { OpenOptions, ServiceProcess, System, SystemKind } from '../systems/system.ts';
import { concurrency, inFlight, noopInput } from './measurement.ts';

/** A fresh system with a client; closed with everything that belongs to it. */
export type OpenedSystem = {
  readonly system: System;
  readonly client: TaskClient;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

export async function openSystem(kind: SystemKind, options: OpenOptions): Promise<OpenedSystem> {
  const system = await kind.open(options);
  const client = createTaskClient(system.url);
  return {
    system,
    client,
    [Symbol.asyncDispose]: async () => {
      await client.close();
      await system[Symbol.asyncDispose]();
    },
  };
}

/** Adds the worker that runs the tasks, and lets every process compile what the measured calls will use. */
export async function warmUpWithWorker(
  { system, client }: OpenedSystem,
  calls: number,
): Promise<ServiceProcess> {
  const worker = await system.startWorker({ concurrency });
  await closedLoop(calls, inFlight, () => client.run('noop', noopInput));
  return worker;
}
