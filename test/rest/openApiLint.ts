import { createConfig, lintFromString } from '@redocly/openapi-core';
import { expect } from 'vitest';

/** Expects that a linter finds nothing in an OpenAPI document. */
export async function expectClean(document: string): Promise<void> {
  const config = await createConfig({
    extends: ['recommended-strict'],
    rules: {
      // It is the reader's own gateway, and its licence is the repository's.
      'info-license': 'off',
      // POST /v1/tasks/demo.greet and GET /v1/tasks/{id}: a name is no UUID.
      'no-ambiguous-paths': 'off',
    },
  });
  const problems = await lintFromString({ source: document, config });
  expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual(
    [],
  );
}
