/**
 * Replaces what stands between `<!-- generated:NAME -->` and `<!-- /generated:NAME -->`, for each name.
 *
 * @throws Error when a name's markers are missing, or the page has markers of an unknown name
 */
export function fillMarkers(
  path: string,
  page: string,
  parts: { readonly [name: string]: () => string },
): string {
  let filled = page;
  for (const [name, make] of Object.entries(parts)) {
    const open = `<!-- generated:${name} -->`;
    const close = `<!-- /generated:${name} -->`;
    const from = filled.indexOf(open);
    const to = filled.indexOf(close);
    if (from < 0 || to < from)
      throw new Error(`${path} must have the lines "${open}" and "${close}", in this order.`);
    filled = `${filled.slice(0, from + open.length)}\n${make()}\n${filled.slice(to)}`;
  }
  for (const [, name = ''] of filled.matchAll(/<!-- generated:(\S+) -->/g)) {
    if (!Object.hasOwn(parts, name))
      throw new Error(`${path} has markers for "${name}", which nothing generates.`);
  }
  return filled;
}

/** A Markdown table with even columns, as the project's formatter writes it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map(row => row.map(cell => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, column) => Math.max(3, ...cells.map(row => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`;
  const [headCells = [], ...rowCells] = cells;
  return [line(headCells), line(widths.map(width => '-'.repeat(width))), ...rowCells.map(line)].join('\n');
}

/** Inline code. */
export const code = (text: string): string => `\`${text}\``;
