import { Dialog } from '../components/dialog.tsx';

const groups: readonly { readonly title: string; readonly keys: readonly (readonly [string, string])[] }[] = [
  {
    title: 'Everywhere',
    keys: [
      ['g o', 'Overview'],
      ['g t', 'Tasks'],
      ['g r', 'Run'],
      ['/', 'Search on this page'],
      ['t', 'Light, dark or the system’s theme'],
      ['?', 'This help'],
    ],
  },
  {
    title: 'Tasks',
    keys: [
      ['j', 'Next task (or ↓)'],
      ['k', 'Task before (or ↑)'],
      ['Enter', 'Open'],
      ['x', 'Select'],
      ['Escape', 'Select none'],
    ],
  },
  {
    title: 'Task',
    keys: [
      ['c', 'Cancel'],
      ['r', 'Retry, once it has ended'],
    ],
  },
];

export function HelpDialog({
  open,
  onOpenChange,
}: {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title="Keyboard"
      description="Keys work while nothing is typed."
    >
      <div className="keys-groups">
        {groups.map(({ title, keys }) => (
          <section key={title} aria-label={title}>
            <h3 className="muted">{title}</h3>
            <dl className="keys">
              {keys.map(([key, what]) => (
                <div key={key} className="contents">
                  <dt>
                    {key.split(' ').map(part => (
                      <kbd key={part}>{part}</kbd>
                    ))}
                  </dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
