import { useEffect, useState } from 'react';
import { followSystem, type Range, type Snapshot } from '../../gateway/system.ts';
import { type Load, loadOf } from './load.ts';

/** Ten minutes, at one snapshot in two seconds. */
const loadsKept = 300;
/** What was seen of the load stays while other pages are looked at. */
let loads: readonly Load[] = [];

/** The system as it is, and its load since the console was opened. */
export function useSystem(range: Range): {
  readonly snapshot: Snapshot | undefined;
  readonly loads: readonly Load[];
} {
  const [state, setState] = useState<{ snapshot: Snapshot | undefined; loads: readonly Load[] }>({
    snapshot: undefined,
    loads,
  });
  const { lastMs, buckets } = range;
  useEffect(
    () =>
      followSystem({ lastMs, buckets }, snapshot => {
        if (!snapshot) return;
        loads = [...loads, loadOf(snapshot)].slice(-loadsKept);
        setState({ snapshot, loads });
      }),
    [lastMs, buckets],
  );
  return state;
}
