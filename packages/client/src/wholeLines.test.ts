import { expect, test } from 'vitest';
import { inWholeLines } from './wholeLines.ts';

/** A response whose body comes in these pieces. */
function responseOf(pieces: readonly (string | Uint8Array<ArrayBuffer>)[], init?: ResponseInit): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: controller => {
      for (const piece of pieces)
        controller.enqueue(typeof piece === 'string' ? encoder.encode(piece) : piece);
      controller.close();
    },
  });
  return new Response(body, init);
}

async function piecesOf(response: Response): Promise<string[]> {
  const pieces = response.body ? await Array.fromAsync(response.body) : [];
  return pieces.map(piece => new TextDecoder().decode(piece));
}

test.each<[readonly string[], readonly string[]]>([
  [
    ['a\n', 'b\n'],
    ['a\n', 'b\n'],
  ],
  [
    ['{"a"', ':1', '}\n{"b"', ':2}\n'],
    ['{"a":1}\n', '{"b":2}\n'],
  ],
  [
    ['1\n2\n3', '4', '\n'],
    ['1\n2\n', '34\n'],
  ],
  [['no end', ' at all'], ['no end at all']],
  [
    ['\n', '\n'],
    ['\n', '\n'],
  ],
  [[], []],
])('%j arrives as %j', async (pieces, lines) => {
  expect(await piecesOf(inWholeLines(responseOf(pieces)))).toEqual(lines);
});

test('a character that two pieces share stays whole', async () => {
  const bytes = new TextEncoder().encode('"ö"\n');
  const halves = [bytes.slice(0, 2), bytes.slice(2)];
  expect(await piecesOf(inWholeLines(responseOf(halves)))).toEqual(['"ö"\n']);
});

test('status and headers stay, a refusal and an answer without a body are left alone', async () => {
  const passed = inWholeLines(responseOf(['a\n'], { status: 207, headers: { vary: 'x' } }));
  expect(passed.status).toBe(207);
  expect(passed.headers.get('vary')).toBe('x');
  for (const response of [responseOf(['a'], { status: 413 }), new Response(null, { status: 204 })])
    expect(inWholeLines(response)).toBe(response);
});

test('leaving the body early ends the source', async () => {
  const canceled = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: controller => controller.enqueue(new TextEncoder().encode('line\n')),
    cancel: () => canceled.resolve(),
  });
  await inWholeLines(new Response(body)).body?.cancel();
  await canceled.promise;
});
