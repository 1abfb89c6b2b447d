import { startNatsServer } from '@longhaul/nats-server';
import { Cleanups } from './cleanups.ts';
import { forkService } from './forkService.ts';
import type { OpenOptions, System, SystemKind } from './system.ts';

/** Longhaul: nats-server with file storage, a gateway process, executor processes. */
export const longhaul: SystemKind = { name: 'longhaul', title: 'Longhaul', open };

async function open(options: OpenOptions): Promise<System> {
  const cleanups = new Cleanups();
  try {
    const nats = await startNatsServer({ dataDir: await cleanups.folder('longhaul-bench-nats-') });
    cleanups.add(() => nats.stop());
    const env = { NATS_URL: nats.url };
    const fork = async (script: string, more: Record<string, string> = {}) => {
      const forked = await forkService(new URL(script, import.meta.url), { ...env, ...more }, options);
      cleanups.add(forked.service.stop);
      return forked;
    };
    const { service: gateway, ready } = await fork('./longhaul/gateway.ts');
    return {
      url: String(ready.url),
      gateway,
      brokerPid: nats.pid,
      // How long a lost executor's request stays with it is not a setting of Longhaul's: `lockMs` does not apply.
      startWorker: async ({ concurrency }) =>
        (await fork('./longhaul/executor.ts', { CONCURRENCY: String(concurrency) })).service,
      [Symbol.asyncDispose]: () => cleanups.run(),
    };
  } catch (error) {
    await cleanups.run();
    throw error;
  }
}
