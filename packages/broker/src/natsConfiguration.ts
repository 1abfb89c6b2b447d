import {
  createTopology,
  importsOf,
  type NatsPermissions,
  type NatsUser,
  natsPermissions,
  natsUsers,
} from '@longhaul/proto/wire';

/**
 * A nats-server's configuration for one deployment: the account of the services, accounts of their own for users who
 * only look on, and each user with the least that it needs.
 *
 * @param namespace the deployment's, as gateways and executors have it
 */
export function natsConfiguration(namespace?: string): string {
  const permissions = natsPermissions(createTopology(namespace));
  const inside = natsUsers.filter(user => !permissions[user].isApart);
  const apart = natsUsers.filter(user => permissions[user].isApart);
  return `${head}
accounts {
  LONGHAUL {
    jetstream: enabled
    users: [
${inside.map(user => userBlock(user, permissions[user])).join('\n')}
    ]
    exports: [
${apart.flatMap(user => exportsOf(user, permissions[user])).join('\n')}
    ]
  }
${apart.map(user => accountApart(user, permissions[user])).join('\n')}
  # For \`nats server report\` and the like: sees servers and connections, no tasks.
  SYS {
    users: [ { user: admin, password: $LONGHAUL_NATS_ADMIN_PASSWORD } ]
  }
}
system_account: SYS
`;
}

const head = `# A nats-server for Longhaul. Generated (\`pnpm generate\`; for another namespace: \`longhaul nats-config <namespace>\`):
# change what is above "accounts" in a copy, and leave the permissions as they are. docs/guides/nats-credentials.md
# says how to use it.
#
# The passwords come from the environment of the nats-server. Begin each with a letter: the server reads a value of
# digits as a number. Instead of a password, a bcrypt hash of it may be given (\`nats server passwd\`).

listen: "0.0.0.0:4222"

jetstream {
  store_dir: "/data"
  # What is acknowledged is on the disk. The default, two minutes, is many times faster and can lose the last two minutes
  # when the machine (not the process) dies; three replicas on different machines are the other way to be safe.
  sync_interval: always
}

# Longhaul sends records and events of up to 1 MiB, which is the server's default; larger payloads go in pieces.
max_payload: 1MB

# Without TLS, passwords and tasks cross the network in the clear. Fill in and uncomment:
# tls {
#   cert_file: "/etc/nats/server.pem"
#   key_file: "/etc/nats/server.key"
#   ca_file: "/etc/nats/ca.pem"
#   # Asks clients for certificates, too: NATS_TLS_CERT and NATS_TLS_KEY.
#   # verify: true
# }
`;

const accountOf = (user: NatsUser) => user.toUpperCase();

/** One question of an observer may have many answers: of all executors, of a batch of messages. */
function exportsOf(user: NatsUser, permissions: NatsPermissions): string[] {
  const { services, streams } = importsOf(permissions);
  const accounts = `accounts: [${accountOf(user)}]`;
  return [
    ...sorted(services).map(subject => `      { service: "${subject}", response_type: stream, ${accounts} }`),
    ...sorted(streams).map(subject => `      { stream: "${subject}", ${accounts} }`),
  ];
}

function accountApart(user: NatsUser, permissions: NatsPermissions): string {
  const { services, streams } = importsOf(permissions);
  const from = (subject: string) => `{ account: LONGHAUL, subject: "${subject}" }`;
  const imports = [
    ...sorted(services).map(subject => `      { service: ${from(subject)} }`),
    ...sorted(streams).map(subject => `      { stream: ${from(subject)} }`),
  ];
  return `  # Apart: the server checks no reply subjects inside one account, so that a user there who may read could write.
  ${accountOf(user)} {
    users: [
${userBlock(user, permissions)}
    ]
    imports: [
${imports.join('\n')}
    ]
  }`;
}

function userBlock(user: string, permissions: NatsPermissions): string {
  const { publish, subscribe, inboxPrefix } = permissions;
  return `      # NATS_INBOX_PREFIX=${inboxPrefix}
      {
        user: ${user}
        password: $LONGHAUL_NATS_${user.toUpperCase()}_PASSWORD
        permissions {
          publish {
            allow: ${list(publish.allow)}${publish.deny ? `\n            deny: ${list(publish.deny)}` : ''}
          }
          subscribe { allow: ${list(subscribe.allow)} }
        }
      }`;
}

/** Without repetitions, and so that a change shows as a line. */
const sorted = (subjects: readonly string[]) => [...new Set(subjects)].sort();

function list(subjects: readonly string[]): string {
  const lines = sorted(subjects).map(subject => `              "${subject}"`);
  return `[\n${lines.join('\n')}\n            ]`;
}
