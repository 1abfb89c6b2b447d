/** Why a handler's signal was aborted; it is the signal's `reason`, so a handler that just rethrows it is right. */
export class AttemptAborted extends Error {
  override readonly name = 'AttemptAborted';
  readonly code: AbortCode;

  constructor(code: AbortCode, message: string) {
    super(message);
    this.code = code;
  }
}

export type AbortCode =
  /** Somebody canceled the task. */
  | 'CANCELED'
  /** The attempt took longer than `timeoutMs`. */
  | 'TIMEOUT'
  /** The whole task took longer than `totalTimeoutMs`. */
  | 'TASK_TIMEOUT'
  /** Another executor runs the task now, or it has ended: whatever this attempt does no longer counts. */
  | 'SUPERSEDED'
  /** The executor shuts down; another one will run the task again. */
  | 'HANDED_BACK';
