/**
 * The counters of a host as `nstat` names them.
 * @module
 */

/** Counters by group and name, as in `/proc/net/snmp`: `{ Ip: { InReceives: 12 } }`. */
export type MibGroups = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** All counters by the names `nstat` prints: `IpInReceives`, `TcpExtTCPTimeouts`. */
export function flatten(groups: readonly object[]): Record<string, number> {
  const flat: Record<string, number> = {};
  for (const engine of groups) {
    for (const [group, counters] of Object.entries(engine as MibGroups)) {
      if (typeof counters !== 'object') continue;
      for (const [name, value] of Object.entries(counters)) {
        const key = `${group}${name}`;
        if (typeof value === 'number') flat[key] = (flat[key] ?? 0) + value;
      }
    }
  }
  return flat;
}

/** What was counted since an earlier {@link flatten}: names whose counters moved, and by how much. */
export function since(
  before: Readonly<Record<string, number>>,
  now: Readonly<Record<string, number>>,
): Record<string, number> {
  const moved: Record<string, number> = {};
  for (const [name, value] of Object.entries(now)) {
    const change = value - (before[name] ?? 0);
    if (change !== 0) moved[name] = change;
  }
  return moved;
}
