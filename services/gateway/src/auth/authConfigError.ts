/** Authentication that cannot be set up as it was asked for. The message says what to do. */
export class AuthConfigError extends Error {
  override readonly name = 'AuthConfigError';
  readonly code: AuthConfigErrorCode;

  constructor(code: AuthConfigErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export type AuthConfigErrorCode =
  /** Others than this machine could reach a gateway that asks nobody who they are. */
  | 'AUTHENTICATION_REQUIRED'
  /** The file of API keys cannot be read, or does not hold keys. */
  | 'BAD_API_KEYS_FILE'
  /** The options of JWTs do not go together. */
  | 'BAD_JWT_OPTIONS'
  /** An `authenticate` function beside API keys or JWTs. */
  | 'AMBIGUOUS_AUTHENTICATION';
