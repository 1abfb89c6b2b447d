import type { AnyTaskRecord } from '@longhaul/proto/wire';
import { Tabs } from 'radix-ui';
import { CodeBlock } from '../../components/copyButton.tsx';
import { clientCode, curlCommand } from './snippets.ts';

/** The programs that would start the same task. */
export function CodeCard({ record }: { readonly record: AnyTaskRecord }) {
  return (
    <Tabs.Root defaultValue="client" asChild>
      <section className="card" aria-label="The same from a program">
        <header>
          <h2 className="grow">From a program</h2>
          <Tabs.List className="tabs" aria-label="Language">
            <Tabs.Trigger value="client">TypeScript</Tabs.Trigger>
            <Tabs.Trigger value="curl">curl</Tabs.Trigger>
          </Tabs.List>
        </header>
        <Tabs.Content value="client" className="body" tabIndex={-1}>
          <CodeBlock text={clientCode(record, location.origin)} label="client code" />
        </Tabs.Content>
        <Tabs.Content value="curl" className="body" tabIndex={-1}>
          <CodeBlock text={curlCommand(record, location.origin)} label="curl command" />
        </Tabs.Content>
      </section>
    </Tabs.Root>
  );
}
