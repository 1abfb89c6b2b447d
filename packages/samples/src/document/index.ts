export { analyzeDocumentHandler } from './analyzeDocumentHandler.ts';
export { type DocumentOptions, documentOptions } from './documentOptions.ts';
