import type { ComponentProps, ReactNode } from 'react';
import { Link as Route } from 'wouter';

type Look = 'primary' | 'danger' | 'quiet';
type Looks = { readonly look?: Look | undefined; readonly tiny?: boolean; readonly icon?: boolean };

function classes({ look, tiny, icon }: Looks): string {
  return ['button', look, tiny && 'tiny', icon && 'icon'].filter(Boolean).join(' ');
}

export function Button({ look, tiny = false, icon = false, ...rest }: ComponentProps<'button'> & Looks) {
  return <button type="button" {...rest} className={classes({ look, tiny, icon })} />;
}

/** A button with an icon alone: its name is for those who do not see it, and its tooltip for those who do. */
export function IconButton({
  label,
  children,
  ...rest
}: Omit<ComponentProps<'button'>, 'aria-label' | 'title'> &
  Omit<Looks, 'icon'> & { readonly label: string; readonly children: ReactNode }) {
  return (
    <Button look="quiet" {...rest} icon aria-label={label} title={label}>
      {children}
    </Button>
  );
}

/** A link that looks like a button. */
export function ButtonLink({
  look,
  tiny = false,
  href,
  children,
}: Looks & { readonly href: string; readonly children: ReactNode }) {
  return (
    <Route href={href} className={classes({ look, tiny })}>
      {children}
    </Route>
  );
}
