import { connect, type Msg, type NatsConnection } from '@nats-io/transport-node';

/** A message as it went over the wire. */
export type Tapped = {
  readonly subject: string;
  /** The payload: parsed where it is JSON, else its text (`+ACK`). */
  readonly json: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly reply: string | undefined;
};

/** Records messages of some subjects, and lets tests wait for one. */
export type WireTap = AsyncDisposable & {
  readonly messages: readonly Tapped[];
  /** Resolves with the first recorded message that fits, from the past or the future. */
  readonly when: (fits: (message: Tapped) => boolean) => Promise<Tapped>;
};

/** Listens on a connection of its own, so that nothing of the stack under test is changed by it. */
export async function tapWire(url: string, subjects: readonly string[]): Promise<WireTap> {
  const nc: NatsConnection = await connect({ servers: url });
  const messages: Tapped[] = [];
  const waiting = new Set<() => void>();
  for (const subject of subjects) {
    nc.subscribe(subject, {
      callback: (error, message) => {
        if (error) throw error;
        messages.push(read(message));
        for (const look of waiting) look();
      },
    });
  }
  await nc.flush();
  return {
    messages,
    when: fits =>
      new Promise(resolve => {
        const look = () => {
          const found = messages.find(fits);
          if (!found) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    [Symbol.asyncDispose]: () => nc.close(),
  };
}

function read(message: Msg): Tapped {
  const text = message.string();
  const headers: Record<string, string> = {};
  for (const key of message.headers?.keys() ?? []) headers[key] = message.headers?.get(key) ?? '';
  return {
    subject: message.subject,
    json: parse(text),
    headers,
    reply: message.reply || undefined,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
