export {
  document,
  documentFormats,
  documentLimits,
  entityKinds,
} from '../../../../../packages/proto/src/sample/document.ts';
