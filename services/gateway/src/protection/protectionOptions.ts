import type { CallRate } from './callRate.ts';

/** How the gateway withstands those who ask too much of it. `docs/guides/protection.md` shows what a client sees of each. */
export type ProtectionOptions = {
  /**
   * How often an owner may call this gateway: `perSecond` calls in the long run, `burst` at once (at least 100, a batch).
   * Default: 500 and 5,000; `off` where the gateway has no authentication, since localAdministrator is one owner then.
   */
  readonly callRate?: CallRate | 'off';
  /**
   * How often somebody at one address may fail to authenticate before being told to wait; right credentials are let in
   * nonetheless. Default: 1 a second, 100 at once.
   */
  readonly failedAuthenticationRate?: CallRate | 'off';
  /**
   * Streams, WebSockets and waiting calls (`run`, `result` with `waitMs`, `Prefer: wait`) that an owner may have open at
   * this gateway. Default: 1,000; without authentication: any number.
   */
  readonly streamsPerOwner?: number;
  /**
   * How many stored events, of localAdministrator's, may lie behind the `lastEventId` of a stream over many tasks (`tasks.watch`).
   * With more it begins now and says so. Operators, who may see all of them, have no limit. Default: 10,000.
   */
  readonly replayEvents?: number;
  /** Connections that the gateway takes; others are closed at once. Default: 20,000. */
  readonly connections?: number;
  /** Milliseconds that a client may take nothing of what waits for it before it is cut off. Default: 60,000. */
  readonly stalledMs?: number;
  /**
   * Milliseconds after which a stream of Server-Sent Events ends, to be opened again: load spreads, and a watcher that has
   * vanished without a word is found out at last. Default: 900,000, a quarter of an hour.
   */
  readonly streamMaxMs?: number;
  /** Milliseconds that the head of a request may take to arrive. Default: 15,000. */
  readonly headersTimeoutMs?: number;
  /** Milliseconds that a whole request may take to arrive. Default: 120,000, for 64 MiB at 4.5 Mbit/s. */
  readonly requestTimeoutMs?: number;
  /**
   * With the event loop later than this many milliseconds, on the average of a second, calls are answered 503; health and
   * metrics are served. `0`: never. Default: 1,000.
   */
  readonly overloadDelayMs?: number;
  /** Origins of web pages that may call the gateway (CORS): `https://app.example.org`. Default: none. */
  readonly allowedOrigins?: readonly string[];
  /**
   * Addresses of proxies that say in `X-Forwarded-For` and `X-Forwarded-Proto` for whom they ask: `10.0.0.0/8`, `loopback`.
   * Default: none, so that nobody can pretend to be elsewhere.
   */
  readonly trustedProxies?: readonly string[];
};

/** What the options come to. */
export type ProtectionLimits = Required<ProtectionOptions>;

/** A whole batch has to fit. */
const smallestBurst = 100;

/**
 * Fills in the defaults.
 *
 * @param isOpen whether the gateway has no authentication
 * @throws RangeError when a limit would let nothing through
 */
export function protectionLimits(options: ProtectionOptions, isOpen: boolean): ProtectionLimits {
  const limits: ProtectionLimits = {
    callRate: isOpen ? 'off' : { perSecond: 500, burst: 5_000 },
    failedAuthenticationRate: { perSecond: 1, burst: 100 },
    streamsPerOwner: isOpen ? Number.POSITIVE_INFINITY : 1_000,
    replayEvents: 10_000,
    connections: 20_000,
    stalledMs: 60_000,
    streamMaxMs: 15 * 60_000,
    headersTimeoutMs: 15_000,
    requestTimeoutMs: 120_000,
    overloadDelayMs: 1_000,
    allowedOrigins: [],
    trustedProxies: [],
    ...options,
  };
  const { callRate, failedAuthenticationRate, overloadDelayMs, ...others } = limits;
  for (const [name, value] of Object.entries(others))
    if (typeof value === 'number' && !(value > 0))
      throw new RangeError(`protection.${name} has to be more than 0.`);
  if (!(overloadDelayMs >= 0)) throw new RangeError('protection.overloadDelayMs cannot be less than 0.');
  for (const [name, rate] of Object.entries({ callRate, failedAuthenticationRate }))
    if (rate !== 'off' && !(rate.perSecond > 0 && rate.burst >= 1))
      throw new RangeError(
        `protection.${name} has to let something through: perSecond more than 0, burst at least 1.`,
      );
  if (callRate !== 'off' && callRate.burst < smallestBurst)
    throw new RangeError(
      `protection.callRate.burst has to be at least ${smallestBurst}, the calls of one batch.`,
    );
  return limits;
}
