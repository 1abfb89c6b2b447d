import { setTimeout as delay } from 'node:timers/promises';
import type { HandlersOf } from '@longhaul/executor';
import type { contract } from './contract.ts';

/** What the tasks do. A handler passes `signal` to everything that can wait: a cancel then ends it at once. */
export const handlers = {
  report: {
    build: async ({ input, signal, progress, log, error }) => {
      const { title, sections } = input;
      if (title.toLowerCase() === 'secret')
        throw error('FORBIDDEN_TITLE', 'A secret is not for a report.', { title });
      const lines = [`# ${title}`];
      for (let section = 1; section <= sections; section += 1) {
        progress({ percent: (100 * (section - 1)) / sections, description: `Writing section ${section}` });
        await delay(300, undefined, { signal });
        lines.push('', `## Section ${section}`, '', `What there is to say of ${title}, part ${section}.`);
        log.info('wrote a section', { section });
      }
      progress({ percent: 100, description: 'Done' });
      const markdown = lines.join('\n');
      return { markdown, words: markdown.split(/\s+/).length };
    },
  },
} satisfies HandlersOf<typeof contract>;
