import { onTokenChange, writeToken } from './credentials.ts';
import { isSignedOut } from './faults.ts';

/** Whether the gateway has refused us. Everything that was refused waits here for the next sign-in. */
let signInNeeded = false;
const listeners = new Set<() => void>();

function set(next: boolean): void {
  if (signInNeeded === next) return;
  signInNeeded = next;
  for (const listener of listeners) listener();
}

export const session = {
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  needsSignIn: (): boolean => signInNeeded,
  /** Tells of any error; whether it was one of credentials. */
  refused: (error: unknown): boolean => {
    if (!isSignedOut(error)) return false;
    set(true);
    return true;
  },
  signIn: (token: string): void => {
    set(false);
    writeToken(token);
  },
  signOut: (): void => {
    writeToken(undefined);
  },
};

/** Resolves with the next sign-in or sign-out; rejects with the signal's reason. */
export function nextToken(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = onTokenChange(() => {
      stop();
      resolve();
    });
    signal.addEventListener(
      'abort',
      () => {
        stop();
        reject(signal.reason);
      },
      { once: true },
    );
  });
}
