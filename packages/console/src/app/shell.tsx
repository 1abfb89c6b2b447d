import { Gauge, Keyboard, ListChecks, LogOut, Monitor, Moon, Play, Sun, WifiOff } from 'lucide-react';
import { type ReactNode, Suspense, useState, useSyncExternalStore } from 'react';
import { Link, useLocation } from 'wouter';
import { IconButton } from '../components/button.tsx';
import { Skeleton } from '../components/states.tsx';
import { Toasts } from '../components/toasts.tsx';
import { onTokenChange, readToken } from '../gateway/credentials.ts';
import { type Connection, live } from '../gateway/live.ts';
import { session } from '../gateway/session.ts';
import { HelpDialog } from './helpDialog.tsx';
import { useShortcuts } from './shortcuts.ts';
import { SignInDialog } from './signInDialog.tsx';
import { type Theme, useTheme } from './theme.ts';

const pages = [
  { href: '/', name: 'Overview', icon: Gauge },
  { href: '/tasks', name: 'Tasks', icon: ListChecks },
  { href: '/run', name: 'Run', icon: Play },
] as const;
const themes: { readonly [T in Theme]: { readonly icon: typeof Sun; readonly name: string } } = {
  system: { icon: Monitor, name: 'as the system' },
  light: { icon: Sun, name: 'light' },
  dark: { icon: Moon, name: 'dark' },
};
const words: { readonly [C in Connection]: string } = {
  live: 'Live',
  connecting: 'Connecting…',
  lost: 'Disconnected',
  paused: 'Paused',
};

/** What is around every page: navigation, the connection's state, the theme, help and sign-in. */
export function Shell({ children }: { readonly children: ReactNode }) {
  const [path, navigate] = useLocation();
  const [help, setHelp] = useState(false);
  const { theme, next } = useTheme();
  const connection = useSyncExternalStore(live.onConnection, live.connection);
  const signedIn = useSyncExternalStore(onTokenChange, () => readToken() !== undefined);
  useShortcuts({
    'g o': () => navigate('/'),
    'g t': () => navigate('/tasks'),
    'g r': () => navigate('/run'),
    '/': () => document.querySelector<HTMLInputElement>('[data-shortcut="search"]')?.focus(),
    t: next,
    '?': () => setHelp(true),
  });
  const isHere = (href: string) =>
    href === '/' ? path === '/' : path === href || path.startsWith(`${href}/`);
  const { icon: ThemeIcon, name: themeName } = themes[theme];
  return (
    <>
      <a className="skip-link" href="#main">
        Skip to the page
      </a>
      <div className="shell">
        <header className="side">
          <Link href="/" className="brand">
            <img src="/favicon.svg" alt="" />
            Longhaul
          </Link>
          <nav className="nav" aria-label="Main">
            {pages.map(({ href, name, icon: Icon }) => (
              <Link key={href} href={href} aria-current={isHere(href) ? 'page' : undefined}>
                <Icon aria-hidden />
                {name}
              </Link>
            ))}
          </nav>
          <div className="side-foot">
            <div className="connection" data-state={connection} role="status">
              <i />
              <span>{words[connection]}</span>
            </div>
            <div className="side-tools">
              <IconButton label={`Theme: ${themeName}`} onClick={next}>
                <ThemeIcon aria-hidden />
              </IconButton>
              <IconButton label="Keyboard shortcuts" onClick={() => setHelp(true)}>
                <Keyboard aria-hidden />
              </IconButton>
              {signedIn && (
                <IconButton label="Sign out" onClick={session.signOut}>
                  <LogOut aria-hidden />
                </IconButton>
              )}
            </div>
          </div>
        </header>
        <main className="main" id="main" tabIndex={-1}>
          {connection === 'lost' && (
            <div className="banner" role="alert">
              <WifiOff aria-hidden />
              Disconnected, trying again. This page may be out of date; tasks continue meanwhile.
            </div>
          )}
          <Suspense fallback={<Skeleton lines={6} height={24} />}>{children}</Suspense>
        </main>
      </div>
      <HelpDialog open={help} onOpenChange={setHelp} />
      <SignInDialog />
      <Toasts />
    </>
  );
}
