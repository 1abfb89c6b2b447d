import { useEffect, useState } from 'react';
import { followSystem, type Range, type Snapshot } from '../../gateway/system.ts';

/** The system as it was when NATS answered last; nothing until it has. */
export function useSystem({ lastMs, buckets }: Range): Snapshot | undefined {
  const [latest, setLatest] = useState<Snapshot>();
  useEffect(
    () =>
      followSystem({ lastMs, buckets }, snapshot => {
        if (snapshot) setLatest(snapshot);
      }),
    [lastMs, buckets],
  );
  return latest;
}
