import type { EndedTask } from '@longhaul/proto/wire';
import type { ChildPort } from '../handler/children/childTypes.ts';
import { ChildStartError } from '../handler/children/childTypes.ts';
import type { ChildTaskFailure, FromThread, ToThread, ToThreadOfChild } from './threadMessages.ts';

type Asked = Extract<FromThread, { kind: 'childStart' | 'childEnd' }>;
type Answer = Exclude<ToThreadOfChild, { kind: 'childFailed' }>;
type WithoutId<M> = M extends unknown ? Omit<M, 'id'> : never;

/** Child tasks in a handler's thread: the main thread starts them and waits for them. */
export class ThreadChildTasks implements ChildPort {
  readonly #post: (message: FromThread) => void;
  readonly #signal: AbortSignal;
  readonly #asked = new Map<number, PromiseWithResolvers<Answer>>();
  #lastId = 0;

  constructor(post: (message: FromThread) => void, signal: AbortSignal) {
    this.#post = post;
    this.#signal = signal;
  }

  readonly start: ChildPort['start'] = async ({ input, ...child }) => {
    // The input may be `undefined`, where its schema allows that.
    const json: string | undefined = JSON.stringify(input);
    const answer = await this.#ask({ kind: 'childStart', child, json });
    if (answer.kind !== 'childStarted') throw new Error('The main thread answered a start with an end.');
    return answer.taskId;
  };

  readonly ended: ChildPort['ended'] = async (taskId, name) => {
    const answer = await this.#ask({ kind: 'childEnd', taskId, name });
    if (answer.kind !== 'childEnded') throw new Error('The main thread answered a wait with a start.');
    const ended: EndedTask = JSON.parse(answer.json);
    return ended;
  };

  isFor(message: ToThread): message is ToThreadOfChild {
    return message.kind === 'childStarted' || message.kind === 'childEnded' || message.kind === 'childFailed';
  }

  receive(message: ToThreadOfChild): void {
    const asked = this.#asked.get(message.id);
    this.#asked.delete(message.id);
    if (message.kind === 'childFailed') asked?.reject(this.#errorOf(message.why));
    else asked?.resolve(message);
  }

  async #ask(question: WithoutId<Asked>): Promise<Answer> {
    this.#signal.throwIfAborted();
    this.#lastId += 1;
    const asked = Promise.withResolvers<Answer>();
    this.#asked.set(this.#lastId, asked);
    this.#post({ ...question, id: this.#lastId });
    return asked.promise;
  }

  #errorOf(why: ChildTaskFailure): unknown {
    switch (why.kind) {
      case 'refused':
        return new ChildStartError(why.code, why.message, { issues: why.issues });
      case 'other':
        return new Error(why.message);
      case 'aborted':
        // Reading `aborted` also receives an abort that is still on its way: its reason is what the handler expects.
        return this.#signal.aborted ? this.#signal.reason : new Error('The task is to end.');
    }
  }
}
