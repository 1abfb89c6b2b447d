import { documentLimits } from '../contract/document.ts';
import type {
  DocumentOutput,
  DocumentProgress,
  LoadedDocument,
  ReadDocument,
  Section,
} from './documentTypes.ts';
import { documentError } from './documentTypes.ts';
import { entityTally } from './entities.ts';
import { type LanguageModel, loadLanguageModel } from './languageModel.ts';
import { readDocument } from './readDocument.ts';
import { type Sentence, summarize } from './summary.ts';
import { cutText, toPieces } from './textPieces.ts';
import { sentimentTally, wordCounts } from './textStatistics.ts';

/** What is to be analyzed, and how much of the result is wanted. */
export type AnalysisJob = {
  readonly document: LoadedDocument;
  readonly summarySentences: number;
  readonly maxEntities: number;
};

export type ReportProgress = (progress: DocumentProgress) => void;

/** Up to so many sections each is reported as it begins; beyond, only each new percent is. */
const reportedSections = 200;
const longestSummarySentence = 390;
const readPercent = 5;

/**
 * Analyzes a document. Keeps its thread busy for as long as it takes: run it in a thread of its own.
 *
 * @throws TaskError `UNSUPPORTED_FORMAT`, `UNREADABLE`, `EMPTY`
 */
export async function analyzeDocument(job: AnalysisJob, report: ReportProgress): Promise<DocumentOutput> {
  let percent = readPercent;
  report({ percent, description: 'Reading the document', section: 0, sections: 0 });
  const read = await readDocument(job.document, (page, pages) => {
    percent = readPercent + Math.floor((20 * page) / pages);
    report({ percent, description: `Reading page ${page} of ${pages}`, section: 0, sections: 0 });
  });
  const model = await loadLanguageModel();
  return analyzeSections(read, job, model, percent, report);
}

function analyzeSections(
  read: ReadDocument,
  job: AnalysisJob,
  model: LanguageModel,
  startPercent: number,
  report: ReportProgress,
): DocumentOutput {
  const entities = entityTally();
  const sentiment = sentimentTally();
  const counts = wordCounts();
  const sentences: Sentence[] = [];
  const sections: DocumentOutput['sections'] = [];
  const length = read.sections.reduce((sum, section) => sum + lengthOf(section), 0);
  const total = read.sections.length;
  let done = 0;
  let reported = -1;

  for (const [index, section] of read.sections.entries()) {
    const name = section.title === null ? '' : `: ${cutText(section.title, 80)}`;
    const description = `Analyzing section ${index + 1} of ${total}${name}`;
    const say = (always: boolean) => {
      const percent = startPercent + Math.floor(((99 - startPercent) * done) / length);
      if (!always && percent === reported) return;
      reported = percent;
      report({ percent, description, section: index + 1, sections: total });
    };
    say(total <= reportedSections);
    const sectionSentiment = sentimentTally();
    const sectionCounts = wordCounts();
    sectionCounts.addHeading(section.title ?? '');
    let opensSection = true;
    for (const block of section.blocks) {
      sectionCounts.addParagraph(block);
      for (const piece of toPieces(block)) {
        const { sentences: found, mentions } = model.read(piece);
        for (const one of found) {
          sentiment.add(one.sentiment);
          sectionSentiment.add(one.sentiment);
          sectionCounts.addSentence(one);
          sentences.push({ text: one.text, terms: one.terms, words: one.words, opensSection });
          opensSection = false;
        }
        for (const mention of mentions) entities.add(mention);
        done += piece.length;
        say(false);
      }
    }
    counts.addAll(sectionCounts);
    if (sections.length < documentLimits.sections) {
      sections.push({
        title: shortTitle(section.title),
        words: sectionCounts.words,
        sentiment: sectionSentiment.result(),
      });
    }
  }
  if (counts.words === 0) {
    throw documentError('EMPTY', 'The document holds no words.', { format: read.format });
  }
  const named = entities.result(job.maxEntities);
  const output: DocumentOutput = {
    title: shortTitle(read.title),
    format: read.format,
    location: job.document.kind === 'bytes' ? job.document.location : null,
    summary: summaryOf(sentences, read.title, job.summarySentences, model),
    sentiment: sentiment.result(),
    ...named,
    sections,
    statistics: { ...counts.statistics(), sections: total, pages: read.pages },
    notes: [],
  };
  output.notes.push(...notesOn(output));
  report({ percent: 100, description: `Analyzed ${total} section(s)`, section: total, sections: total });
  return output;
}

function lengthOf({ blocks }: Section): number {
  return blocks.reduce((sum, block) => sum + block.length, 0);
}

function shortTitle(title: string | null): string | null {
  return title === null ? null : cutText(title, documentLimits.titleCharacters);
}

function summaryOf(
  sentences: readonly Sentence[],
  title: string | null,
  count: number,
  model: LanguageModel,
): string {
  const titleTerms = new Set(
    title === null ? [] : model.read(cutText(title, 500)).sentences.flatMap(({ terms }) => terms),
  );
  return summarize(sentences, count, titleTerms)
    .map(text => cutText(text, longestSummarySentence))
    .join(' ');
}

function notesOn({
  entities,
  entityCount,
  sections,
  statistics,
  summary,
}: DocumentOutput): readonly string[] {
  const notes: string[] = [];
  if (entities.length < entityCount) {
    notes.push(`Only the ${entities.length} most frequent of ${entityCount} entities are listed.`);
  }
  if (sections.length < statistics.sections) {
    notes.push(`Only the first ${sections.length} of ${statistics.sections} sections are listed.`);
  }
  if (summary.includes('…')) notes.push('A long sentence of the summary may be cut at "…".');
  if (statistics.looksEnglish === false) {
    notes.push('The text does not look English: sentiment, entities and summary are made for English.');
  }
  return notes;
}
