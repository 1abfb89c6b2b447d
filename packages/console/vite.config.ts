import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** The gateway to develop against: `pnpm --filter @longhaul/console dev` beside `npm start`. */
const gateway = process.env.GATEWAY_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react(), precompressed()],
  build: {
    target: 'es2023',
    // The page's policy allows no `data:` but for images, and small files are cached just as well.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: { proxy: { '/trpc': gateway, '/v1': gateway } },
});

const compressible = /\.(js|css|html|svg)$/;
/** Below this a compressed copy saves nothing. */
const leastBytes = 1_000;

/** Writes each file compressed as well, so that the gateway sends it as it lies there. */
function precompressed(): Plugin {
  return {
    name: 'precompressed',
    apply: 'build',
    // Of what was written: until then other plugins still change it.
    async writeBundle({ dir = '' }, bundle) {
      for (const name of Object.keys(bundle)) {
        const bytes = await readFile(join(dir, name));
        if (!compressible.test(name) || bytes.length < leastBytes) continue;
        const params = { [constants.BROTLI_PARAM_QUALITY]: 9 };
        await writeFile(join(dir, `${name}.br`), await promisify(brotliCompress)(bytes, { params }));
        await writeFile(join(dir, `${name}.gz`), await promisify(gzip)(bytes));
      }
    },
  };
}
