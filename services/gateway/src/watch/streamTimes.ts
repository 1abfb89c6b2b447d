/** A stream says this often that it lives, so that proxies keep it and a client notices when it is gone. */
export const keepAliveMs = 15_000;
/** A stream ends after this long and is opened again, so that load spreads and credentials are looked at again. */
export const streamMaxMs = 15 * 60_000;
