import { doNotRetry, retryAfter } from '@longhaul/executor';

const boom = () => {
  throw new TypeError('a hook of the value');
};
const getter = { get: boom, enumerable: true, configurable: true };
const traps = Object.fromEntries(Object.getOwnPropertyNames(Reflect).map(trap => [trap, boom]));

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
function chain(length: number): Error {
  let error = new Error('the first');
  for (let n = 1; n < length; n += 1) error = new Error(`link ${n}`, { cause: error });
  return error;
}
function circle(): Error {
  const error = new Error('a circle');
  error.cause = error;
  return Object.assign(error, { self: error, errors: [error] });
}

/** What handlers throw in the tests, by name, and what has to stand in the failure's message. */
export const thrownValues: { readonly [what: string]: readonly [make: () => unknown, message: RegExp] } = {
  nothing: [() => undefined, /^undefined was thrown/],
  null: [() => null, /^null was thrown/],
  symbol: [() => Symbol('why'), /Symbol\(why\)/],
  bigint: [() => 5n, /5n was thrown/],
  number: [() => Number.NaN, /NaN was thrown/],
  text: [() => 'no more paper', /^no more paper$/],
  emptyText: [() => '', /empty text/],
  hugeText: [() => 'x'.repeat(5_000_000), /^x+…$/],
  function: [() => boom, /boom/],
  plainObject: [() => ({ status: 400 }), /status: 400/],
  noPrototype: [() => Object.create(null) as object, /null prototype/],
  frozen: [() => Object.freeze(new Error('frozen')), /^frozen$/],
  messageArray: [
    () => Object.assign(new Error(), { message: ['name must be a string'], statusCode: 400 }),
    /^name must be a string$/,
  ],
  messageUndefined: [() => Object.assign(new Error(), { message: undefined }), /Error without a message/],
  messageObject: [() => Object.assign(new Error(), { message: { why: 'x' } }), /why: 'x'/],
  messageThrows: [() => Object.defineProperty(new Error(), 'message', getter), /without a message/],
  allThrow: [
    () =>
      Object.defineProperties(
        new Error(),
        Object.fromEntries(
          ['message', 'name', 'stack', 'cause', 'errors', 'code', 'constructor'].map(key => [key, getter]),
        ),
      ),
    /\S/,
  ],
  hooksThrow: [
    () =>
      Object.assign(new Error('hooks'), {
        toString: boom,
        toJSON: boom,
        [Symbol.toPrimitive]: boom,
        [Symbol.for('nodejs.util.inspect.custom')]: boom,
      }),
    /^hooks$/,
  ],
  trappedProxy: [() => new Proxy({}, traps), /\S/],
  trappedError: [() => new Proxy(new Error('inside'), traps), /\S/],
  revokedProxy: [revoked, /\S/],
  circle: [circle, /^a circle$/],
  longChain: [() => chain(10_000), /^link 9999$/],
  aggregate: [() => new AggregateError([new Error('a'), new Error('b')]), /AggregateError: a; b/],
  emptyAggregate: [() => new AggregateError([]), /AggregateError without a message/],
  hugeStack: [() => Object.assign(new Error('stack'), { stack: 'x'.repeat(5_000_000) }), /^stack$/],
  controlCharacters: [() => new Error(`${'\u0000'.repeat(20_000)}\ud800`), /\S/],
  notRetried: [() => doNotRetry(Object.create(null)), /null prototype/],
  retriedNever: [() => retryAfter(Symbol('later'), 1e300), /Symbol\(later\)/],
  adviceTampered: [
    () => Object.assign(retryAfter(new Error('tampered'), 1), { advice: { retry: true, delayMs: 'soon' } }),
    /^tampered$/,
  ],
};
