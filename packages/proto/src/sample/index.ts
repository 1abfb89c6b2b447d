import { defineContract } from '../contract/defineContract.ts';
import { audio } from './audio.ts';
import { document } from './document.ts';
import { motion } from './motion.ts';
import { playbook } from './playbook.ts';

/** The task families that this repository brings with it: real work to run, and examples to copy. */
export const sampleContract = defineContract({ audio, document, motion, playbook });

export { documentFormats, documentLimits, entityKinds } from './document.ts';
export { audio, document, motion, playbook };
