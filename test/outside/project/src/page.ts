import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, resolve, sep } from 'node:path';
import { chromium } from 'playwright-core';

const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

/** Serves what Vite built, from an origin that is not the gateway's. */
export async function servePage(folder: string) {
  const root = resolve(folder);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://page');
    const file = join(root, pathname === '/' ? 'index.html' : pathname);
    if (!file.startsWith(root + sep)) return response.writeHead(404).end();
    return readFile(file).then(
      content =>
        response.writeHead(200, { 'content-type': types[extname(file)] ?? 'text/plain' }).end(content),
      () => response.writeHead(404).end(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Opens the page in Chromium, and answers what it showed until its task had ended. */
export async function followInPage(executablePath: string, url: string) {
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    const faults: string[] = [];
    page.on('pageerror', error => faults.push(error.message));
    page.on('console', message => message.type() === 'error' && faults.push(message.text()));
    await page.goto(url);
    await page.waitForSelector('#found:not(:empty), #fault:not(:empty)', {
      state: 'attached',
      timeout: 60_000,
    });
    const fault = await page.textContent('#fault');
    if (fault) throw new Error(`The page says: ${fault}\n${faults.join('\n')}`);
    const percents = (await page.textContent('#percents')) ?? '';
    return { found: await page.textContent('#found'), percents: percents.split(' ').filter(Boolean) };
  } finally {
    await browser.close();
  }
}
