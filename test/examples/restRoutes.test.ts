import { startStack } from '@longhaul/testing';
import { expect, inject, it } from 'vitest';
import { contract } from '../../examples/restRoutes.ts';

it('the example of REST routes starts its task by each of them', async () => {
  await using stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract,
    handlers: { reports: { build: ({ input }) => ({ pages: input.month.length + input.customer.length }) } },
  });
  const post = async (path: string, body: object) => {
    const response = await fetch(`${stack.gateways[0]?.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'wait=20' },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as unknown };
  };
  const pages = (count: number) => ({ status: 200, body: { result: { pages: count } } });
  expect(await post('/v1/customers/ann/reports', { month: '2026-11-01' })).toMatchObject(pages(13));
  expect(await post('/v1/years/2026/actions/close', { for: 'bob' })).toMatchObject(pages(13));
  expect(await post('/v1/years/26/actions/close', { for: 'bob' })).toMatchObject({
    status: 400,
    body: { errors: [{ parameter: 'year' }] },
  });
});
