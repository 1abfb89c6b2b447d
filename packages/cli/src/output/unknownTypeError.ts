/** The gateway has no task type of this name. */
export class UnknownTypeError extends Error {
  override readonly name = 'UnknownTypeError';
  readonly code = 'UNKNOWN_TASK';

  constructor(asked: string, known: readonly string[]) {
    super(
      `The gateway has no task type "${asked}". There are: ${known.length === 0 ? 'none' : known.join(', ')}.`,
    );
  }
}
