import { createClient } from '@longhaul/client';
import type { contract } from './contract.ts';

export async function resize(url: string, files: string[]) {
  const tasks = createClient<typeof contract>({ url });
  const task = await tasks.images.resize.start({ files, width: 200 });

  for await (const event of task.events()) {
    if (event.type === 'progress') console.log(event.progress.description);
  }
  try {
    return (await task.result()).resized;
  } catch (error) {
    // `failure` is typed by the contract: with this code comes this data.
    if (task.isFailure(error) && error.failure.code === 'UNREADABLE')
      return `cannot read ${error.failure.data.file}`;
    throw error;
  }
}
