/** Why a service cannot listen at an address; the message says what to do. The system's error is its `cause`. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  /** Stable: programs go by it. */
  readonly code: ListenErrorCode;

  constructor(code: ListenErrorCode, message: string, options: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What is wrong with the address. */
export type ListenErrorCode =
  /** Another process listens there. */
  | 'ADDRESS_IN_USE'
  /** This machine does not have the address, or cannot find its name. */
  | 'ADDRESS_NOT_AVAILABLE'
  /** The user of the process may not listen there. */
  | 'ADDRESS_NOT_ALLOWED';

/**
 * The error of a service that could not listen.
 *
 * @param cause what the system said
 * @param what listens: `the gateway`
 * @param settings where its address comes from: `port (PORT)`
 */
export function listenFailure(
  cause: unknown,
  what: string,
  { host, port }: { readonly host: string; readonly port: number },
  settings: { readonly host: string; readonly port: string },
): unknown {
  if (!(cause instanceof Error) || !('code' in cause)) return cause;
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  switch (cause.code) {
    case 'EADDRINUSE':
      return new ListenError(
        'ADDRESS_IN_USE',
        `Another process listens at ${where}, so ${what} cannot. Stop it, or choose another ${settings.port}; 0 takes a free one.`,
        { cause },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ListenError(
        'ADDRESS_NOT_AVAILABLE',
        `This machine has no address ${host}, so ${what} cannot listen there. Choose another ${settings.host}: 127.0.0.1 for this machine alone, 0.0.0.0 for all of its addresses.`,
        { cause },
      );
    case 'EACCES':
      return new ListenError(
        'ADDRESS_NOT_ALLOWED',
        `The user of this process may not listen at ${where}. Choose a ${settings.port} of 1024 or above.`,
        { cause },
      );
    default:
      return cause;
  }
}
