import { setTimeout as delay } from 'node:timers/promises';
import {
  createBroker,
  isStreamNotFound,
  natsOptionsOf,
  natsVariables,
  openConnection,
} from '@longhaul/broker';
import { createTopology } from '@longhaul/proto/wire';
import { readEnvironment } from '@longhaul/runtime';
import { z } from 'zod';
import { type ExitCode, exitCodes } from '../output/exitCodes.ts';
import { type OutputFlags, print, printJson, styled } from '../output/output.ts';
import { terminalText } from '../output/terminalText.ts';
import { durationMs } from '../tasks/duration.ts';
import type { Check, Finding } from './finding.ts';
import { clockCheck, natsCheck, storageCheck } from './serverChecks.ts';
import { streamCheck } from './streamCheck.ts';
import { executorCheck, gatewayCheck, queueCheck } from './workChecks.ts';

/** Flags of `longhaul doctor`. */
export type DoctorFlags = OutputFlags & {
  readonly nats?: string | undefined;
  readonly namespace?: string | undefined;
  readonly waiting: string;
};

/** All checks, in the order in which one that fails explains those that follow. */
const checks: readonly Check[] = [
  natsCheck,
  clockCheck,
  storageCheck,
  streamCheck,
  gatewayCheck,
  executorCheck,
  queueCheck,
];

/** A server that is not there must not be waited for as a service waits for it. */
const connectWithinMs = 10_000;

/** `longhaul doctor`: looks at everything in NATS, changes nothing, and says what is wrong and what to do. */
export async function doctorCommand(flags: DoctorFlags): Promise<ExitCode> {
  const findings = await examine(flags);
  const isWell = findings.every(({ level }) => level !== 'wrong');
  if (flags.json) printJson({ ok: isWell, findings });
  else for (const finding of findings) printFinding(finding);
  if (!flags.json) print(isWell ? '\nNothing is wrong.' : '\nSomething is wrong: see above.');
  return isWell ? exitCodes.done : exitCodes.failed;
}

async function examine({ nats, namespace, waiting }: DoctorFlags): Promise<Finding[]> {
  const env = readEnvironment(
    z.object({ ...natsVariables.shape, LONGHAUL_NAMESPACE: z.string().optional() }),
    { ...process.env, ...(nats === undefined ? {} : { NATS_URL: nats }) },
  );
  const where = env.NATS_URL;
  const late = new AbortController();
  const opening = openConnection(
    { ...natsOptionsOf(env), options: { waitOnFirstConnect: false, maxReconnectAttempts: 0 } },
    'longhaul doctor',
  );
  const opened = await Promise.race([
    opening,
    delay(connectWithinMs, undefined, { signal: late.signal, ref: false }).then(() => undefined),
  ]).catch((error: unknown) => String(error instanceof Error ? error.message : error));
  late.abort();
  if (opened === undefined || typeof opened === 'string')
    return [
      {
        check: 'NATS',
        level: 'wrong',
        says: `${where} does not answer${opened === undefined ? '' : `: ${opened}`}`,
        advice:
          'Start nats-server, or name it by --nats or NATS_URL; for credentials see NATS_USER and the like.',
      },
    ];
  try {
    const broker = await createBroker(opened.nc, createTopology(namespace ?? env.LONGHAUL_NAMESPACE)).catch(
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    );
    // Without JetStream, or with a server that is too old: its message says what to do.
    if (broker instanceof Error) return [{ check: 'NATS', level: 'wrong', says: broker.message }];
    const context = { broker, where, waitingMs: durationMs(waiting) };
    const findings: Finding[] = [];
    for (const { check, run } of checks) {
      try {
        for (const finding of await run(context)) findings.push({ check, ...finding });
      } catch (error) {
        // Of a stream that is not there, the check of the streams tells.
        if (isStreamNotFound(error)) continue;
        findings.push({
          check,
          level: 'wrong',
          says: `it cannot be looked at: ${error instanceof Error ? error.message : String(error)}`,
          advice:
            'The NATS user of this command may not ask for it, or NATS does not answer: use that of the gateway.',
        });
      }
    }
    return findings;
  } finally {
    await opened.close();
  }
}

const marks = { good: ['green', 'ok   '], note: ['yellow', 'note '], wrong: ['red', 'wrong'] } as const;

function printFinding({ check, level, says, advice }: Finding): void {
  const [style, mark] = marks[level];
  print(`${styled(style, mark)}  ${check.padEnd(10)}  ${terminalText(says)}`);
  if (advice !== undefined) print(`${' '.repeat(19)}${advice}`);
}
