import { GatewayError } from '@longhaul/proto/wire';
import ipaddr from 'ipaddr.js';
import { type Authenticate, identify } from '../auth/authenticate.ts';
import type { Caller } from '../auth/caller.ts';
import type { Credentials } from '../auth/credentials.ts';
import { RetryLaterError, unavailable } from '../errors.ts';
import { CallRateLimiter, type RateDecision } from './callRate.ts';
import type { ProtectionLimits } from './protectionOptions.ts';

/** What stands in the way of every call, whoever makes it. */
export type Condition = {
  readonly isOverloaded: () => boolean;
  /** NATS has been away for so long that waiting for it would only hold the caller up. */
  readonly isCutOff: () => boolean;
};

/** A call, or several in one request. */
export type AdmissionRequest = {
  readonly credentials: Credentials;
  readonly address: string;
  readonly calls: number;
  /** Is given the headers that say how many calls are left, also when these are refused. */
  readonly tell: (headers: Readonly<Record<string, string>>) => void;
};

/** Where every call comes in: who makes it, whether it may be made so often, and whether it can be served at all. */
export class Admission {
  readonly #authenticate: Authenticate;
  readonly #condition: Condition;
  readonly #calls: CallRateLimiter | undefined;
  readonly #policy: string;
  readonly #failures: CallRateLimiter | undefined;

  constructor(
    authenticate: Authenticate,
    condition: Condition,
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
   * Lets calls in, or says why not.
   * @throws GatewayError OVERLOADED, UNAUTHENTICATED, CREDENTIALS_EXPIRED, IDENTITY_UNAVAILABLE, TOO_MANY_REQUESTS,
   *   NATS_UNAVAILABLE
   */
  async admit({ credentials, address, calls, tell }: AdmissionRequest): Promise<Caller> {
    this.#requireUnhurried();
    const caller = await this.#identify(credentials, address);
    this.#take(caller, calls, tell);
    this.#requireNats();
    return caller;
  }

  /** Lets a call in that comes by a WebSocket, whose caller is known. @throws GatewayError as `admit` */
  admitKnown(caller: Caller): void {
    this.#requireUnhurried();
    this.#take(caller, 1, () => {});
    this.#requireNats();
  }

  /**
   * Right credentials are let in however many wrong ones have come from the same address: whoever shares it with a
   * program whose key has ended, behind a proxy or in an office, is not to be locked out. Nobody guesses a key or a
   * signature; what is limited is the work that wrong ones make.
   */
  async #identify(credentials: Credentials, address: string): Promise<Caller> {
    try {
      return await identify(this.#authenticate, credentials);
    } catch (error) {
      const isWrong = error instanceof GatewayError && wrongCredentials.has(error.code);
      const turn = isWrong ? this.#failures?.take(networkOf(address), 1, Date.now()) : undefined;
      if (!turn || turn.taken) throw error;
      throw new RetryLaterError(
        'TOO_MANY_REQUESTS',
        `Wrong credentials have come from your address too often. Try again in ${turn.retryAfterSeconds} s, with those that the gateway knows.`,
        turn.retryAfterSeconds,
      );
    }
  }

  #take({ owner }: Caller, calls: number, tell: AdmissionRequest['tell']): void {
    const turn = this.#calls?.take(owner, calls, Date.now());
    if (!turn) return;
    tell(this.#headersOf(turn));
    if (turn.taken) return;
    throw new RetryLaterError(
      'TOO_MANY_REQUESTS',
      `You call more often than an owner may. Try again in ${turn.retryAfterSeconds} s.`,
      turn.retryAfterSeconds,
    );
  }

  /** As draft-ietf-httpapi-ratelimit-headers-10 has them. */
  #headersOf({ left, fullInSeconds }: RateDecision): Record<string, string> {
    return { 'ratelimit-policy': this.#policy, ratelimit: `"calls";r=${left};t=${fullInSeconds}` };
  }

  #requireUnhurried(): void {
    if (!this.#condition.isOverloaded()) return;
    throw new GatewayError('OVERLOADED', 'The gateway has more to do than it can. Try again in a moment.');
  }

  #requireNats(): void {
    if (this.#condition.isCutOff()) throw unavailable(undefined);
  }
}

const wrongCredentials: ReadonlySet<string> = new Set(['UNAUTHENTICATED', 'CREDENTIALS_EXPIRED']);

/** Of IPv6 the network: whoever has one has all of its 2⁶⁴ addresses. */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(':') : parsed.toString();
}
