import type { HandlersOf } from '@longhaul/executor';
import { transcribeHandler, transcribeOptionsFromEnv } from './audio/index.ts';
import { analyzeDocumentHandler, documentOptions } from './document/index.ts';
import type { sampleContract } from './index.ts';
import { motionHandlers, motionOptionsFromEnv } from './motion/index.ts';
import { lintHandler, playbookOptionsFromEnv, testHandler } from './playbook/index.ts';

/**
 * The handlers of the sample contract, configured by the environment.
 * @throws Error naming a variable that cannot be used
 */
export function sampleHandlers(env: NodeJS.ProcessEnv): HandlersOf<typeof sampleContract> {
  const playbook = playbookOptionsFromEnv(env);
  return {
    audio: { transcribe: transcribeHandler(transcribeOptionsFromEnv(env)) },
    document: { analyze: analyzeDocumentHandler(documentOptions(env)) },
    motion: motionHandlers(motionOptionsFromEnv(env)),
    playbook: { lint: lintHandler(playbook), test: testHandler(playbook) },
  };
}
