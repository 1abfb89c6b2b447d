const key = 'longhaul.token';

/** The API key or token of this tab. It is kept for the tab alone, so that closing it signs out. */
let token = read();
const listeners = new Set<() => void>();

function read(): string | undefined {
  try {
    return sessionStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

export function readToken(): string | undefined {
  return token;
}

/** Signs in with a token, or out with `undefined`. */
export function writeToken(next: string | undefined): void {
  token = next;
  try {
    if (next === undefined) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, next);
  } catch {
    // Storage is switched off: the token lasts until the page is loaded again.
  }
  for (const listener of listeners) listener();
}

/** Tells of every sign-in and sign-out. */
export function onTokenChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
