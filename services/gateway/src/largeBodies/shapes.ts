/** Which parts of a body are inputs of tasks: all of it, its member `input`, or those of its `tasks`. */
export type BodyShape = 'whole' | 'input' | 'tasks';

/** The inputs in a parsed body, in their order. */
export function inputsIn(body: unknown, shape: BodyShape): unknown[] {
  if (shape === 'whole') return [body];
  if (shape === 'input') return inputOf(body);
  const tasks = membersOf(body).tasks;
  return Array.isArray(tasks) ? tasks.flatMap(inputOf) : [];
}

function inputOf(task: unknown): unknown[] {
  const { input } = membersOf(task);
  return input === undefined ? [] : [input];
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
