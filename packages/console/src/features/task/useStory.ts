import { useEffect, useState } from 'react';
import { nextToken, session } from '../../gateway/session.ts';
import { taskNamed } from '../../gateway/tasks.ts';
import { noStory, type Story, type TaskEvent, tell } from './taskState.ts';

/** Before the first event of any task: what is asked for then is everything that is kept. */
const fromTheBeginning = '0';

/**
 * Everything that happened to a task, from its first event on, and live until its end. It resumes after the last event
 * seen when the connection was lost, the gateway restarted, the tab was hidden or the credentials ran out.
 */
export function useStory(name: string | undefined, id: string): Story {
  const [story, setStory] = useState(noStory);
  useEffect(() => {
    if (name === undefined) return;
    setStory(noStory);
    const left = new AbortController();
    let lastEventId = fromTheBeginning;
    let ended = false;
    let shown = new AbortController();
    let waiting: TaskEvent[] = [];
    let frame: number | undefined;
    // Hundreds of events can come at once, and each would be a rendering of the page.
    const flush = () => {
      frame = undefined;
      const events = waiting;
      waiting = [];
      setStory(before => tell(before, events));
    };
    const read = async () => {
      const signal = AbortSignal.any([left.signal, shown.signal]);
      while (!signal.aborted) {
        try {
          for await (const event of taskNamed(name).handle(id).events({ lastEventId, signal })) {
            if (signal.aborted) return;
            lastEventId = event.eventId;
            waiting.push(event);
            frame ??= requestAnimationFrame(flush);
          }
          ended = !signal.aborted;
          return;
        } catch (error) {
          if (signal.aborted) return;
          // Not there any more, or of another contract: the record says so on the page.
          if (!session.refused(error)) return;
          await nextToken(signal).catch(() => {});
        }
      }
    };
    const follow = () => {
      if (document.hidden) shown.abort();
      else if (!ended && (shown.signal.aborted || lastEventId === fromTheBeginning)) {
        shown = new AbortController();
        void read();
      }
    };
    document.addEventListener('visibilitychange', follow);
    follow();
    return () => {
      left.abort();
      document.removeEventListener('visibilitychange', follow);
      if (frame !== undefined) cancelAnimationFrame(frame);
    };
  }, [name, id]);
  return story;
}
