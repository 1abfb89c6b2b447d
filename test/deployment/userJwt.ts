import { randomUUID } from 'node:crypto';
import { nkeys } from '@nats-io/transport-node';

type KeyPair = ReturnType<typeof nkeys.createUser>;

/** What a server with decentralised accounts needs, and a `.creds` file of one of its users. */
export type DecentralisedAccount = {
  readonly operatorJwt: string;
  readonly systemAccount: string;
  /** Both accounts, as `resolver_preload` has them. */
  readonly accounts: string;
  readonly creds: string;
};

/** An operator, an account of it and a user of that, as `nsc` would make them (NATS ADR-14). */
export function makeDecentralisedAccount(): DecentralisedAccount {
  const [operator, account, user] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createUser()];
  const system = nkeys.createAccount();
  const seed = new TextDecoder().decode(user.getSeed());
  const userJwt = signed(account, user, {
    type: 'user',
    version: 2,
    pub: {},
    sub: {},
    subs: -1,
    data: -1,
    payload: -1,
  });
  const limits = {
    subs: -1,
    data: -1,
    payload: -1,
    imports: -1,
    exports: -1,
    wildcards: true,
    conn: -1,
    leaf: -1,
  };
  return {
    operatorJwt: signed(operator, operator, { type: 'operator', version: 2 }),
    systemAccount: system.getPublicKey(),
    accounts: [account, system]
      .map(one => `${one.getPublicKey()}: ${signed(operator, one, { type: 'account', version: 2, limits })}`)
      .join('\n'),
    creds: `-----BEGIN NATS USER JWT-----\n${userJwt}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`,
  };
}

function signed(by: KeyPair, subject: KeyPair, nats: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1_000);
  const [iss, sub] = [by.getPublicKey(), subject.getPublicKey()];
  const body = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part({ jti: randomUUID(), iat: now, iss, sub, name: sub, nats })}`;
  return `${body}.${Buffer.from(by.sign(new TextEncoder().encode(body))).toString('base64url')}`;
}
