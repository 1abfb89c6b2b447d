import { z } from 'zod';

// Environment variables of the handlers' options. A variable that is empty counts as unset.

/** A text, such as a path or a command. */
export const textVariable = z
  .string()
  .trim()
  .transform(value => value || undefined)
  .optional();

/** A whole number of at least `min`, such as milliseconds. */
export const wholeNumberVariable = (min: number) =>
  z
    .string()
    .trim()
    .regex(/^\d*$/, 'must be a whole number')
    .transform(value => (value === '' ? undefined : Number(value)))
    .refine(value => value === undefined || value >= min, `must be ${min} or more`)
    .optional();
