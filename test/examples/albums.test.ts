import { runHandler } from '@longhaul/executor';
import { recordThat, startStack } from '@longhaul/testing';
import { describe, expect, inject, it } from 'vitest';
import { contract, handlers } from '../../examples/albums.ts';
import { expectShown } from './expectShown.ts';

describe('the example of parents and children', () => {
  it('publishes an album with what could be developed', async () => {
    await using stack = await startStack({ natsUrl: inject('natsUrl'), contract, handlers });
    const task = await stack.tasks.albums.publish.start({ photos: ['a.png', 'notes.txt', 'b.png'] });
    expect(await task.result()).toEqual({
      urls: ['https://photos.example/800/a.png', 'https://photos.example/800/b.png'],
      unreadable: ['notes.txt'],
    });
    const announced = await recordThat(
      stack.broker,
      'the announcement',
      ({ name, status }) => name === 'photos.announce' && status === 'COMPLETED',
    );
    expect(announced.parent).toEqual({ id: task.id, name: 'albums.publish', detached: true });
  });

  it('can be tested with stand-ins for the children', async () => {
    const { publish } = contract.albums;
    const handler = handlers.albums.publish;
    if (typeof handler !== 'function') throw new Error('It is a function.');
    const album = await runHandler(
      publish,
      handler,
      { photos: ['a.png'] },
      {
        child: ({ name }) => (name === 'photos.develop' ? { url: 'here' } : {}),
      },
    );
    expect(album).toEqual({ urls: ['here'], unreadable: [] });
    await expect(runHandler(publish, handler, { photos: ['a.png'] })).rejects.toThrow(
      /give runHandler the option `child`/,
    );
  });

  it('is shown as it is', () => expectShown('docs/guides/parents-and-children.md', 'albums'));
});
