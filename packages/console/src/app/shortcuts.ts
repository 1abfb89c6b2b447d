import { useEffect, useRef } from 'react';

/** By key, or by two keys one after the other: `g t`. */
export type Shortcuts = Readonly<Record<string, () => void>>;

/** The second key of a pair has to come this soon. */
const pairMs = 1_000;
const stack: { current: Shortcuts }[] = [];
let first: { key: string; atMs: number } | undefined;
let listening = false;

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const target = event.target instanceof Element ? event.target : undefined;
  // What is typed is text; a dialog has keys of its own.
  if (target?.closest('input, textarea, select, [contenteditable], [role="dialog"], [role="alertdialog"]'))
    return;
  const pair = first && event.timeStamp - first.atMs < pairMs ? `${first.key} ${event.key}` : undefined;
  first = { key: event.key, atMs: event.timeStamp };
  for (const key of pair === undefined ? [event.key] : [pair, event.key]) {
    // The latest page or part that wants a key gets it.
    const action = stack.findLast(({ current }) => key in current)?.current[key];
    if (!action) continue;
    first = undefined;
    event.preventDefault();
    action();
    return;
  }
}

/** Keys that work while the component is mounted, except in text fields. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => {
    if (!listening) document.addEventListener('keydown', onKey);
    listening = true;
    stack.push(latest);
    return () => void stack.splice(stack.indexOf(latest), 1);
  }, []);
}
