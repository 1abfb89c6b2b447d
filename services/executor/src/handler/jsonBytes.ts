/**
 * How many bytes a value has as JSON; 0 for what JSON leaves out. Needs nothing of the wire, so that it can be asked
 * in a handler's thread, which loads no more than it must.
 * @throws TypeError for what JSON cannot hold (a bigint, a circle)
 */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? '');
}
