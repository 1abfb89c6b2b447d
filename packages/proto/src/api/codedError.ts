/**
 * An error with a stable code, which programs go by; its message is for people, and says what to do. Each class of
 * errors has codes of its own.
 */
export abstract class CodedError<C extends string> extends Error {
  readonly code: C;

  constructor(code: C, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
