import { defaultMaxClockOffsetMs } from '@longhaul/broker';
import { minimumNatsServerVersion } from '@longhaul/nats-server';
import { clockNoteMs } from '@longhaul/proto/wire';
import type { Check, Finding } from './finding.ts';

/** From this part of a limit on it is worth a look, and from this one it is too late soon. */
const noteFrom = 0.75;
const wrongFrom = 0.9;

/** The server: that it answers, its version, JetStream. A server without JetStream, or one that is too old, is told before. */
export const natsCheck: Check = {
  check: 'NATS',
  run: async ({ broker: { nc, jsm }, where }) => {
    const rttMs = await nc.rtt();
    await jsm.getAccountInfo();
    const version = nc.info?.version ?? 'of an unknown version';
    return [
      {
        level: 'good',
        says: `nats-server ${version} with JetStream answers at ${where} in ${rttMs} ms (needed: ${minimumNatsServerVersion} or newer)`,
      },
    ];
  },
};

/** The clock of this machine against the server's, by which all tasks go. */
export const clockCheck: Check = {
  check: 'clock',
  run: async ({ broker }) => {
    await broker.clock.measure(broker);
    const aheadMs = broker.clock.aheadMs ?? 0;
    const findings = clockFindings('the clock of this machine', aheadMs);
    return findings.length > 0
      ? findings
      : [{ level: 'good', says: clockText('the clock of this machine', aheadMs) }];
  },
};

const clockText = (whose: string, aheadMs: number) =>
  `${whose} is ${Math.abs(aheadMs)} ms ${aheadMs < 0 ? 'behind' : 'ahead of'} the server's`;

/** What is to be said of a clock that is off; nothing of one that is right. */
export function clockFindings(whose: string, aheadMs: number): Omit<Finding, 'check'>[] {
  const offMs = Math.abs(aheadMs);
  if (offMs < clockNoteMs) return [];
  return [
    {
      level: offMs < defaultMaxClockOffsetMs ? 'note' : 'wrong',
      says: clockText(whose, aheadMs),
      advice:
        'Set the clocks of both machines by a time service (NTP). A service whose clock is off by a minute does not start.',
    },
  ];
}

/** What JetStream has room for. */
export const storageCheck: Check = {
  check: 'storage',
  run: async ({ broker: { jsm, topology } }) => {
    const { storage, limits } = await jsm.getAccountInfo();
    const { config, state } = await jsm.streams.info(topology.requestStream);
    const parts = [
      {
        what: 'the account',
        used: storage,
        limit: limits.max_storage,
        of: 'max_file_store of nats-server, or the limit of the account',
      },
      {
        what: `the stream ${topology.requestStream}`,
        used: state.bytes,
        limit: config.max_bytes,
        of: 'its max_bytes',
      },
    ];
    const findings = parts.flatMap(({ what, used, limit, of }) => {
      if (limit <= 0 || used < noteFrom * limit) return [];
      return [
        {
          level: used < wrongFrom * limit ? ('note' as const) : ('wrong' as const),
          says: `${what} has used ${Math.floor((100 * used) / limit)} % of its storage (${bytesText(used)} of ${bytesText(limit)})`,
          advice: `Raise ${of}, free the disk, or keep tasks for a shorter time (TASK_RETENTION_…). A full server accepts no tasks.`,
        },
      ];
    });
    if (findings.length > 0) return findings;
    const room =
      limits.max_storage > 0 ? `of ${bytesText(limits.max_storage)}` : 'without a limit of the account';
    return [{ level: 'good', says: `${bytesText(storage)} used, ${room}` }];
  },
};

function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1_024 ** step).toFixed(step === 0 ? 0 : 1)} ${units[step]}`;
}
