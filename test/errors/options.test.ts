import { createExecutor } from '@longhaul/executor';
import { createGateway } from '@longhaul/gateway';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { describe, expect, inject, it } from 'vitest';

/** Options as a program without types gives them, or one that has read them from a file. */
const gateway = (options: object) => createGateway(options as Parameters<typeof createGateway>[0]);
const executor = (options: object) => createExecutor(options as Parameters<typeof createExecutor>[0]);
const contract = scriptedContract;
const handlers = scriptedHandlers;
const nats = () => ({ servers: inject('natsUrl') });

describe('an option that is not known, or is missing, is refused by its name', () => {
  it.each<[string, (options: object) => Promise<unknown>, () => object, string]>([
    // Passed over, it would make every caller an administrator.
    [
      'authentication',
      gateway,
      () => ({ contract, nats: nats(), apiKeyFile: 'a' }),
      'Did you mean "apiKeysFile"?',
    ],
    ['a limit', gateway, () => ({ contract, nats: nats(), protections: {} }), 'Did you mean "protection"?'],
    [
      'of no likeness',
      gateway,
      () => ({ contract, nats: nats(), colour: 1 }),
      'no option "colour". There are: ',
    ],
    ['no nats', gateway, () => ({ contract, port: 0 }), 'The option "nats" is missing.'],
    [
      'of an executor',
      executor,
      () => ({ contract, handlers, nats: nats(), concurency: 2 }),
      'Did you mean "concurrency"?',
    ],
    ['no handlers', executor, () => ({ contract, nats: nats() }), 'The option "handlers" is missing.'],
  ])('%s', async (_what, create, options, why) => {
    const creating = create(options());
    await expect(creating).rejects.toThrow(RangeError);
    await expect(creating).rejects.toThrow(why);
  });
});
