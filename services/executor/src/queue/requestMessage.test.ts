import { headers, type Msg } from '@nats-io/nats-core';
import { describe, expect, test } from 'vitest';
import { readRequestMessage } from './requestMessage.ts';

function message(reply: string | undefined, more: { readonly traceparent?: string } = {}) {
  const answers: string[] = [];
  const given = headers();
  if (more.traceparent) given.set('traceparent', more.traceparent);
  const msg = {
    subject: 'tasks.request.high.id.demo',
    data: new Uint8Array([1]),
    headers: given,
    reply,
    respond: (payload: string) => answers.push(payload),
  } as unknown as Msg;
  return { msg, answers };
}

/** stream, consumer, delivered, stream sequence, consumer sequence, time, pending */
const delivery = (delivered: number, pending: number) =>
  `TASKS.demo-count-high.${delivered}.17.9.1700000000000000000.${pending}`;

describe.each([
  ['the older form', (rest: string) => `$JS.ACK.${rest}`],
  ['the newer form', (rest: string) => `$JS.ACK._.Ah1sH.${rest}`],
  ['the newer form with its random token', (rest: string) => `$JS.ACK.hub.Ah1sH.${rest}.xY7`],
])('%s of the reply subject', (_form, reply) => {
  test('tells consumer, delivery and backlog', () => {
    const request = readRequestMessage(message(reply(delivery(1, 42))).msg);
    expect(request).toMatchObject({ consumer: 'demo-count-high', redelivered: false, waiting: 42 });
  });

  test('tells a redelivery', () => {
    const request = readRequestMessage(message(reply(delivery(2, 0))).msg);
    expect(request).toMatchObject({ redelivered: true, waiting: 0 });
  });
});

test.each([undefined, '', '_INBOX.abc.1', '$JS.API.CONSUMER.MSG.NEXT.TASKS.demo', '$KV.ACK'])(
  'with the reply subject %s it is no request',
  reply => {
    expect(readRequestMessage(message(reply).msg)).toBeUndefined();
  },
);

test('subject, data and trace are the message’s', () => {
  const reply = `$JS.ACK.${delivery(1, 0)}`;
  const request = readRequestMessage(message(reply, { traceparent: '00-ab-cd-01' }).msg);
  expect(request).toMatchObject({ subject: 'tasks.request.high.id.demo', traceparent: '00-ab-cd-01' });
  expect(request?.data).toEqual(new Uint8Array([1]));
  expect(readRequestMessage(message(reply).msg)?.traceparent).toBeUndefined();
});

test('the four answers are the protocol’s', () => {
  const { msg, answers } = message(`$JS.ACK.${delivery(1, 0)}`);
  const request = readRequestMessage(msg);
  request?.ack();
  request?.release();
  request?.release(1_500);
  request?.heartbeat();
  expect(answers).toEqual(['+ACK', '-NAK', '-NAK {"delay":1500000000}', '+WPI']);
});
