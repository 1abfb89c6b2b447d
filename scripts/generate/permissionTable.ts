import { permissions, type Role, rolesFrom } from '../../services/gateway/src/auth/caller.ts';
import { table } from './markers.ts';

/** Who may do what. */
export function permissionTable(): string {
  return table(
    ['to', "one's own", "another owner's, or everybody's"],
    Object.values(permissions).map(({ what, own, others }) => [what, whoFrom(own), whoFrom(others)]),
  );
}

function whoFrom(lowest: Role | 'nobody'): string {
  return lowest === 'nobody' ? 'nobody' : rolesFrom(lowest).join(', ');
}
