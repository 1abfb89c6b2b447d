import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { IconButton } from './button.tsx';
import { toast } from './toasts.tsx';

const saidForMs = 1_600;

/** Copies a text, and says so. */
export function CopyButton({ text, label }: { readonly text: () => string; readonly label: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), saidForMs);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
      setCopied(true);
    } catch {
      toast('The browser lets this page copy only over https or on localhost.', true);
    }
  };
  return (
    <IconButton tiny label={copied ? 'Copied' : label} onClick={() => void copy()}>
      {copied ? <Check aria-hidden /> : <Copy aria-hidden />}
    </IconButton>
  );
}

/** Text to copy: a program or a command. */
export function CodeBlock({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    <section className="code" aria-label={label}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <pre tabIndex={0}>{text}</pre>
      <CopyButton text={() => text} label={`Copy ${label}`} />
    </section>
  );
}
