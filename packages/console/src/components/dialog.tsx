import { AlertDialog, Dialog as Radix } from 'radix-ui';
import { type ReactNode, useState } from 'react';
import { Button } from './button.tsx';

/**
 * A dialog over the page. Radix keeps the focus in it and gives it back; its own overlay is not used, since that one
 * writes a style element, which the page's policy forbids.
 */
export function Dialog({
  open,
  onOpenChange,
  title,
  description,
  wide = false,
  children,
}: {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly title: string;
  readonly description?: string;
  readonly wide?: boolean;
  readonly children: ReactNode;
}) {
  const described = description === undefined ? { 'aria-describedby': undefined } : {};
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <div className="overlay" />
        <Radix.Content className={wide ? 'dialog wide' : 'dialog'} {...described}>
          <Radix.Title asChild>
            <h2>{title}</h2>
          </Radix.Title>
          {description !== undefined && (
            <Radix.Description className="muted">{description}</Radix.Description>
          )}
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** Asks before something that cannot be taken back. */
export function Confirm({
  open,
  onOpenChange,
  title,
  description,
  verb,
  danger = false,
  onConfirm,
  children,
}: {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly title: string;
  readonly description: string;
  /** What the button does: "Cancel 3 tasks". */
  readonly verb: string;
  readonly danger?: boolean;
  readonly onConfirm: () => Promise<unknown>;
  readonly children?: ReactNode;
}) {
  const [busy, setBusy] = useState(false);
  const confirm = async () => {
    setBusy(true);
    try {
      await onConfirm();
    } finally {
      setBusy(false);
      onOpenChange(false);
    }
  };
  return (
    <AlertDialog.Root open={open} onOpenChange={onOpenChange}>
      <AlertDialog.Portal>
        <div className="overlay" />
        <AlertDialog.Content className="dialog">
          <AlertDialog.Title asChild>
            <h2>{title}</h2>
          </AlertDialog.Title>
          <AlertDialog.Description className="muted">{description}</AlertDialog.Description>
          {children}
          <div className="actions">
            <AlertDialog.Cancel asChild>
              <Button>Go back</Button>
            </AlertDialog.Cancel>
            <Button look={danger ? 'danger' : 'primary'} disabled={busy} onClick={() => void confirm()}>
              {verb}
            </Button>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
