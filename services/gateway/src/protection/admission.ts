import { GatewayError } from '@longhaul/proto/wire';
import ipaddr from 'ipaddr.js';
import { type Authenticate, identify } from '../auth/authenticate.ts';
import type { Caller } from '../auth/caller.ts';
import type { Credentials } from '../auth/credentials.ts';
import { RetryLaterError, unavailable } from '../errors.ts';
import { CallRateLimiter, type RateDecision } from './callRate.ts';
import type { ProtectionLimits } from './protectionOptions.ts';

/** The state of the gateway that refuses every call, independent of the caller. */
export type GatewayCondition = {
  readonly isOverloaded: () => boolean;
  /** The connection to NATS has been lost for so long that calls are refused at once. */
  readonly isCutOff: () => boolean;
};

/** A request with one or more calls. */
export type AdmissionRequest = {
  readonly credentials: Credentials;
  readonly address: string;
  readonly calls: number;
  /** Receives the `RateLimit` headers, also when the calls are refused. */
  readonly setHeaders: (headers: Readonly<Record<string, string>>) => void;
};

/** Decides for every call: who calls, whether the call rate allows it, and whether the gateway can serve it now. */
export class Admission {
  readonly #authenticate: Authenticate;
  readonly #condition: GatewayCondition;
  readonly #calls: CallRateLimiter | undefined;
  readonly #policy: string;
  readonly #failures: CallRateLimiter | undefined;

  constructor(
    authenticate: Authenticate,
    condition: GatewayCondition,
    {
      callRate,
      failedAuthenticationRate: failureRate,
    }: Pick<ProtectionLimits, 'callRate' | 'failedAuthenticationRate'>,
  ) {
    this.#authenticate = authenticate;
    this.#condition = condition;
    this.#calls = callRate === 'off' ? undefined : new CallRateLimiter(callRate);
    this.#policy =
      callRate === 'off'
        ? ''
        : `"calls";q=${callRate.burst};w=${Math.ceil(callRate.burst / callRate.perSecond)}`;
    this.#failures = failureRate === 'off' ? undefined : new CallRateLimiter(failureRate);
  }

  /**
   * Admits calls, or refuses them.
   * @throws GatewayError OVERLOADED, UNAUTHENTICATED, CREDENTIALS_EXPIRED, IDENTITY_UNAVAILABLE, TOO_MANY_REQUESTS,
   *   NATS_UNAVAILABLE
   */
  async admit({ credentials, address, calls, setHeaders }: AdmissionRequest): Promise<Caller> {
    this.#requireNotOverloaded();
    const caller = await this.#identify(credentials, address);
    this.#countCalls(caller, calls, setHeaders);
    this.#requireNats();
    return caller;
  }

  /** Admits a call over a WebSocket, whose caller is known. @throws GatewayError as `admit` */
  admitKnown(caller: Caller): void {
    this.#requireNotOverloaded();
    this.#countCalls(caller, 1, () => {});
    this.#requireNats();
  }

  /**
   * Valid credentials are admitted regardless of how many invalid ones came from the same address: a client that shares
   * its address (a proxy, an office) with a program whose key has expired must not be locked out. Keys and signatures
   * cannot be guessed; this limits only the work that invalid credentials cause.
   */
  async #identify(credentials: Credentials, address: string): Promise<Caller> {
    try {
      return await identify(this.#authenticate, credentials);
    } catch (error) {
      const isInvalid = error instanceof GatewayError && invalidCredentials.has(error.code);
      const decision = isInvalid ? this.#failures?.take(networkOf(address), 1, Date.now()) : undefined;
      if (!decision || decision.allowed) throw error;
      throw new RetryLaterError(
        'TOO_MANY_REQUESTS',
        `Too many requests with invalid credentials came from your address. Try again in ${decision.retryAfterSeconds} s, with valid credentials.`,
        decision.retryAfterSeconds,
      );
    }
  }

  #countCalls({ owner }: Caller, calls: number, setHeaders: AdmissionRequest['setHeaders']): void {
    const decision = this.#calls?.take(owner, calls, Date.now());
    if (!decision) return;
    setHeaders(this.#headersOf(decision));
    if (decision.allowed) return;
    throw new RetryLaterError(
      'TOO_MANY_REQUESTS',
      `You exceeded the call rate of an owner. Try again in ${decision.retryAfterSeconds} s.`,
      decision.retryAfterSeconds,
    );
  }

  /** As in draft-ietf-httpapi-ratelimit-headers-10. */
  #headersOf({ remaining, resetSeconds }: RateDecision): Record<string, string> {
    return { 'ratelimit-policy': this.#policy, ratelimit: `"calls";r=${remaining};t=${resetSeconds}` };
  }

  #requireNotOverloaded(): void {
    if (!this.#condition.isOverloaded()) return;
    throw new GatewayError('OVERLOADED', 'The gateway is overloaded. Try again in a moment.');
  }

  #requireNats(): void {
    if (this.#condition.isCutOff()) throw unavailable(undefined);
  }
}

const invalidCredentials: ReadonlySet<string> = new Set(['UNAUTHENTICATED', 'CREDENTIALS_EXPIRED']);

/** Of an IPv6 address its /64 network: one client usually has all 2⁶⁴ addresses of it. */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(':') : parsed.toString();
}
