import type { Figure } from '../measure/measurement.ts';
import type { SystemKind } from '../systems/system.ts';
import { median } from './statistics.ts';

/** What one round of one system gave. */
export type Sample = { readonly system: SystemKind['name']; readonly figure: Figure };

/** What the project aims at, as Longhaul's figure over the other's. */
const aims: ReadonlyMap<string, { readonly text: string; readonly met: (ratio: number) => boolean }> =
  new Map([
    ['starts at 64 in flight, no worker running', atLeast(1)],
    ['end to end: until the last of all tasks is done', atLeast(1.3)],
    ['run (start and wait in one call), one at a time: p50', atMost(0.7)],
    ['recovery after kill -9 of the worker, defaults', atMost(1 / 6, '1/6')],
  ]);

/** A Markdown table: medians of all rounds, with the lowest and highest round, and their ratio. */
export function resultTable(samples: readonly Sample[]): string {
  const names = [...new Set(samples.map(({ figure }) => figure.name))];
  const rows = names.map(name => {
    const own = valuesOf(samples, 'longhaul', name);
    const other = valuesOf(samples, 'bullmq', name);
    const unit = samples.find(({ figure }) => figure.name === name)?.figure.unit ?? 'ms';
    // One system alone is compared with nothing.
    const ratio = own.length > 0 && other.length > 0 ? median(own) / median(other) : undefined;
    const aim = aims.get(name);
    const verdict = aim && ratio !== undefined ? `${aim.text}: ${aim.met(ratio) ? 'met' : 'missed'}` : '';
    return `| ${name} | ${cell(own, unit)} | ${cell(other, unit)} | ${ratio?.toFixed(2) ?? '–'} | ${verdict} |`;
  });
  return ['| | Longhaul | tRPC + BullMQ | ratio | aim |', '| --- | --: | --: | --: | --- |', ...rows].join(
    '\n',
  );
}

function valuesOf(samples: readonly Sample[], system: SystemKind['name'], name: string): number[] {
  return samples.filter(s => s.system === system && s.figure.name === name).map(s => s.figure.value);
}

function cell(values: readonly number[], unit: Figure['unit']): string {
  if (values.length === 0) return '–';
  const middle = `${written(median(values))} ${unit}`.replace(' /s', '/s');
  if (values.length === 1) return middle;
  return `${middle} (${written(Math.min(...values))}–${written(Math.max(...values))})`;
}

/** Three digits that matter: more of them would only be noise. */
function written(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en', { maximumFractionDigits: 3 });
}

function atLeast(limit: number) {
  return { text: `≥ ${limit}`, met: (ratio: number) => ratio >= limit };
}

function atMost(limit: number, text = String(limit)) {
  return { text: `≤ ${text}`, met: (ratio: number) => ratio <= limit };
}
