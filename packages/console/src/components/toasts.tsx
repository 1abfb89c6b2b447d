import { X } from 'lucide-react';
import { Toast } from 'radix-ui';
import { useSyncExternalStore } from 'react';
import { faultOf } from '../gateway/faults.ts';
import { session } from '../gateway/session.ts';
import { IconButton } from './button.tsx';

type Message = { readonly id: number; readonly text: string; readonly bad: boolean };

let messages: readonly Message[] = [];
let count = 0;
const listeners = new Set<() => void>();
/** More at once would cover the page. */
const shownAtOnce = 4;

function set(next: readonly Message[]): void {
  messages = next.slice(-shownAtOnce);
  for (const listener of listeners) listener();
}

/** Says something that was done. */
export function toast(text: string, bad = false): void {
  count += 1;
  set([...messages, { id: count, text, bad }]);
}

/** Says what could not be done. A missing sign-in says so itself. */
export function toastError(error: unknown): void {
  if (!session.refused(error)) toast(faultOf(error).message, true);
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => messages);
  return (
    <Toast.Provider swipeDirection="right" duration={6_000}>
      {shown.map(({ id, text, bad }) => (
        <Toast.Root
          key={id}
          className={bad ? 'toast bad' : 'toast'}
          type={bad ? 'foreground' : 'background'}
          onOpenChange={open => {
            if (!open) set(messages.filter(message => message.id !== id));
          }}
        >
          <Toast.Description asChild>
            <div>{text}</div>
          </Toast.Description>
          <Toast.Close asChild>
            <IconButton label="Dismiss" tiny>
              <X aria-hidden />
            </IconButton>
          </Toast.Close>
        </Toast.Root>
      ))}
      <Toast.Viewport className="toasts" />
    </Toast.Provider>
  );
}
