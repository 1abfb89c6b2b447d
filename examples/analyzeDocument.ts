import { createClient } from '@longhaul/client';
import type { sampleContract } from '@longhaul/samples';

/** Starts `document.analyze` on a file and follows it to its end. */
export async function analyzeDocument(
  url: string,
  path: string,
  onProgress: (percent: number, what: string) => void,
) {
  const tasks = createClient<typeof sampleContract>({ url });

  const task = await tasks.document.analyze.start({ path });
  for await (const event of task.events()) {
    if (event.type === 'progress') onProgress(event.progress.percent, event.progress.description);
  }
  const { title, summary, sentiment, entities, statistics } = await task.result();
  return { id: task.id, title, summary, sentiment, entities, statistics };
}
