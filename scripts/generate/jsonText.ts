/** The widest line that the formatter leaves in one piece. */
const columns = 110;

/** Writes JSON the way the project's formatter does: lists of plain values stand in one line where they fit. */
export function jsonText(value: unknown): string {
  return `${write(value, '', 0)}\n`;
}

/** @param before how many columns of the line are taken by what stands before the value (and a comma after it) */
function write(value: unknown, indent: string, before: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    const inOneLine = `[${value.map(item => JSON.stringify(item)).join(', ')}]`;
    const plain = value.every(item => typeof item !== 'object' || item === null);
    if (plain && before + inOneLine.length < columns) return inOneLine;
    return `[\n${value.map(item => deeper + write(item, deeper, deeper.length)).join(',\n')}\n${indent}]`;
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return '{}';
  const lines = entries.map(([key, item]) => {
    const start = `${deeper}${JSON.stringify(key)}: `;
    return start + write(item, deeper, start.length);
  });
  return `{\n${lines.join(',\n')}\n${indent}}`;
}
