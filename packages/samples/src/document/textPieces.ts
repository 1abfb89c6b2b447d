/** What a language library reads at once: its time grows faster than its text. */
const longestPiece = 4_000;
/** Longer than any word; a longer run of characters without a space (a URL, base64) is cut for the same reason. */
const longestRun = 200;

/** Cuts a block into pieces, after a sentence where there is one, else between words, else anywhere. */
export function toPieces(block: string): readonly string[] {
  const pieces: string[] = [];
  let start = 0;
  while (block.length - start > longestPiece) {
    const window = block.slice(start, start + longestPiece);
    const end = start + (lastSentenceEnd(window) || window.lastIndexOf(' ') + 1 || cutBefore(window));
    pieces.push(block.slice(start, end));
    start = end;
  }
  pieces.push(block.slice(start));
  return pieces;
}

/** Puts spaces into endless runs of characters, for readers that cannot bear them. */
export function breakLongRuns(text: string): string {
  return text.replace(new RegExp(`\\S{${longestRun}}`, 'gu'), '$& ');
}

/** Shortens a text to at most `length` characters, with an ellipsis, never through the middle of a character. */
export function cutText(text: string, length: number): string {
  if (text.length <= length) return text;
  const cut = text.slice(0, length - 1);
  return `${isHighSurrogate(cut, cut.length - 1) ? cut.slice(0, -1) : cut}…`;
}

function lastSentenceEnd(window: string): number {
  const last = Math.max(...['. ', '! ', '? '].map(end => window.lastIndexOf(end)));
  return last < 0 ? 0 : last + 2;
}

function cutBefore(window: string): number {
  return isHighSurrogate(window, window.length - 1) ? window.length - 1 : window.length;
}

function isHighSurrogate(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code >= 0xd800 && code <= 0xdbff;
}
