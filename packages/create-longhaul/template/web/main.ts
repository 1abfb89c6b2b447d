import { createClient } from '@longhaul/client';
import type { contract } from '../src/contract.ts';

const client = createClient<typeof contract>({ url: location.origin });

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const title = element<HTMLInputElement>('title');
const cancel = element<HTMLButtonElement>('cancel');
const bar = element<HTMLProgressElement>('bar');
const status = element('status');
const output = element('output');

element<HTMLFormElement>('form').addEventListener('submit', event => {
  event.preventDefault();
  build().catch((error: unknown) => {
    status.textContent = error instanceof Error ? error.message : String(error);
  });
});

async function build(): Promise<void> {
  output.textContent = '';
  const task = await client.report.build.start({ title: title.value });
  cancel.disabled = false;
  cancel.onclick = () => void task.cancel('The button was pressed.');
  try {
    for await (const event of task.events()) {
      if (event.type !== 'progress') continue;
      bar.value = event.progress.percent;
      status.textContent = event.progress.description;
    }
    const outcome = await task.outcome();
    status.textContent = outcome.status;
    if (outcome.status === 'COMPLETED') output.textContent = outcome.output?.markdown ?? '';
    if (outcome.status === 'FAILED') output.textContent = outcome.error.message;
  } finally {
    cancel.disabled = true;
  }
}
