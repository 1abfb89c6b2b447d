import { CodedError } from '@longhaul/proto/wire';

/** The options of authentication are missing, invalid or contradictory. The message states what to do. */
export class AuthConfigError extends CodedError<AuthConfigErrorCode> {
  override readonly name = 'AuthConfigError';
}

/** The stable codes of {@link AuthConfigError}. */
export type AuthConfigErrorCode =
  /** The gateway would be reachable from other machines without authentication. */
  | 'AUTHENTICATION_REQUIRED'
  /** The file of API keys cannot be read or is invalid. */
  | 'BAD_API_KEYS_FILE'
  /** The options of JWTs are invalid or contradictory. */
  | 'BAD_JWT_OPTIONS'
  /** An `authenticate` function was given together with API keys or JWTs. */
  | 'AMBIGUOUS_AUTHENTICATION';
