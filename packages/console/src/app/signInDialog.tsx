import { type SubmitEvent, useId, useState, useSyncExternalStore } from 'react';
import { Button } from '../components/button.tsx';
import { Dialog } from '../components/dialog.tsx';
import { readToken } from '../gateway/credentials.ts';
import { session } from '../gateway/session.ts';

/** Asks for credentials over the page as it is: whatever was refused is tried again with them. */
export function SignInDialog() {
  const needed = useSyncExternalStore(session.subscribe, session.needsSignIn);
  const [token, setToken] = useState('');
  const id = useId();
  const expired = readToken() !== undefined;
  const signIn = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const trimmed = token.trim();
    if (trimmed === '') return;
    session.signIn(trimmed);
    setToken('');
  };
  return (
    <Dialog
      open={needed}
      // There is nothing behind it to go back to.
      onOpenChange={() => {}}
      title={expired ? 'Sign in again' : 'Sign in'}
      description={
        expired
          ? 'The gateway no longer takes the key or token that was used. The page stays as it is.'
          : 'This gateway wants to know who you are.'
      }
    >
      <form className="fields" onSubmit={signIn}>
        <div className="field">
          <label htmlFor={id}>API key or token</label>
          <input
            id={id}
            className="input mono"
            type="password"
            autoComplete="current-password"
            value={token}
            onChange={event => setToken(event.target.value)}
          />
          <span className="hint">It is kept in this tab alone, until you sign out or close it.</span>
        </div>
        <div className="actions">
          <Button type="submit" look="primary" disabled={token.trim() === ''}>
            Sign in
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
