import { parseArgs } from 'node:util';
import { countMessages } from './countMessages.ts';

// `pnpm bench:messages --tasks 500`: what a task of each kind costs in messages, by nats-server's own counters.
const rounds = 5;
const { values } = parseArgs({ options: { tasks: { type: 'string', default: '500' } } });
const tasks = Number(values.tasks);
if (!Number.isSafeInteger(tasks) || tasks < 1)
  throw new RangeError('--tasks takes a whole number of at least 1.');

const rows = (await countMessages(Math.ceil(tasks / rounds), rounds)).map(
  ({ name, received, sent, stored, storedIn }) => [
    name,
    received.toFixed(2),
    sent.toFixed(2),
    stored.toFixed(2),
    Object.entries(storedIn)
      .map(([stream, count]) => `${stream} ${count.toFixed(2)}`)
      .join(', '),
  ],
);
const titles = [`a task (of ${tasks})`, 'received', 'sent', 'stored', 'stored in'];
for (const row of [titles, titles.map(() => '---'), ...rows])
  process.stdout.write(`| ${row.join(' | ')} |\n`);
