import type { CallRate } from './callRate.ts';

/** Limits that protect the gateway from its callers. `docs/guides/protection.md` shows what a client sees of each. */
export type ProtectionOptions = {
  /**
   * The call rate of an owner at this gateway: `perSecond` calls a second on average, `burst` at once (at least 100, the
   * calls of a batch). Default: 500 and 5,000; `off` without authentication, where all callers are one owner.
   */
  readonly callRate?: CallRate | 'off';
  /**
   * The rate of failed authentications from one address, after which further failures are answered 429. Valid
   * credentials are still admitted. Default: 1 a second, 100 at once.
   */
  readonly failedAuthenticationRate?: CallRate | 'off';
  /**
   * Streams, WebSockets and waiting calls (`run`, `result` with `waitMs`, `Prefer: wait`) that an owner may have open at
   * this gateway. Default: 1,000; without authentication no limit.
   */
  readonly streamsPerOwner?: number;
  /**
   * How many stored events of all owners may have followed the `lastEventId` of a stream over many tasks (`tasks.watch`).
   * With more the stream begins now, and its first event reports that. No limit for operators, who may see all events.
   * Default: 10,000.
   */
  readonly replayEvents?: number;
  /** How many connections may be open; further ones are closed at once. Default: 20,000. */
  readonly connections?: number;
  /** Milliseconds for which a client may read nothing of the data that waits for it, before it is disconnected. Default: 60,000. */
  readonly stalledMs?: number;
  /**
   * Milliseconds after which a stream of Server-Sent Events ends at the latest, and its client opens it again: that spreads
   * load over gateways, and ends streams of clients that vanished without closing them. Each ends at a random time between
   * half of it and all of it, so that streams that were opened together do not end together. Default: 900,000, a quarter
   * of an hour.
   */
  readonly streamMaxMs?: number;
  /** Milliseconds that the head of a request may take to arrive. Default: 15,000. */
  readonly headersTimeoutMs?: number;
  /** Milliseconds that a whole request may take to arrive. Default: 120,000, for 64 MiB at 4.5 Mbit/s. */
  readonly requestTimeoutMs?: number;
  /**
   * The average delay of the event loop over a second, in milliseconds, above which calls are answered 503, once it was
   * more in two seconds in a row. Health and metrics are still served. `0`: never. Default: 1,000.
   */
  readonly overloadDelayMs?: number;
  /** Origins of web pages that may call the gateway (CORS): `https://app.example.org`. Default: none. */
  readonly allowedOrigins?: readonly string[];
  /**
   * Addresses of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are trusted: `10.0.0.0/8`, `loopback`. Default:
   * none, so that a client cannot forge its address.
   */
  readonly trustedProxies?: readonly string[];
};

/** The options with their defaults filled in. */
export type ProtectionLimits = Required<ProtectionOptions>;

/** The calls of one batch must fit. */
const smallestBurst = 100;

/**
 * Fills in the defaults.
 *
 * @param isOpen whether the gateway has no authentication
 * @throws RangeError when a limit would admit no call
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
      throw new RangeError(`protection.${name} must be more than 0.`);
  if (!(overloadDelayMs >= 0)) throw new RangeError('protection.overloadDelayMs must not be less than 0.');
  for (const [name, rate] of Object.entries({ callRate, failedAuthenticationRate }))
    if (rate !== 'off' && !(rate.perSecond > 0 && rate.burst >= 1))
      throw new RangeError(`protection.${name} must admit calls: perSecond more than 0, burst at least 1.`);
  if (callRate !== 'off' && callRate.burst < smallestBurst)
    throw new RangeError(
      `protection.callRate.burst must be at least ${smallestBurst}, the calls of one batch.`,
    );
  return limits;
}
