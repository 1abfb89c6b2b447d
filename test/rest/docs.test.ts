import { type Stack, startStack } from '@longhaul/testing';
import { type ScriptedContract, scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

let stack: Stack<ScriptedContract>;
let url: string;
beforeAll(async () => {
  const parts = { contract: scriptedContract, handlers: scriptedHandlers, executors: 0 };
  stack = await startStack({ natsUrl: inject('natsUrl'), ...parts });
  url = stack.gateways[0]?.url ?? '';
});
afterAll(() => stack[Symbol.asyncDispose]());

describe('the pages', () => {
  it.each(['/docs', '/docs/errors'])('%s needs nothing from elsewhere, and may have nothing', async path => {
    const response = await fetch(`${url}${path}`);
    expect(response.status).toBe(200);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval|script-src[^;]*unsafe/);
    const html = await response.text();
    expect(html).not.toMatch(/https?:\/\//);
    const linked = [...html.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, address = '']) => address);
    for (const address of linked) {
      expect(address).toMatch(/^\/docs\//);
      expect((await fetch(`${url}${address}`)).status, address).toBe(200);
    }
  });

  it('serve only what the page needs of the package that draws it', async () => {
    for (const path of [
      'index.html',
      'package.json',
      '../package.json',
      '%2e%2e/package.json',
      'swagger-ui.js',
    ])
      expect((await fetch(`${url}/docs/assets/${path}`)).status, path).toBe(404);
    const script = await fetch(`${url}/docs/assets/swagger-ui-bundle.js`);
    expect(script.headers.get('content-type')).toMatch(/javascript/);
    await script.body?.cancel();
  });

  it('show the document, which asks no validator on the internet', async () => {
    const script = await (await fetch(`${url}/docs/initializer.js`)).text();
    expect(script).toContain("url: '/openapi.json'");
    expect(script).toContain('validatorUrl: null');
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as { openapi: string };
    expect(document.openapi).toBe('3.1.1');
  });
});
