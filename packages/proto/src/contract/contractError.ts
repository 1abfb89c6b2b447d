import { CodedError } from '../api/codedError.ts';

/** What can be wrong with a contract. Thrown while it is being defined, so at start-up. */
export type ContractErrorCode =
  | 'NOT_JSON'
  | 'BAD_ERROR_CODE'
  | 'BAD_POLICY'
  | 'BAD_NAME'
  | 'BAD_ROUTE'
  | 'EMPTY';

/** A contract that cannot work; the message says which part and what to write instead. */
export class ContractError extends CodedError<ContractErrorCode> {
  override readonly name = 'ContractError';
}
