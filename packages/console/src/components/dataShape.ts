/** How a value is best shown. */
export type Shape =
  | { readonly as: 'table'; readonly columns: readonly string[]; readonly rows: readonly Row[] }
  | { readonly as: 'image'; readonly source: string }
  | { readonly as: 'text'; readonly text: string }
  | { readonly as: 'word'; readonly text: string }
  | { readonly as: 'parts'; readonly parts: readonly (readonly [string, unknown])[] }
  | { readonly as: 'list'; readonly items: readonly string[] }
  | { readonly as: 'nothing' }
  | { readonly as: 'tree' };
export type Row = Readonly<Record<string, unknown>>;

const imageData = /^data:image\/(png|jpeg|gif|webp|avif);base64,[A-Za-z0-9+/=\s]+$/;
/** The first characters of base64 tell what it holds. */
const imageStarts: readonly (readonly [string, string])[] = [
  ['iVBORw0KGgo', 'png'],
  ['/9j/', 'jpeg'],
  ['R0lGOD', 'gif'],
  ['UklGR', 'webp'],
];
const leastImageLength = 200;
const longText = 100;
const columnLimit = 8;
const partLimit = 24;

/** What a value looks like: a table, an image, a text, a few parts, or whatever. */
export function shapeOf(value: unknown): Shape {
  if (value === undefined || value === null) return { as: 'nothing' };
  if (typeof value === 'string') return shapeOfText(value);
  if (typeof value !== 'object') return { as: 'word', text: String(value) };
  if (Array.isArray(value)) return shapeOfList(value);
  const parts = Object.entries(value);
  if (parts.length === 0) return { as: 'word', text: '{}' };
  return parts.length <= partLimit ? { as: 'parts', parts } : { as: 'tree' };
}

function shapeOfText(text: string): Shape {
  if (imageData.test(text)) return { as: 'image', source: text };
  const kind = imageStarts.find(([start]) => text.startsWith(start))?.[1];
  if (kind !== undefined && text.length >= leastImageLength && /^[A-Za-z0-9+/=\s]+$/.test(text))
    return { as: 'image', source: `data:image/${kind};base64,${text}` };
  return text.length > longText || text.includes('\n') ? { as: 'text', text } : { as: 'word', text };
}

const isFlat = (value: unknown) => typeof value !== 'object' || value === null;

function shapeOfList(list: readonly unknown[]): Shape {
  if (list.length === 0) return { as: 'word', text: 'none' };
  if (list.every(isFlat)) return { as: 'list', items: list.map(String) };
  const isRow = (item: unknown): item is Row => !isFlat(item) && !Array.isArray(item);
  if (!list.every(isRow)) return { as: 'tree' };
  const columns = [...new Set(list.slice(0, 50).flatMap(row => Object.keys(row)))];
  return columns.length > 0 && columns.length <= columnLimit
    ? { as: 'table', columns, rows: list }
    : { as: 'tree' };
}

/** A value in one cell. */
export function cellText(value: unknown): string {
  if (value === undefined || value === null) return '–';
  if (typeof value === 'number') return numberText(value);
  if (typeof value !== 'object') return String(value);
  const flat = Object.values(value).every(isFlat);
  return flat ? Object.values(value).map(cellText).join(' · ') : JSON.stringify(value);
}

/** A number as people read it: grouped, and not with more digits than tell something. */
export function numberText(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}
