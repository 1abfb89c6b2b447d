/** A text that may have to be cut. */
export type CuttableText = { readonly text: string; readonly truncated: boolean };

/**
 * Cuts the longest texts so that all of them together take at most `maxBytes` bytes of UTF-8. Texts shorter than an
 * equal share stay whole.
 */
export function fitTexts<T extends CuttableText>(texts: readonly T[], maxBytes: number): T[] {
  const sizes = texts.map(({ text }) => Buffer.byteLength(text));
  const share = fairShare(sizes, maxBytes);
  return texts.map((item, index) =>
    (sizes[index] ?? 0) <= share ? item : { ...item, text: cutToBytes(item.text, share), truncated: true },
  );
}

/** The largest size at which everything fits when each larger one is cut down to it. */
function fairShare(sizes: readonly number[], total: number): number {
  let left = total;
  const ascending = [...sizes].sort((a, b) => a - b);
  for (const [index, size] of ascending.entries()) {
    const share = Math.floor(left / (ascending.length - index));
    if (size > share) return share;
    left -= size;
  }
  return Number.POSITIVE_INFINITY;
}

function cutToBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  let end = maxBytes;
  // A byte 10xxxxxx continues a character: never cut before it.
  while (end > 0 && ((bytes[end] ?? 0) & 0b1100_0000) === 0b1000_0000) end -= 1;
  return bytes.toString('utf8', 0, end);
}
