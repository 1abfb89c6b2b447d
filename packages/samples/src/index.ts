import { defineContract } from '@longhaul/proto';
import { audio } from './contract/audio.ts';
import { document } from './contract/document.ts';
import { motion } from './contract/motion.ts';
import { playbook } from './contract/playbook.ts';

/** The tasks that Longhaul brings with it: real work to run, and examples to copy. */
export const sampleContract = defineContract({ audio, document, motion, playbook });

export { documentFormats, documentLimits, entityKinds } from './contract/document.ts';
export { audio, document, motion, playbook };
