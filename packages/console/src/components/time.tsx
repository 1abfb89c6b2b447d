import { useEffect, useState, useSyncExternalStore } from 'react';
import { durationText, instantText, wholeInstantText } from './timeText.ts';

const tickMs = 1_000;
let nowMs = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    nowMs = Date.now();
    for (const tell of listeners) tell();
  }, tickMs);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The time, a second at a time: one clock for the whole page, which stops while no component shows one. */
export function useNowMs(): number {
  const [mountedMs] = useState(Date.now);
  const now = useSyncExternalStore(subscribe, () => nowMs);
  useEffect(() => {
    nowMs = Math.max(nowMs, mountedMs);
  }, [mountedMs]);
  return Math.max(now, mountedMs);
}

/** An instant as its reader's clock shows it, with the full instant as its tooltip. */
export function Instant({ at }: { readonly at: string }) {
  return (
    <time dateTime={at} title={wholeInstantText(at)} className="nowrap">
      {instantText(at, Date.now())}
    </time>
  );
}

function Ticking({ from }: { readonly from: string }) {
  return <>{durationText(useNowMs() - Date.parse(from))}</>;
}

/** How long something took, or has taken so far. */
export function Elapsed({ from, to }: { readonly from: string; readonly to?: string | undefined }) {
  if (to === undefined) return <Ticking from={from} />;
  return <>{durationText(Date.parse(to) - Date.parse(from))}</>;
}
