import { z } from 'zod';
import { taskIdSchema, taskTypeSchema } from './names.ts';

/** How many children a record names; further ones are counted. */
export const childrenKept = 100;

const detached = z
  .literal(true)
  .optional()
  .meta({ description: "The parent's end does not cancel the child." });

/** The task whose handler started a task: in the child's request and record. */
export const parentSchema = z.object({ id: taskIdSchema, name: taskTypeSchema, detached });
/** The parent of a task: its id and type, and whether the task outlives it. */
export type ParentLink = z.infer<typeof parentSchema>;

/** A task that a handler started: in the parent's events and record. */
export const childSchema = z.object({ id: taskIdSchema, name: taskTypeSchema, detached });
/** A child of a task: its id and type, and whether it outlives its parent. */
export type ChildLink = z.infer<typeof childSchema>;
