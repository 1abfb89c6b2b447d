import { unwatchFile, watchFile } from 'node:fs';
import type { Logger } from 'pino';
import { apiKeyId, hasHash } from './apiKey.ts';
import { type ApiKeyEntry, readApiKeysFile } from './apiKeysFile.ts';
import type { Caller } from './caller.ts';
import { expired } from './credentials.ts';

/** How often the file is checked, in milliseconds. A removed key may be accepted for this long. */
const defaultCheckEveryMs = 1_000;

type KnownKey = { readonly entry: ApiKeyEntry; readonly sha256: Buffer; readonly revoke: AbortController };

/**
 * The API keys of a file, which is checked for changes every second: without a restart an added key is accepted, and a
 * removed or changed key is refused and its open streams end.
 */
export class ApiKeys {
  readonly #path: string;
  readonly #logger: Logger;
  #keys: ReadonlyMap<string, KnownKey> = new Map();
  #reading: Promise<void> = Promise.resolve();
  #isStopped = false;
  readonly #onChange = () => void this.#reload();

  constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
  }

  /**
   * Reads the file and starts to check it for changes.
   * @throws AuthConfigError BAD_API_KEYS_FILE
   */
  async start(checkEveryMs = defaultCheckEveryMs): Promise<void> {
    // Polls the file's state, since notifications of the kernel are lost where secrets are mounted (a link to a folder
    // that is replaced as a whole) and on network drives. Starts before the first read, so that no change between the
    // two is missed.
    watchFile(this.#path, { interval: checkEveryMs, persistent: false }, this.#onChange);
    try {
      this.#replaceKeys(await readApiKeysFile(this.#path));
    } catch (error) {
      this.stop();
      throw error;
    }
    this.#logger.info({ file: this.#path, keys: this.#keys.size }, 'the API keys were read');
  }

  stop(): void {
    this.#isStopped = true;
    unwatchFile(this.#path, this.#onChange);
  }

  /**
   * Finds the caller of a key. `undefined`: the key is unknown or was removed.
   * @throws GatewayError CREDENTIALS_EXPIRED
   */
  find(key: string, nowMs: number): Caller | undefined {
    const id = apiKeyId(key);
    const known = id === undefined ? undefined : this.#keys.get(id);
    if (!hasHash(key, known?.sha256) || !known) return undefined;
    const { owner, role, expiresAt } = known.entry;
    const revoked = known.revoke.signal;
    if (expiresAt === undefined) return { owner, role, revoked };
    const expiresAtMs = Date.parse(expiresAt);
    if (expiresAtMs <= nowMs) throw expired();
    return { owner, role, revoked, expiresAtMs };
  }

  /** One read after another, so that an earlier state of the file cannot replace a later one. */
  #reload(): Promise<void> {
    this.#reading = this.#reading.then(async () => {
      // The system tells of a file that is not there after the read that found it so.
      if (this.#isStopped) return;
      try {
        this.#replaceKeys(await readApiKeysFile(this.#path));
        this.#logger.info({ file: this.#path, keys: this.#keys.size }, 'the API keys were reloaded');
      } catch (error) {
        // A malformed file must neither lock all callers out nor admit new ones, so the keys stay as they were.
        const why = error instanceof Error ? error.message : String(error);
        this.#logger.error(
          { file: this.#path, why },
          'the file of API keys could not be reloaded; the keys stay as they were',
        );
      }
    });
    return this.#reading;
  }

  #replaceKeys(entries: readonly ApiKeyEntry[]): void {
    const before = this.#keys;
    const keys = new Map<string, KnownKey>();
    for (const entry of entries) {
      const known = before.get(entry.id);
      if (known && grantsTheSame(known.entry, entry)) keys.set(entry.id, known);
      else
        keys.set(entry.id, {
          entry,
          sha256: Buffer.from(entry.sha256, 'hex'),
          revoke: new AbortController(),
        });
    }
    // Replace the keys before the old ones are revoked: a stream that reconnects at once is checked against the new ones.
    this.#keys = keys;
    for (const [id, known] of before) if (keys.get(id) !== known) known.revoke.abort();
  }
}

/** Whether two entries grant the same; their notes do not matter. */
function grantsTheSame(a: ApiKeyEntry, b: ApiKeyEntry): boolean {
  return a.sha256 === b.sha256 && a.owner === b.owner && a.role === b.role && a.expiresAt === b.expiresAt;
}
