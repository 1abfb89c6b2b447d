import { defineHandler } from '@longhaul/executor/sandbox';
import { defineTask } from '@longhaul/proto';
import { z } from 'zod';

/** The same definition as in `startInProcess`, whose module starts a service and cannot be loaded by a thread. */
const demo = defineTask({ input: z.object({}), output: z.object({}) });

export default defineHandler(demo, () => ({}));
