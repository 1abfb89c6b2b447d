/** A step that can happen next: what nats-server does with a message of one process, or what happens to a process. */
export type Step = { readonly name: string; readonly take: () => void };

/** One run of a model from its beginning. */
export type Run = {
  /** What can happen next, in an order that depends on the steps taken alone. None: the run is over. */
  readonly steps: () => readonly Step[];
  /** What is wrong with how it went; to be asked when it is over. */
  readonly faults: () => readonly string[];
  readonly close: () => void;
};

/** Which order of steps had which fault. */
export type Fault = { readonly fault: string; readonly order: readonly string[] };

/** Longer runs go round in circles. */
const mostSteps = 200;

/** Takes a model through every order of its steps. @returns the number of orders, and the faults of those that have any */
export async function everyOrder(begin: () => Promise<Run>): Promise<{ orders: number; faults: Fault[] }> {
  const faults: Fault[] = [];
  let orders = 0;
  // The choices that lead to the next order, and how many there were at each.
  for (let path: { chosen: number; of: number }[] | undefined = []; path; orders += 1) {
    const taken: { chosen: number; of: number }[] = [];
    const given: { chosen: number; of: number }[] = path;
    faults.push(
      ...(await runOnce(begin, of => {
        const chosen = given[taken.length]?.chosen ?? 0;
        taken.push({ chosen, of });
        return chosen;
      })),
    );
    path = nextPath(taken);
  }
  return { orders, faults };
}

function nextPath(
  taken: readonly { chosen: number; of: number }[],
): { chosen: number; of: number }[] | undefined {
  for (let at = taken.length - 1; at >= 0; at -= 1) {
    const choice = taken[at];
    if (choice && choice.chosen + 1 < choice.of)
      return [...taken.slice(0, at), { chosen: choice.chosen + 1, of: choice.of }];
  }
  return undefined;
}

/** Takes a model through orders that a seed chooses. */
export async function someOrders(
  begin: () => Promise<Run>,
  count: number,
  seed: number,
): Promise<{ orders: number; faults: Fault[] }> {
  let state = seed;
  // A generator of the kind "mulberry32": small, and the same on every machine.
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const faults: Fault[] = [];
  for (let order = 0; order < count; order += 1)
    faults.push(...(await runOnce(begin, of => Math.floor(random() * of))));
  return { orders: count, faults };
}

async function runOnce(begin: () => Promise<Run>, choose: (of: number) => number): Promise<Fault[]> {
  const run = await begin();
  const order: string[] = [];
  try {
    for (;;) {
      await untilAllWait();
      const steps = run.steps();
      if (steps.length === 0) break;
      const step = steps[steps.length === 1 ? 0 : choose(steps.length)];
      order.push(step?.name ?? 'none');
      step?.take();
      if (order.length > mostSteps) return [{ fault: 'It does not come to an end.', order }];
    }
    return run.faults().map(fault => ({ fault, order }));
  } finally {
    run.close();
  }
}

/** Lets all code run until it waits for a step: everything else in it is promises and turns of the event loop. */
async function untilAllWait(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise(resolve => setImmediate(resolve));
}
