import { expect, test } from 'vitest';
import { z } from 'zod';
import { UsageError } from '../../output/usageError.ts';
import { inputOfFlags } from './schemaFlags.ts';

const schema = z.toJSONSchema(
  z.object({
    width: z.int().optional(),
    ratio: z.number().optional(),
    label: z.string().optional(),
    maxWidth: z.number().optional(),
    files: z.array(z.string()).optional(),
    points: z.array(z.object({ x: z.number() })).optional(),
    cache: z.boolean().optional(),
    mode: z.enum(['fast', 'exact']).optional(),
    level: z.union([z.literal(1), z.literal(2)]).optional(),
    either: z.union([z.string(), z.number()]).optional(),
    gap: z.number().nullable().optional(),
    source: z.object({ path: z.string(), page: z.int().optional() }).optional(),
    anything: z.unknown().optional(),
    notes: z.string().optional(),
  }),
  { io: 'input' },
) as Record<string, unknown>;

test.each([
  { args: ['--width', '200'], input: { width: 200 } },
  { args: ['--width=-5'], input: { width: -5 } },
  { args: ['--ratio', '0.5'], input: { ratio: 0.5 } },
  { args: ['--label', '200'], input: { label: '200' } },
  { args: ['--label', '--dashes'], input: { label: '--dashes' } },
  { args: ['--label', ''], input: { label: '' } },
  { args: ['--max-width', '3'], input: { maxWidth: 3 } },
  { args: ['--maxWidth', '3'], input: { maxWidth: 3 } },
  { args: ['--input.max_width', '3'], input: { maxWidth: 3 } },
  { args: ['--files', 'a', '--files', 'b'], input: { files: ['a', 'b'] } },
  { args: ['--files', '["a","b"]', '--files', 'c'], input: { files: ['a', 'b', 'c'] } },
  { args: ['--points', '{"x":1}', '--points', '{"x":2}'], input: { points: [{ x: 1 }, { x: 2 }] } },
  { args: ['--cache', '--width', '1'], input: { cache: true, width: 1 } },
  { args: ['--no-cache'], input: { cache: false } },
  { args: ['--cache', 'false'], input: { cache: false } },
  { args: ['--cache=true'], input: { cache: true } },
  { args: ['--notes', 'x'], input: { notes: 'x' } },
  { args: ['--mode', 'fast'], input: { mode: 'fast' } },
  { args: ['--level', '2'], input: { level: 2 } },
  { args: ['--either', '5'], input: { either: 5 } },
  { args: ['--either', 'five'], input: { either: 'five' } },
  { args: ['--gap', 'null'], input: { gap: null } },
  { args: ['--source.path', 'a', '--source.page', '2'], input: { source: { path: 'a', page: 2 } } },
  { args: ['--source', '{"path":"a"}', '--source.page', '2'], input: { source: { path: 'a', page: 2 } } },
  { args: ['--anything', '{"deep":[1]}'], input: { anything: { deep: [1] } } },
  { args: ['--anything', 'words'], input: { anything: 'words' } },
])('$args', ({ args, input }) => {
  expect(inputOfFlags(args, schema)).toEqual(input);
});

test.each([
  { args: ['--colour', 'red'], says: /no field "colour".*--width/s },
  { args: ['--width', 'wide'], says: /--width is a number/ },
  { args: ['--width'], says: /--width needs a value/ },
  { args: ['--points', '{"x":'], says: /--points takes JSON/ },
  { args: ['--width', '1', 'stray'], says: /"stray" is not a flag/ },
  { args: ['--no-width'], says: /no field "no-width"/ },
])('$args is refused', ({ args, says }) => {
  expect(() => inputOfFlags(args, schema)).toThrow(says);
  expect(() => inputOfFlags(args, schema)).toThrow(UsageError);
});
