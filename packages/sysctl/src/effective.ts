/**
 * What counts for a device where `conf.all` and its own setting differ.
 * @module
 */
import type { Combine, Table, Value } from './definition.ts';

/** Writes into `effective`, in place, what `all` and `device` come to. */
export function combineInto(
  effective: Record<string, Value>,
  table: Table,
  all: Readonly<Record<string, Value>>,
  device: Readonly<Record<string, Value>>,
): void {
  for (const [field, { combine }] of Object.entries(table)) {
    const router = field === 'accept_redirects' && device.forwarding !== 0;
    effective[field] = combined(combine ?? 'device', Number(all[field]), Number(device[field]), router);
  }
}

function combined(how: Combine, all: number, device: number, router: boolean): number {
  switch (how) {
    case 'max':
      return Math.max(all, device);
    case 'or':
      return all !== 0 || device !== 0 ? 1 : 0;
    case 'and':
      return all !== 0 && device !== 0 ? 1 : 0;
    case 'redirects':
      // Linux: a router believes redirects only where both say so; RFC 1812 §5.2.7.2 has it not listen at all.
      return combined(router ? 'and' : 'or', all, device, router);
    case 'oldest':
      return all === 0 || device === 0 ? Math.max(all, device) : Math.min(all, device);
    case 'device':
      return device;
  }
}
