import { setTimeout } from 'node:timers/promises';
import type { HandlersOf } from '@longhaul/executor';
import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';

const progress = z.object({
  percent: z.number(),
  description: z.string(),
  page: z.int(),
  elapsedMs: z.number(),
});

/** Tasks that show what the console shows: every kind of field, progress, logs, outputs of every kind, failures. */
export const demoContract = defineContract({
  reports: {
    build: defineTask({
      title: 'Build a report',
      description: 'Collects figures, draws its pages one by one and says how each went.',
      input: z
        .object({
          subject: z
            .string()
            .min(1, 'Say what it is about.')
            .meta({ title: 'Subject', description: 'What it is about.', examples: ['Quarterly figures'] }),
          pages: z
            .int()
            .min(1)
            .max(500)
            .default(12)
            .meta({ title: 'Pages', description: 'How many to draw.' }),
          pageMs: z
            .int()
            .min(0)
            .max(5_000)
            .default(150)
            .meta({ title: 'Time a page', description: 'In milliseconds.' }),
          format: z.enum(['pdf', 'html', 'print']).default('pdf').meta({ title: 'Format' }),
          draft: z.boolean().default(false).meta({ title: 'Draft', description: 'Without the fine print.' }),
          from: z.int().default(1).meta({ title: 'First page' }),
          to: z.int().default(99).meta({ title: 'Last page' }),
          readers: z
            .array(z.object({ name: z.string().min(1), copies: z.int().min(1).default(1) }))
            .default([])
            .meta({ title: 'Readers', description: 'Who gets it.' }),
        })
        .refine(({ from, to }) => from <= to, {
          error: 'The last page comes after the first.',
          path: ['to'],
        }),
      progress,
      output: z.object({
        title: z.string(),
        summary: z.string(),
        cover: z.string().meta({ description: 'A picture.' }),
        pages: z.array(z.object({ page: z.int(), words: z.int(), tone: z.string() })),
      }),
      progressIntervalMs: 0,
      pausable: true,
    }),
    mail: defineTask({
      title: 'Mail a report',
      input: z.object({ to: z.string().default('somebody@example.org') }),
      output: z.object({}),
      errors: { BOUNCED: z.object({ address: z.string(), tries: z.int() }) },
    }),
  },
  search: {
    reindex: defineTask({
      title: 'Rebuild the search index',
      description: 'Goes on until it is canceled.',
      input: z.object({ shard: z.int().min(0).default(0) }),
      progress: z.object({ description: z.string(), documents: z.int() }),
      output: z.object({}),
    }),
  },
});

/** A few bars, to be seen as an image. */
const cover =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAPAAAAB4CAIAAABD1OhwAAABu0lEQVR42u3SsQ1AUBRA0b+JQbR6BjCBxj4MYwStOUQUGqJXibwEJ7kT3Jy0rJv0mZIFAloCWgJaAlpAS0BLQEtAS0ALaAloCWgJaAloAS0BLQEtAS0BLaAloCWgJaAloB8s6+r4bAcaaKAFNNBAAw000EADDbSABhpoAQ000EADDTTQQAMtoIEGWkADDTTQQAMNNNBAC2iggRbQQAMNNNBAAw000HoX6Lbf4wMaaKCBBhpooIEGWkADDTTQQAMNNNBAA30f9Dw08QENNNBAAw000EADDTTQQAMNNNBAAw000EADDTTQQAMNNNBAAw000EADDTTQQP8edF5O8QENNNBAAw000EADDTTQQAMNNNBAAw000EADDTTQQAMNNNBAAw000EADDTTQQAMNNNBAAw000EADDTTQQAMNNNBAXzYWVXxAAw000EADDTTQQAMNNNBAAw000EADDTTQQAMNNNBAAw000EADDTTQQAMNNNBAAw000EADDTTQQAMNNNBAAw000EADDTTQQAMNNNBAAw000EADDTTQQAMNNNBAAw000EADDTTQQAMNNNBAAw000EADDTTQQAMN9NkB5tQ6eyFNHg0AAAAASUVORK5CYII=';

export const demoHandlers: HandlersOf<typeof demoContract> = {
  reports: {
    build: async ({ input, progress: report, log, signal, checkpoint }) => {
      const begunMs = Date.now();
      for (let page = 1; page <= input.pages; page += 1) {
        await checkpoint();
        await setTimeout(input.pageMs, undefined, { signal });
        log.info(`page ${page} drawn`, { format: input.format });
        report({
          percent: (100 * page) / input.pages,
          description: `Drawing page ${page} of ${input.pages}`,
          page,
          elapsedMs: Date.now() - begunMs,
        });
      }
      return {
        title: input.subject,
        summary: `${input.subject}, on ${input.pages} pages.\nNothing unusual was found; two figures of the spring were estimated, since their sources had not reported by then.`,
        cover,
        pages: Array.from({ length: Math.min(6, input.pages) }, (_, page) => ({
          page: page + 1,
          words: 310 + ((page * 47) % 120),
          tone: page % 3 === 1 ? 'cautious' : 'plain',
        })),
      };
    },
    mail: ({ input, error }) => {
      throw error('BOUNCED', `${input.to} is not known there.`, { address: input.to, tries: 3 });
    },
  },
  search: {
    reindex: async ({ progress: report, signal }) => {
      report({ description: 'Reading documents', documents: 48_200 });
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        if (signal.aborted) reject(signal.reason);
      });
    },
  },
};
