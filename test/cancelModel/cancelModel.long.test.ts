import { describe, expect, it } from 'vitest';
import { beginCancel, type Variant } from './cancelModel.ts';
import { everyOrder, someOrders } from './explore.ts';

const handlers = ['hangs', 'returns'] as const;
const claims = [
  { isUnread: true, how: 'begun without a read' },
  { isUnread: false, how: 'begun behind a read' },
] as const;
/** More messages than an executor sends of one attempt. */
const mostMessages = 8;

describe('cancel-means-stop and ends-once, in every order of the steps of gateway and executor', () => {
  describe.each(handlers)('a handler that %s', handler => {
    describe.each(claims)('$how', ({ isUnread }) => {
      it('by an executor that lives', async () => {
        await expectNoFault({ handler, isUnread });
      });

      it.each([true, false])(
        'by an executor that is killed after each of its messages (another one is there: %s)',
        async hasSecond => {
          for (let diesAfter = 0; diesAfter <= mostMessages; diesAfter += 1)
            await expectNoFault({ handler, isUnread, diesAfter, hasSecond });
        },
      );

      it('by a gateway that is killed after each of its messages, and then by another one', async () => {
        for (let gatewayDiesAfter = 0; gatewayDiesAfter <= mostMessages; gatewayDiesAfter += 1) {
          const variant: Variant = { handler, isUnread, gatewayDiesAfter };
          const { faults } = await someOrders(() => beginCancel(variant), 200, gatewayDiesAfter);
          expect(faults.slice(0, 3)).toEqual([]);
        }
      });

      it('with two gateways that cancel, in 1,500 orders', async () => {
        const seed = 11;
        const variant: Variant = { handler, isUnread, gateways: 2 };
        const { faults } = await someOrders(() => beginCancel(variant), 1_500, seed);
        expect(faults.slice(0, 3)).toEqual([]);
      });
    });
  });

  it('the model tells: a gateway that does not look at the queue is caught, where nothing was read', async () => {
    const unread = await everyOrder(() =>
      beginCancel({ handler: 'hangs', isUnread: true, gatewayIsBlind: true }),
    );
    expect(new Set(unread.faults.map(({ fault }) => fault))).toContain('A handler runs behind canceled.');
    const read = await everyOrder(() =>
      beginCancel({ handler: 'hangs', isUnread: false, gatewayIsBlind: true }),
    );
    expect(read.faults).toEqual([]);
  });
});

async function expectNoFault(variant: Variant): Promise<void> {
  const { orders, faults } = await everyOrder(() => beginCancel(variant));
  expect(faults.slice(0, 3)).toEqual([]);
  expect(orders).toBeGreaterThan(1);
}
