import { GatewayError } from '@longhaul/proto/wire';

/** How much JSON one request or payload may hold, whatever its size in bytes. */
export type JsonBreadthLimits = {
  /** Members of objects and elements of arrays, in all. Every 64 bytes of a member's name count as one more. */
  readonly values: number;
  /** Different names of members, in all. */
  readonly keys: number;
};

/**
 * At both limits, parsing, validating and writing take about a tenth of a second of processor time. A new name costs
 * about ten times as much as one that was there before: the engine makes a new kind of object for it.
 */
export const defaultJsonBreadth: JsonBreadthLimits = { values: 100_000, keys: 10_000 };

/** Names are kept apart from texts by the engine, which makes long ones costly. */
const nameBytesOfValue = 64;

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const comma = 0x2c;

/** Different in every process, so that no client can write names that all count as one. */
const seed = Math.trunc(Math.random() * 2 ** 31);
const hashStep = (hash: number, byte: number) => {
  const mixed = Math.imul(hash ^ byte, 0x5bd1e995);
  return mixed ^ (mixed >>> 15);
};
const hashOfId = Buffer.from('id').reduce(hashStep, seed);
/** Of the calls of one message. */
const mostIds = 1_000;

/**
 * Counts the values and the different names in JSON before it is parsed, in one pass over its bytes, which may come in
 * pieces. What is not JSON is counted as if it were; the parser refuses it afterwards.
 */
export class JsonBreadth {
  /** Where the values of `id` begin, of the outermost object or of the objects in an outermost array. */
  readonly idOffsets: number[] = [];
  readonly #limits: JsonBreadthLimits;
  readonly #keys = new Set<number>();
  /** Of each open container whether it is an object; only of the outer ones, once a limit is exceeded. */
  readonly #isObject: boolean[] = [];
  #depth = 0;
  #values = 0;
  #offset = 0;
  #hash = 0;
  #nameBytes = 0;
  #isInString = false;
  #isInName = false;
  #isEscaped = false;
  /** The next string is the name of a member. */
  #isNameNext = false;
  /** Nothing has come yet of what the innermost container holds. */
  #isEmpty = false;

  constructor(limits: JsonBreadthLimits) {
    this.#limits = limits;
  }

  /** Which limit has been exceeded so far. */
  get excess(): keyof JsonBreadthLimits | undefined {
    if (this.#values > this.#limits.values) return 'values';
    return this.#keys.size > this.#limits.keys ? 'keys' : undefined;
  }

  /** Reads the next piece. Past a limit nothing is kept but a count, so the memory it takes is bounded. */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += 1) {
      if (!this.#isInString) {
        this.#readToken(bytes[at] ?? 0);
        continue;
      }
      if (this.#isInName) at = this.#hashTo(bytes, at);
      else if (!this.#isEscaped) at = skipTo(bytes, at);
      if (at === bytes.length) break;
      if (this.#isEscaped) this.#isEscaped = false;
      else if (bytes[at] === backslash) this.#isEscaped = true;
      else if (bytes[at] === quote) {
        this.#isInString = false;
        if (this.#isInName) this.#endName(this.#offset + at + 1);
        this.#isInName = false;
      }
    }
    this.#offset += bytes.length;
  }

  /** Reads on in a name, up to what may end it. */
  #hashTo(bytes: Uint8Array, from: number): number {
    const to = this.#isEscaped ? from : skipTo(bytes, from);
    let hash = this.#hash;
    // With the byte found, but not the quote that ends the name.
    const end = to < bytes.length && (this.#isEscaped || bytes[to] !== quote) ? to + 1 : to;
    for (let at = from; at < end; at += 1) hash = hashStep(hash, bytes[at] ?? 0);
    this.#hash = hash;
    this.#nameBytes += end - from;
    if (this.#nameBytes >= nameBytesOfValue) {
      this.#values += Math.floor(this.#nameBytes / nameBytesOfValue);
      this.#nameBytes %= nameBytesOfValue;
    }
    return to;
  }

  #readToken(byte: number): void {
    // Spaces, and the rest of numbers and literals.
    if (byte <= 0x20) return;
    const isClosing = byte === closeBracket || byte === closeBrace;
    if (this.#isEmpty && !isClosing) this.#values += 1;
    this.#isEmpty = false;
    switch (byte) {
      case quote:
        this.#isInString = true;
        this.#isInName = this.#isNameNext;
        this.#isNameNext = false;
        this.#hash = seed;
        this.#nameBytes = 0;
        break;
      case comma:
        this.#values += 1;
        this.#isNameNext = this.#isObject[this.#depth - 1] === true;
        break;
      case openBrace:
      case openBracket:
        if (this.#depth <= this.#limits.values) this.#isObject[this.#depth] = byte === openBrace;
        this.#depth += 1;
        this.#isEmpty = true;
        this.#isNameNext = byte === openBrace;
        break;
      case closeBrace:
      case closeBracket:
        this.#depth = Math.max(0, this.#depth - 1);
        this.#isNameNext = false;
    }
  }

  #endName(end: number): void {
    if (this.#keys.size <= this.#limits.keys) this.#keys.add(this.#hash);
    const isOutermost = this.#depth === 1 || (this.#depth === 2 && this.#isObject[0] === false);
    if (this.#hash === hashOfId && isOutermost && this.idOffsets.length < mostIds) this.idOffsets.push(end);
  }
}

/** The next byte that may end a string, or the end: most of the bytes of large JSON are passed over here. */
function skipTo(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== quote && bytes[at] !== backslash) at += 1;
  return at;
}

/**
 * The error for JSON with more values or member names than the limits allow.
 * @param what whose JSON it is: `the request`
 */
export function tooManyValues(
  what: string,
  excess: keyof JsonBreadthLimits,
  limits: JsonBreadthLimits,
): GatewayError {
  const has =
    excess === 'values'
      ? `more than ${limits.values} values (members of objects and elements of arrays)`
      : `more than ${limits.keys} different names of members`;
  return new GatewayError(
    'TOO_MANY_VALUES',
    `The JSON of ${what} has ${has}. Split it, pass a reference (a path or URL) instead of the data itself, or raise jsonBreadth.${excess} of gateways and executors (JSON_${excess.toUpperCase()}).`,
  );
}
