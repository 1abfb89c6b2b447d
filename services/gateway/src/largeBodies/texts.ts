/** Shorter texts stay where they are: with as many values as a body may have, they are a few megabytes together. */
const shortChars = 64;
/** How much text is copied between threads at a time: about two milliseconds' work. */
export const batchChars = 512 * 1024;

/** Where the texts of a value were, in their order. */
export type Places = {
  readonly targets: object[];
  readonly keys: (string | number)[];
  /** How many pieces each text has. */
  readonly pieces: number[];
};

/** A value without its long texts. Its places refer to objects of `holder`, also after both were copied together. */
export type Outline = { readonly holder: { readonly value: unknown }; readonly places: Places };

/**
 * Takes all long texts out of a JSON value, and cuts them into pieces: what is left is small, and the texts can be copied
 * to another thread in batches. The value is changed.
 */
export function takeTexts(value: unknown): { readonly outline: Outline; readonly batches: string[][] } {
  const holder = { value };
  const places: Places = { targets: [], keys: [], pieces: [] };
  const batches: string[][] = [];
  let batch: string[] = [];
  let batched = 0;
  const add = (piece: string) => {
    if (batched > 0 && batched + piece.length > batchChars) {
      batches.push(batch);
      batch = [];
      batched = 0;
    }
    batch.push(piece);
    batched += piece.length;
  };
  // Not by recursion: the value may be nested as deep as the parser allows.
  const open: object[] = [holder];
  for (let target = open.pop(); target; target = open.pop()) {
    for (const key of Array.isArray(target) ? target.keys() : Object.keys(target)) {
      const member = (target as Record<string | number, unknown>)[key];
      if (typeof member === 'object' && member !== null) open.push(member);
      if (typeof member !== 'string' || member.length <= shortChars) continue;
      places.targets.push(target);
      places.keys.push(key);
      places.pieces.push(Math.ceil(member.length / batchChars));
      for (let at = 0; at < member.length; at += batchChars) add(member.slice(at, at + batchChars));
      (target as Record<string | number, unknown>)[key] = '';
    }
  }
  if (batch.length > 0) batches.push(batch);
  return { outline: { holder, places }, batches };
}

/** Puts texts back to their places, one batch after the other. */
export class TextPlaces {
  readonly #places: Places;
  #place = 0;
  #text = '';
  #pieces = 0;

  constructor(places: Places) {
    this.#places = places;
  }

  put(batch: readonly string[]): void {
    const { targets, keys, pieces } = this.#places;
    for (const piece of batch) {
      // Not copied: the engine keeps a long text as the tree of its parts until it is searched.
      this.#text += piece;
      this.#pieces += 1;
      if (this.#pieces < (pieces[this.#place] ?? 0)) continue;
      const target = targets[this.#place] as Record<string | number, unknown>;
      target[keys[this.#place] as string | number] = this.#text;
      this.#place += 1;
      this.#text = '';
      this.#pieces = 0;
    }
  }
}
