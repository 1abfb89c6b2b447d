import { readFile } from 'node:fs/promises';
import { analyzeDocument } from '../../examples/analyzeDocument.ts';
import { createProgressBar } from './progressBar.ts';

const example = new URL('../../examples/analyzeDocument.ts', import.meta.url);
const entitiesShown = 8;

/** Runs a real task on a real document of this repository, and shows the code that did it. */
export async function runDemo(
  gatewayUrl: string,
  document: string,
  say: (line: string) => void,
): Promise<void> {
  say(`\nAnalyzing ${document} (task document.analyze):\n`);
  const bar = createProgressBar(process.stdout);
  const { id, title, summary, sentiment, entities, statistics } = await analyzeDocument(
    gatewayUrl,
    document,
    bar.show,
  ).finally(bar.end);
  const names = entities.slice(0, entitiesShown).map(({ text, count }) => `${text} (${count})`);
  say(`
  task       ${id}
  title      ${title}
  summary    ${summary}
  sentiment  ${sentiment.label} (${sentiment.score.toFixed(2)})
  entities   ${names.join(', ')}
  statistics ${statistics.words} words, ${statistics.sentences} sentences, ${statistics.sections} sections

The code that did this (examples/analyzeDocument.ts):
`);
  say((await readFile(example, 'utf8')).trimEnd().replaceAll(/^/gm, '  '));
}
