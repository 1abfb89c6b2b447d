import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ContractError, defineContract, defineTask, restRoute } from '../index.ts';

const output = z.object({});
const input = z.object({ bot: z.string(), text: z.string() });

/** Code and message of the error that a definition is refused with. */
function refusal(define: () => unknown): string {
  try {
    define();
  } catch (error) {
    const { code, message } = error as ContractError;
    return `${code} ${message}`;
  }
  return 'accepted';
}

describe('restRoute', () => {
  it('reads method, path and parameters', () => {
    expect(restRoute('POST /v1/bots/{bot}/actions/greet')).toEqual({
      method: 'POST',
      path: '/v1/bots/{bot}/actions/greet',
      parameters: ['bot'],
      mapping: undefined,
    });
  });

  it.each([
    ['GET /v1/bots', 'write POST'],
    ['POST /bots', 'below /v1'],
    ['POST /v1/bots/', 'write POST'],
    ['POST /v1/bots/{}', 'write POST'],
    ['POST /v1/bots/{a-b}', 'write POST'],
    ['POST /v1/bots/x{a}', 'write POST'],
    ['POST /v1/bots/a b', 'write POST'],
    ['POST /v1/tasks/{bot}', "the gateway's own"],
    ['POST /v1/schedules', "the gateway's own"],
    ['POST /v1/{bot}/greet', 'first part is a word'],
    ['POST /v1/bots/{bot}/{bot}', 'twice'],
  ])('refuses %s', (line, why) => {
    const said = refusal(() => restRoute(line));
    expect(said).toContain('BAD_ROUTE');
    expect(said).toContain(why);
  });

  it('refuses a parameter that has no field to go to', () => {
    const lost = restRoute('POST /v1/bots/{robot}/greet');
    expect(refusal(() => defineTask({ input, output, rest: [lost] }))).toMatch(/^BAD_ROUTE.*\{robot\}/);
    const shape = z.object({ bot: z.string() });
    expect(refusal(() => restRoute('POST /v1/bots/{robot}', { shape, toInput: () => ({}) }))).toMatch(
      /^BAD_ROUTE.*\{robot\}/,
    );
    const union = z.union([z.object({ text: z.string() }), input]);
    expect(
      refusal(() => defineTask({ input: union, output, rest: [restRoute('POST /v1/bots/{bot}/greet')] })),
    ).toBe('accepted');
  });

  it('refuses a shape that is not JSON', () => {
    const shape = z.object({ at: z.date() });
    expect(refusal(() => restRoute('POST /v1/bots', { shape, toInput: () => ({}) }))).toContain('NOT_JSON');
  });

  it('gives what its shape has accepted to the mapping', () => {
    const route = restRoute('POST /v1/bots/{bot}/greet', {
      shape: z.object({ bot: z.string(), say: z.string().default('hi') }),
      toInput: ({ bot, say }) => ({ bot, text: say }),
    });
    const accepted = route.mapping?.shape.parse({ bot: 'b' });
    expect(route.mapping?.toInput(accepted)).toEqual({ bot: 'b', text: 'hi' });
    expect(defineTask({ input, output, rest: [route] }).rest).toEqual([route]);
  });

  it('types what the mapping answers by the input of the task', () => {
    const wrong = restRoute('POST /v1/bots/{bot}', {
      shape: z.object({ bot: z.string() }),
      toInput: ({ bot }) => ({ bot, text: 1 }),
    });
    // @ts-expect-error the text is a string
    defineTask({ input, output, rest: [wrong] });
  });

  it('belongs to one task of a contract only', () => {
    const other = z.object({ robot: z.string() });
    const contract = () =>
      defineContract({
        a: defineTask({ input, output, rest: [restRoute('POST /v1/bots/{bot}/greet')] }),
        inline: defineTask({
          input,
          output,
          rest: [
            restRoute('POST /v1/bots', {
              shape: other,
              toInput: ({ robot }) => ({ bot: robot, text: 'hi' }),
            }),
          ],
        }),
        b: { c: defineTask({ input: other, output, rest: [restRoute('POST /v1/bots/{robot}/greet')] }) },
      });
    expect(refusal(contract)).toMatch(/^BAD_ROUTE.*b\.c.*route of a/);
  });
});
