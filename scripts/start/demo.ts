import { readFile } from 'node:fs/promises';
import { Presets, SingleBar } from 'cli-progress';
import { analyzeDocument } from '../../examples/analyzeDocument.ts';

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

/** A progress bar where there is a terminal, lines where there is none. */
export type ProgressView = {
  readonly show: (percent: number, what: string) => void;
  readonly end: () => void;
};

export function createProgressBar(stream: NodeJS.WriteStream): ProgressView {
  if (!stream.isTTY) {
    let last = '';
    return {
      show: (percent, what) => {
        const line = `  ${String(Math.round(percent)).padStart(3)} %  ${what}`;
        if (line !== last) stream.write(`${line}\n`);
        last = line;
      },
      end: () => {},
    };
  }
  const bar = new SingleBar(
    { format: '  {bar} {percentage} %  {what}', hideCursor: true, clearOnComplete: false, stream },
    Presets.shades_classic,
  );
  bar.start(100, 0, { what: 'waiting for an executor' });
  return {
    show: (percent, what) => bar.update(Math.round(percent), { what }),
    end: () => bar.stop(),
  };
}
