import { defineContract, defineTask } from '@longhaul/proto';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { HandlersError, matchHandlers, selectTasks } from './handlers.ts';

const task = defineTask({ input: z.string(), output: z.string() });
const contract = defineContract({
  audio: { cut: task, mix: task },
  motion: { axis: { move: task } },
  ping: task,
});
const handler = () => 'done';
const handlers = {
  audio: { cut: handler, mix: handler },
  motion: { axis: { move: handler } },
  ping: handler,
};

describe('matching', () => {
  test('puts each definition together with its handler', () => {
    const move = () => 'moved';
    const matched = matchHandlers(contract, { ...handlers, motion: { axis: { move } } });
    expect([...matched.keys()]).toEqual(['audio.cut', 'audio.mix', 'motion.axis.move', 'ping']);
    expect(matched.get('motion.axis.move')).toEqual({ definition: task, handler: move });
  });

  test('names every task without a handler', () => {
    const match = () => matchHandlers(contract, { audio: { cut: handler }, ping: handler });
    expect(match).toThrow(HandlersError);
    expect(match).toThrow(/no handler for audio\.mix, motion\.axis\.move/);
  });

  test('names every handler without a task', () => {
    const match = () =>
      matchHandlers(contract, { ...handlers, pong: handler, audio: { ...handlers.audio, hum: handler } });
    expect(match).toThrow(HandlersError);
    expect(match).toThrow(/handler audio\.hum, pong/);
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a string', 'handlers'],
    ['values that are no functions', { audio: { cut: 'x', mix: 1 }, motion: null, ping: {} }],
  ])('%s has no handler at all', (_what, given) => {
    expect(() => matchHandlers(contract, given)).toThrow(/audio\.cut, audio\.mix, motion\.axis\.move, ping/);
  });
});

describe('selecting', () => {
  const names = (...chosen: string[]) => {
    const selected = selectTasks(contract, handlers, chosen);
    return [...matchHandlers(selected.contract, selected.handlers).keys()];
  };

  test('a branch, a task, and both', () => {
    expect(names('audio')).toEqual(['audio.cut', 'audio.mix']);
    expect(names('motion.axis.move')).toEqual(['motion.axis.move']);
    expect(names('ping', 'audio.mix')).toEqual(['ping', 'audio.mix']);
  });

  test('of one branch several parts', () => {
    expect(names('audio.mix', 'audio.cut')).toEqual(['audio.mix', 'audio.cut']);
  });

  test.each([[['audio', 'audio.cut']], [['audio.cut', 'audio']]])(
    'what is named twice is there once: %j',
    chosen => {
      expect(names(...chosen)).toEqual(['audio.cut', 'audio.mix']);
    },
  );

  test('leaves the contract and the handlers as they were', () => {
    const frozen = { audio: Object.freeze({ cut: task, mix: task }) };
    const frozenHandlers = { audio: Object.freeze({ cut: handler, mix: handler }) };
    const selected = selectTasks(frozen, frozenHandlers, ['audio', 'audio.cut']);
    expect([...matchHandlers(selected.contract, selected.handlers).keys()]).toEqual([
      'audio.cut',
      'audio.mix',
    ]);
  });

  test.each([
    'video',
    'audio.hum',
    'audio.cut.input',
    '',
    'audio.',
    'constructor',
    'audio.toString',
    '__proto__',
  ])('"%s" is not in the contract, and the message says what is', name => {
    expect(() => selectTasks(contract, handlers, [name])).toThrow(HandlersError);
    expect(() => selectTasks(contract, handlers, [name])).toThrow(/audio\.cut/);
  });
});
