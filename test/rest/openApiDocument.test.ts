import { createGateway } from '@longhaul/gateway';
import { type Contract, defineContract, defineTask } from '@longhaul/proto';
import { sampleContract } from '@longhaul/samples';
import { freshNamespace } from '@longhaul/testing';
import { expect, inject, it } from 'vitest';
import { z } from 'zod';
import { expectClean } from './openApiLint.ts';

async function documentOf(contract: Contract): Promise<string> {
  const nats = { servers: inject('natsUrl') };
  await using gateway = await createGateway({ contract, nats, namespace: freshNamespace(), port: 0 });
  return await (await fetch(`${gateway.url}/openapi.json`)).text();
}

type Tree = { readonly name: string; readonly children: readonly Tree[] };

it('of the tasks that come along is clean, and has the routes that they declare', async () => {
  const text = await documentOf(sampleContract);
  await expectClean(text);
  const { paths } = JSON.parse(text) as { paths: Record<string, unknown> };
  expect(paths).toHaveProperty(['/v1/bots/{bot_id}/actions/analyze-document', 'post']);
  expect(paths).toHaveProperty(['/v1/tasks/audio.transcribe', 'post']);
  // An input that takes one of two fields says so.
  const { components } = JSON.parse(text) as { components: { schemas: Record<string, unknown> } };
  const either = { oneOf: [{ required: ['path'] }, { required: ['content'] }] };
  const inputs = Object.values(components.schemas).filter(schema =>
    JSON.stringify(schema).includes('"content"'),
  );
  expect(inputs.filter(schema => 'oneOf' in (schema as object))).toMatchObject([either, either]);
});

it('of schemas that refer to themselves, share parts or have names of their own is clean', async () => {
  const tree: z.ZodType<Tree> = z.object({
    name: z.string(),
    get children() {
      return z.array(tree);
    },
  });
  const named = z.object({ x: z.number() }).meta({ id: 'a point / of view' });
  const contract = defineContract({
    grow: defineTask({ input: tree, progress: named, output: tree }),
    turn: defineTask({ input: z.object({ from: named, to: named }), output: named }),
  });
  await expectClean(await documentOf(contract));
});
