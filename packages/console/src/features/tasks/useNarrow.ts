import { useSyncExternalStore } from 'react';

const query = matchMedia('(max-width: 760px)');
const subscribe = (listener: () => void) => {
  query.addEventListener('change', listener);
  return () => query.removeEventListener('change', listener);
};

/** Whether the page is as wide as a phone; the style sheets draw the line at the same width. */
export function useNarrow(): boolean {
  return useSyncExternalStore(subscribe, () => query.matches);
}
