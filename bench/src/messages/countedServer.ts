import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type NatsServerProcess, startNatsServer } from '@longhaul/nats-server';
import { z } from 'zod';

/** What a nats-server has counted since it was started. */
export type Counters = {
  /** Messages that clients have sent to it. */
  readonly received: number;
  /** Messages that it has sent to clients. */
  readonly sent: number;
  /** Messages stored, by stream: also those that were removed since. */
  readonly stored: Readonly<Record<string, number>>;
  /** Whether nothing waits: every request is answered, every event is delivered and acknowledged. */
  readonly isIdle: boolean;
  readonly atMs: number;
};

const varzSchema = z.object({ in_msgs: z.number(), out_msgs: z.number() });
const stateSchema = z.object({ last_seq: z.number() });
const consumerSchema = z.object({ name: z.string(), num_pending: z.number(), num_ack_pending: z.number() });
const jszSchema = z.object({
  account_details: z
    .array(
      z.object({
        stream_detail: z
          .array(
            z.object({
              name: z.string(),
              state: stateSchema,
              consumer_detail: z.array(consumerSchema).default([]),
            }),
          )
          .default([]),
      }),
    )
    .default([]),
});

/** A nats-server whose counters can be read. */
export type CountedServer = Pick<NatsServerProcess, 'url' | 'stop'> & {
  readonly read: () => Promise<Counters>;
};

/** Starts a nats-server with its monitoring port, on free ports. */
export async function startCountedServer(dataDir: string): Promise<CountedServer> {
  const nats = await startNatsServer({
    dataDir,
    configText: `http: "127.0.0.1:-1"\nports_file_dir: ${JSON.stringify(dataDir)}`,
  });
  const monitoring = await monitoringUrl(join(dataDir, `nats-server_${nats.pid}.ports`));
  const get = async <T>(path: string, schema: z.ZodType<T>): Promise<T> =>
    schema.parse(await (await fetch(`${monitoring}/${path}`)).json());
  return {
    url: nats.url,
    stop: () => nats.stop(),
    read: async () => {
      const jsz = await get('jsz?accounts=true&streams=true&consumers=true', jszSchema);
      const { in_msgs, out_msgs } = await get('varz', varzSchema);
      // In an order of their own, since the server names them in another one each time.
      const streams = jsz.account_details
        .flatMap(({ stream_detail }) => stream_detail)
        .toSorted((a, b) => (a.name < b.name ? -1 : 1));
      return {
        received: in_msgs,
        sent: out_msgs,
        stored: Object.fromEntries(streams.map(({ name, state }) => [name, state.last_seq])),
        isIdle: streams
          .flatMap(({ consumer_detail }) => consumer_detail)
          .every(({ num_pending, num_ack_pending }) => num_pending + num_ack_pending === 0),
        atMs: performance.now(),
      };
    },
  };
}

/** The server writes the file when it listens, a moment after it says that it is ready. */
async function monitoringUrl(portsFile: string): Promise<string> {
  const portsSchema = z.object({ monitoring: z.tuple([z.string()]) });
  for (let tries = 0; ; tries += 1) {
    try {
      return portsSchema.parse(JSON.parse(await readFile(portsFile, 'utf8'))).monitoring[0];
    } catch (error) {
      if (tries >= 100) throw error;
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  }
}
