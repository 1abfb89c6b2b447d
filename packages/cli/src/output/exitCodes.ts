/** What the exit code of a command says. `docs/guides/command-line.md` lists them. */
export const exitCodes = {
  done: 0,
  /** A task failed or was canceled, or something went wrong that has no code of its own. */
  failed: 1,
  /** The command line, the input or a file that they name. */
  usage: 2,
  notFound: 3,
  notAllowed: 4,
  /** No gateway answers, or it cannot do it at the moment. */
  unreachable: 5,
  interrupted: 130,
} as const;

/** One of {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
