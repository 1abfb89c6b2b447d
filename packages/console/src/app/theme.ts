import { useSyncExternalStore } from 'react';

/** `system`: whatever the system says. The same key is read by `theme.js` before the page is painted. */
export type Theme = 'system' | 'light' | 'dark';
const key = 'longhaul.theme';
const listeners = new Set<() => void>();

function current(): Theme {
  const chosen = document.documentElement.dataset.theme;
  return chosen === 'light' || chosen === 'dark' ? chosen : 'system';
}

function choose(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === 'system') localStorage.removeItem(key);
    else localStorage.setItem(key, theme);
  } catch {
    // Storage is switched off: the choice lasts until the page is loaded again.
  }
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

const following: { readonly [T in Theme]: Theme } = { system: 'light', light: 'dark', dark: 'system' };

/** The theme, and a function that switches to the next one. */
export function useTheme(): { readonly theme: Theme; readonly next: () => void } {
  const theme = useSyncExternalStore(subscribe, current);
  return { theme, next: () => choose(following[theme]) };
}
