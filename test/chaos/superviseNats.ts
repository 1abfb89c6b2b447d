import { setTimeout as delay } from 'node:timers/promises';
import { connect } from '@nats-io/transport-node';
import { stillMs } from './lives.ts';
import type { System } from './system.ts';

/** How often the server is asked, and for how long it may be silent, before it counts as hung. */
export type SupervisionOptions = { readonly everyMs: number; readonly hungAfterMs: number };

/** Of a single question. */
const answerMs = 3_000;
/** After a planned outage the server needs a moment. */
const recoveryMs = 5_000;

/**
 * Does what a liveness probe of a cluster does: a nats-server that answers nobody for a long time, though the plan leaves it
 * alone, is killed and started again on its files. nats-server 2.15.1 was seen
 * to lock itself up for ever right after a stream was deleted under load: no client got an answer, new ones not even a
 * connection. Where its routines wait is told, for a report to its makers.
 */
export async function superviseNats(
  system: Pick<System, 'nats' | 'monitorUrl' | 'natsOutages' | 'natsOutage'>,
  say: (line: string) => void,
  signal: AbortSignal,
  { everyMs, hungAfterMs }: SupervisionOptions = { everyMs: 2_000, hungAfterMs: 20_000 },
): Promise<void> {
  let silentSinceMs: number | undefined;
  while (!signal.aborted) {
    await delay(everyMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const askedMs = Date.now();
    const isPlanned = system.natsOutages.some(({ toMs }) => toMs === stillMs || askedMs - toMs < recoveryMs);
    if (isPlanned || (await answers(system.nats.url))) {
      silentSinceMs = undefined;
      continue;
    }
    silentSinceMs ??= askedMs;
    if (Date.now() - silentSinceMs < hungAfterMs) continue;
    say(`nats-server has been silent for ${Date.now() - silentSinceMs} ms, and is restarted`);
    say(await blockedRoutines(system.monitorUrl));
    await system.natsOutage('kill', 0, silentSinceMs);
    silentSinceMs = undefined;
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const nc = await connect({ servers: url, timeout: answerMs, reconnect: false });
    try {
      await nc.request('$JS.API.INFO', '', { timeout: answerMs });
      return true;
    } finally {
      await nc.close();
    }
  } catch {
    return false;
  }
}

/** The routines of nats-server that wait for a lock, by its monitoring. */
async function blockedRoutines(monitorUrl: string): Promise<string> {
  try {
    const answer = await fetch(`${monitorUrl}/stacksz`, { signal: AbortSignal.timeout(answerMs) });
    const routines = (await answer.text()).split('\n\n');
    const blocked = routines.filter(routine => /^goroutine \d+ \[(sync|semacquire)/.test(routine));
    return `of its ${routines.length} routines ${blocked.length} wait for a lock:\n${blocked.join('\n\n')}`;
  } catch (error) {
    return `its monitoring does not say why: ${String(error)}`;
  }
}
