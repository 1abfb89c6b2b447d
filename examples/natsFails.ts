import { createClient, gatewayErrorOf } from '@longhaul/client';
import type { contract } from './contract.ts';

/** Follows a task through outages: the stream resumes by itself, and `onLost` reports each interruption. */
export async function follow(url: string, id: string, print: (line: string) => void) {
  const task = createClient<typeof contract>({ url }).images.resize.handle(id);
  const onLost = (error: unknown) =>
    print(`interrupted: ${gatewayErrorOf(error)?.reason ?? 'no connection'}`);
  for await (const event of task.events({ onLost })) print(event.type);
}
