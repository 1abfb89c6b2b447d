import { unwatchFile, watchFile } from 'node:fs';
import type { Logger } from 'pino';
import { apiKeyId, hasHash } from './apiKey.ts';
import { type ApiKeyEntry, readApiKeysFile } from './apiKeysFile.ts';
import type { Caller } from './caller.ts';
import { expired } from './credentials.ts';

/** How often the file is looked at, in milliseconds: so long a removed key may still be good. */
const defaultLookMs = 1_000;

type KnownKey = { readonly entry: ApiKeyEntry; readonly sha256: Buffer; readonly revoke: AbortController };

/**
 * The API keys of a file, which is looked at again and again: a key that is added is good within a second, one that is
 * removed or changed is refused and its open streams end, without a restart.
 */
export class ApiKeys {
  readonly #path: string;
  readonly #logger: Logger;
  #keys: ReadonlyMap<string, KnownKey> = new Map();
  #reading: Promise<void> = Promise.resolve();
  readonly #onChange = () => void this.#readAgain();

  constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
  }

  /**
   * Reads the file and begins to look at it.
   * @throws AuthConfigError BAD_API_KEYS_FILE
   */
  async start(lookMs = defaultLookMs): Promise<void> {
    // By its state and not by notifications of the kernel: those are lost where secrets are mounted (a link to a folder
    // that is replaced whole) and on network drives. Before the first read, so that no change falls between the two.
    watchFile(this.#path, { interval: lookMs, persistent: false }, this.#onChange);
    try {
      this.#take(await readApiKeysFile(this.#path));
    } catch (error) {
      this.stop();
      throw error;
    }
    this.#logger.info({ file: this.#path, keys: this.#keys.size }, 'API keys read');
  }

  stop(): void {
    unwatchFile(this.#path, this.#onChange);
  }

  /**
   * Whose key it is. `undefined`: it is nobody's, or nobody's any more.
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

  /** One read after another: what an earlier state of the file said must not replace a later one. */
  #readAgain(): Promise<void> {
    this.#reading = this.#reading.then(async () => {
      try {
        this.#take(await readApiKeysFile(this.#path));
        this.#logger.info({ file: this.#path, keys: this.#keys.size }, 'API keys read again');
      } catch (error) {
        // A slip of the pen must not lock localAdministrator out, and cannot have been meant to let anybody in.
        const why = error instanceof Error ? error.message : String(error);
        this.#logger.error({ file: this.#path, why }, 'API keys stay as they were');
      }
    });
    return this.#reading;
  }

  #take(entries: readonly ApiKeyEntry[]): void {
    const before = this.#keys;
    const keys = new Map<string, KnownKey>();
    for (const entry of entries) {
      const known = before.get(entry.id);
      if (known && saysTheSame(known.entry, entry)) keys.set(entry.id, known);
      else
        keys.set(entry.id, {
          entry,
          sha256: Buffer.from(entry.sha256, 'hex'),
          revoke: new AbortController(),
        });
    }
    // First the new ones, then the end of the old: a stream that comes back at once is judged by the new ones.
    this.#keys = keys;
    for (const [id, known] of before) if (keys.get(id) !== known) known.revoke.abort();
  }
}

/** Whether a key still gives what it gave; a note is for people. */
function saysTheSame(a: ApiKeyEntry, b: ApiKeyEntry): boolean {
  return a.sha256 === b.sha256 && a.owner === b.owner && a.role === b.role && a.expiresAt === b.expiresAt;
}
