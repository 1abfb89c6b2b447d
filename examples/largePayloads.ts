import { createClient } from '@longhaul/client';
import { createExecutor } from '@longhaul/executor';
import { createGateway } from '@longhaul/gateway';
import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';

export const contract = defineContract({
  table: {
    sort: defineTask({
      input: z.object({ rows: z.array(z.object({ name: z.string(), text: z.string() })) }),
      output: z.object({ rows: z.array(z.object({ name: z.string(), text: z.string() })) }),
    }),
  },
});

/** The same limit on every gateway and executor; 64 MiB is the default, 128 MiB the most. */
const payloadLimitBytes = 16 * 1024 * 1024;

export async function serve(natsUrl: string, namespace: string) {
  const nats = { servers: natsUrl };
  const executor = await createExecutor({
    contract,
    handlers: {
      table: {
        sort: ({ input }) => ({ rows: input.rows.toSorted((a, b) => a.name.localeCompare(b.name)) }),
      },
    },
    nats,
    namespace,
    payloadLimitBytes,
  });
  const gateway = await createGateway({ contract, nats, namespace, port: 0, payloadLimitBytes });
  const tasks = createClient<typeof contract>({ url: gateway.url });
  return { executor, gateway, tasks };
}
