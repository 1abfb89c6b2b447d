/** A stream says this often that it lives, so that proxies keep it and a client notices when it is gone. */
export const keepAliveMs = 15_000;
