import type { TaskContext } from '@longhaul/executor';
import type { errorContract } from './contract.ts';
import { thrownValues } from './thrownValues.ts';

/** Does with the value what its input says. */
export async function oddHandler({
  input,
  exec,
  log,
  progress,
}: TaskContext<typeof errorContract.plain.odd>): Promise<Record<string, never>> {
  const value = thrownValues[input.what]?.[0]();
  switch (input.how) {
    case 'throw':
      throw value;
    case 'reject':
      return new Promise<never>((_resolve, reject) => setImmediate(reject, value));
    case 'exec': {
      const onLine = () => {
        throw value;
      };
      await exec(process.execPath, ['-e', 'console.log(1)'], { onLine });
      return {};
    }
    case 'progress':
      progress({ of: value });
      return {};
    case 'log':
      // From untyped code: whatever it is, it is a line.
      log.info(value as string, value as Record<string, unknown>);
      log.error('with fields', { value, list: [value] });
      return {};
  }
}
