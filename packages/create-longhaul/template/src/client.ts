// `npm run client`: starts a task of the system that `npm run dev` runs, and waits for its end.

import { createClient } from '@longhaul/client';
import type { contract } from './contract.ts';

const client = createClient<typeof contract>({
  url: process.env.LONGHAUL_URL ?? 'http://127.0.0.1:8080',
  ...(process.env.LONGHAUL_API_KEY ? { token: process.env.LONGHAUL_API_KEY } : {}),
});
const task = await client.report.build.start({ title: process.argv[2] ?? 'The weather', sections: 3 });
for await (const event of task.events()) {
  if (event.type === 'progress')
    console.log(`${Math.round(event.progress.percent)} %  ${event.progress.description}`);
}
try {
  const { markdown, words } = await task.result();
  console.log(`${markdown}\n\n${words} words`);
} catch (error) {
  // With a declared code comes its data, typed by the contract.
  if (!task.isFailure(error) || error.failure.code !== 'FORBIDDEN_TITLE') throw error;
  console.error(`not for a report: ${error.failure.data.title}`);
  process.exitCode = 1;
}
