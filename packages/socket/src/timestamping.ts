/**
 * SO_TIMESTAMPING (Linux `sock_set_timestamping`).
 * @module
 */
import { SOCK_STREAM } from './constants/families.ts';
import {
  SOF_TIMESTAMPING_BIND_PHC,
  SOF_TIMESTAMPING_OPT_ID,
  SOF_TIMESTAMPING_OPT_ID_TCP,
  SOF_TIMESTAMPING_OPT_STATS,
  SOF_TIMESTAMPING_OPT_TSONLY,
  SOF_TIMESTAMPING_TX_ACK,
  SOF_TIMESTAMPING_TX_COMPLETION,
  SOF_TIMESTAMPING_TX_HARDWARE,
  SOF_TIMESTAMPING_TX_SCHED,
  SOF_TIMESTAMPING_TX_SOFTWARE,
} from './constants/timestamping.ts';
import type { Core } from './core.ts';
import type { Errno, OptionData, SockFields } from './ports.ts';

const MASK = 2 * SOF_TIMESTAMPING_TX_COMPLETION - 1;

/** What a control message of a send may ask for. */
const TX_RECORD_MASK =
  SOF_TIMESTAMPING_TX_HARDWARE |
  SOF_TIMESTAMPING_TX_SOFTWARE |
  SOF_TIMESTAMPING_TX_SCHED |
  SOF_TIMESTAMPING_TX_ACK |
  SOF_TIMESTAMPING_TX_COMPLETION;

/** Sets the option, from flags or from `struct so_timestamping`. */
export function setTimestamping(core: Core, value: OptionData): Errno | undefined {
  const { flags } = typeof value === 'number' ? { flags: value } : (value as { flags: number });
  if (!Number.isInteger(flags) || (flags & ~MASK) !== 0 || flags > MASK) return 'EINVAL';
  if (isSet(flags, SOF_TIMESTAMPING_OPT_ID_TCP) && !isSet(flags, SOF_TIMESTAMPING_OPT_ID)) return 'EINVAL';
  const { proto } = core;
  const { sk } = proto;
  const begins =
    isSet(flags, SOF_TIMESTAMPING_OPT_ID) && !isSet(sk.timestamping?.flags ?? 0, SOF_TIMESTAMPING_OPT_ID);
  if (begins && proto.type === SOCK_STREAM) {
    const phase = proto.phase();
    if (phase === 'unconnected' || phase === 'listening') return 'EINVAL';
  }
  if (isSet(flags, SOF_TIMESTAMPING_OPT_STATS) && !isSet(flags, SOF_TIMESTAMPING_OPT_TSONLY)) return 'EINVAL';
  // There are no hardware clocks to bind to.
  if (isSet(flags, SOF_TIMESTAMPING_BIND_PHC)) return sk.boundDevIf === 0 ? 'EOPNOTSUPP' : 'EINVAL';
  sk.timestamping ??= { flags: 0, next: 0, base: 0 };
  if (begins) {
    sk.timestamping.next = 0;
    sk.timestamping.base = proto.timestampBase?.(flags) ?? 0;
  }
  sk.timestamping.flags = flags;
  return undefined;
}

/**
 * For protocols: the `SOF_TIMESTAMPING_*` that hold for a send with an SO_TIMESTAMPING control message. EINVAL where it asks for
 * anything else than transmit timestamps.
 */
export function sentTimestamping({ timestamping }: SockFields, value: unknown): number | Errno {
  if (typeof value !== 'number' || !Number.isInteger(value) || (value & ~TX_RECORD_MASK) !== 0)
    return 'EINVAL';
  return ((timestamping?.flags ?? 0) & ~TX_RECORD_MASK) | value;
}

function isSet(flags: number, flag: number): boolean {
  return (flags & flag) !== 0;
}
