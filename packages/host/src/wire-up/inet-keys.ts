/**
 * Keys of TCP between the socket layer, whose addresses are text, and the engine, whose addresses are numbers.
 * @module
 */
import { formatAddress, parseAddress } from '@stack/ipv4';
import type { OptionData } from '@stack/socket';
import type { AoKeyInfo } from '@stack/tcp/engine';

/** A value for `setsockopt` as the engine takes it: `addr`, where it has one, is a number. `undefined`: it is no address. */
export function withNumber(value: OptionData): OptionData | undefined {
  if (typeof value !== 'object' || !('addr' in value)) return value;
  if (typeof value.addr !== 'string') return undefined;
  try {
    return { ...value, addr: parseAddress(value.addr) };
  } catch {
    return undefined;
  }
}

/** What TCP_AO_GET_KEYS gives, `addr` as text. */
export function withText(keys: readonly AoKeyInfo<unknown>[]): OptionData {
  return keys.map((key) => ({ ...key, addr: formatAddress(key.addr as number) }));
}
