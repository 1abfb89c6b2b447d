// The API keys of a file, for programs that manage them.
export { KeyFileError } from './auth/keyFile.ts';
export {
  createKey,
  type KeyInfo,
  KeysError,
  listKeys,
  type NewKeyOptions,
  revokeKey,
} from './auth/manageKeys.ts';
