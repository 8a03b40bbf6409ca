/**
 * Rules between two sysctls: a value that breaks one is EINVAL.
 * @module
 */
import type { Range, Value, Values } from './definition.ts';
import type { IP } from './ip.ts';

/** Whether `value` for `net.ipv4.<field>` goes with the values of the others. */
export function isConsistent(ip: Values<typeof IP>, field: string, value: Value): boolean {
  switch (field) {
    case 'ip_local_port_range': {
      const [low, high] = value as Range;
      return low <= high && low >= ip.ip_unprivileged_port_start;
    }
    case 'ip_unprivileged_port_start':
      return (value as number) <= ip.ip_local_port_range[0];
    case 'ipfrag_high_thresh':
      return (value as number) >= ip.ipfrag_low_thresh;
    case 'ipfrag_low_thresh':
      return (value as number) <= ip.ipfrag_high_thresh;
    default:
      return true;
  }
}
