import { expect, test } from 'vitest';
import { cellText, shapeOf } from './dataShape.ts';

test.each<[string, unknown]>([
  ['nothing', null],
  ['nothing', undefined],
  ['word', 'short'],
  ['word', 0],
  ['word', []],
  ['text', 'a line\nand another'],
  ['text', 'x'.repeat(200)],
  ['image', `data:image/png;base64,${'A'.repeat(20)}`],
  ['image', `iVBORw0KGgo${'A'.repeat(300)}`],
  ['word', 'iVBORw0KGgo'],
  ['list', ['a', 'b', 3]],
  ['table', [{ a: 1, b: 2 }, { a: 3 }]],
  ['tree', [[1], [2]]],
  ['tree', [{ a: 1 }, 2]],
  ['parts', { a: 1 }],
  ['tree', Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`k${n}`, n]))],
])('%s', (as, value) => {
  expect(shapeOf(value).as).toBe(as);
});

test('an address that says that it is an image and is not one is text', () => {
  expect(shapeOf('data:image/svg+xml,<svg onload="alert(1)"/>').as).toBe('word');
});

test.each([
  [null, '–'],
  [0.1 + 0.2, '0.3'],
  [{ label: 'POSITIVE', score: 0.25 }, 'POSITIVE · 0.25'],
  [{ a: { b: 1 } }, '{"a":{"b":1}}'],
])('%j in a cell', (value, text) => {
  expect(cellText(value)).toBe(text);
});
