import { connect } from '@nats-io/transport-node';
import { NatsContainer } from '@testcontainers/nats';
import { type ContainerRuntimeClient, getContainerRuntimeClient, ImageName } from 'testcontainers';
import type { TestNats } from './testNats.ts';

/** The official image of the newest minor version that the product is measured on. */
const defaultImage = 'nats:2.15-alpine';

/** What testcontainers takes when `RYUK_CONTAINER_IMAGE` does not say otherwise. */
const reaperImage = 'testcontainers/ryuk:0.14.0';

/**
 * Starts nats-server in a container, through testcontainers. `LONGHAUL_NATS_IMAGE` names the image.
 *
 * @throws Error that says what is missing: a Docker engine, or the image.
 */
export async function startNatsContainer(say: (line: string) => void): Promise<TestNats> {
  const docker = await getContainerRuntimeClient().catch((error: unknown) => {
    throw new Error('no Docker engine answers', { cause: error });
  });
  const image = process.env.LONGHAUL_NATS_IMAGE || defaultImage;
  const missing = await whyMissing(docker, image);
  if (missing !== undefined) {
    throw new Error(`the image ${image} is not available (LONGHAUL_NATS_IMAGE names another): ${missing}`);
  }
  await decideAboutReaper(docker, say);
  const container = await new OpenNatsContainer(image).withJetStream().start();
  const url = `nats://${container.getConnectionOptions().servers}`;
  return {
    url,
    kind: 'container',
    describe: `nats-server ${await versionAt(url)} in a container (${image})`,
    stop: async () => {
      await container.stop();
    },
  };
}

/** testcontainers always sets a password; a url alone is then not enough for the clients of the tests. */
class OpenNatsContainer extends NatsContainer {
  override withCommand(command: string[]): this {
    const open = command.filter((word, i) => !isCredential(word) && !isCredential(command[i - 1]));
    return super.withCommand(open);
  }
}

const isCredential = (word: string | undefined) => word === '--user' || word === '--pass';

/**
 * Ryuk removes the containers of a run that was killed. Where its image cannot be pulled (no registry) the run
 * continues without it: a run that ends by itself stops its container anyway. A choice made in the environment stands.
 */
async function decideAboutReaper(docker: ContainerRuntimeClient, say: (line: string) => void): Promise<void> {
  if (process.env.TESTCONTAINERS_RYUK_DISABLED !== undefined) return;
  const missing = await whyMissing(docker, process.env.RYUK_CONTAINER_IMAGE || reaperImage);
  if (missing === undefined) return;
  say('the image of Ryuk is not available: a killed test run would leave its container behind');
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
}

/** Undefined when the image is there or has been pulled now. */
async function whyMissing(docker: ContainerRuntimeClient, image: string): Promise<string | undefined> {
  const name = ImageName.fromString(image);
  if (await docker.image.exists(name)) return undefined;
  try {
    await docker.image.pull(name);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function versionAt(url: string): Promise<string> {
  const connection = await connect({ servers: url });
  const version = connection.info?.version ?? 'of unknown version';
  await connection.close();
  return version;
}
