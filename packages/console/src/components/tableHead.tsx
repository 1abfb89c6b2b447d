import type { ReactNode } from 'react';

/** The head of a column. `number`: its cells are numbers, which stand to the right. */
export type Column = { readonly title: ReactNode; readonly number?: true; readonly hint?: string };

/** The head of a table whose rows end with buttons. */
export function TableHead({ columns }: { readonly columns: readonly Column[] }) {
  return (
    <thead>
      <tr>
        {columns.map(({ title, number, hint }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the columns of a table never change
          <th key={index} scope="col" className={number && 'number'} title={hint}>
            {title}
          </th>
        ))}
        <th scope="col">
          <span className="sr-only">Actions</span>
        </th>
      </tr>
    </thead>
  );
}
