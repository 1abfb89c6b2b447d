import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { run } from '../../scripts/release/run.ts';

/** A registry that has our packages, on loopback. It sends who asks for another one on to the usual registry. */
export type Registry = { readonly url: string; readonly stop: () => Promise<void> };

type Packed = { readonly version: string; readonly document: object; readonly tarball: Buffer };

/**
 * Serves tarballs as the npm registry does, so that `npm install @longhaul/client` in a project resolves versions, peers
 * and dependencies between the packages as it will for a user.
 */
export async function startRegistry(tarballs: ReadonlyMap<string, string>): Promise<Registry> {
  const others = (await run('npm', ['config', 'get', 'registry'], { cwd: process.cwd() })).trim();
  const packages = new Map<string, Packed>();
  for (const [name, path] of tarballs) packages.set(name, await readPackage(path));

  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', url).pathname.slice(1));
    const [name = '', file] = path.split('/-/');
    const found = packages.get(name);
    if (found === undefined)
      return response.writeHead(302, { location: new URL(request.url?.slice(1) ?? '', others).href }).end();
    if (file !== undefined) return response.end(found.tarball);
    const { version, document, tarball } = found;
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
    const shasum = createHash('sha1').update(tarball).digest('hex');
    const dist = { tarball: `${url}${name}/-/${version}.tgz`, integrity, shasum };
    response.setHeader('content-type', 'application/json');
    return response.end(
      JSON.stringify({
        name,
        'dist-tags': { latest: version },
        versions: { [version]: { ...document, dist } },
        // Long enough ago for package managers that let new versions rest.
        time: { [version]: '2026-01-01T00:00:00.000Z' },
      }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    url,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function readPackage(path: string): Promise<Packed> {
  const text = await run('tar', ['-xzOf', path, 'package/package.json'], { cwd: process.cwd() });
  const document = JSON.parse(text) as { version: string };
  return { version: document.version, document, tarball: await readFile(path) };
}
