import type { ContractPart } from '@longhaul/proto/wire';
import { CircleAlert } from 'lucide-react';

/** That parts of the task were written under another version of the contract: they are shown as they were recorded. */
export function UnfitNote({ parts }: { readonly parts: readonly ContractPart[] }) {
  if (parts.length === 0) return null;
  const [last, ...others] = [...new Set(parts)].reverse();
  const what = others.length === 0 ? last : `${others.reverse().join(', ')} and ${last}`;
  return (
    <p className="notice plain" role="note">
      <CircleAlert aria-hidden />
      Its {what} {others.length === 0 ? 'does' : 'do'} not fit the contract of this gateway: another version
      of the contract was in use when it was written. What is shown was recorded then; typed clients leave it
      out.
    </p>
  );
}
