import { createClient } from '@longhaul/client';
// Its type alone: neither zod nor the contract come into the page.
import type { contract } from '../src/contract.ts';

const show = (id: string, text: string) => {
  const place = document.getElementById(id);
  if (place) place.textContent += text;
};

async function count(): Promise<void> {
  const url = new URLSearchParams(location.search).get('gateway') ?? location.origin;
  const tasks = createClient<typeof contract>({ url });
  const task = await tasks.primes.count.start({ below: 10_000, stepMs: 20 });
  for await (const event of task.events())
    if (event.type === 'progress') show('percents', `${Math.round(event.progress.percent)} `);
  const { found } = await task.result();
  show('found', String(found));
}

count().catch((error: unknown) => show('fault', String(error)));
