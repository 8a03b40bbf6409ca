/**
 * Addresses between the socket layer, where they are text, and the engines, where they are numbers.
 * @module
 */
import { formatAddress, parseAddress } from '@stack/ipv4';
import type { ExtendedError } from '@stack/skbuff/sock';
import type { ControlMessage, ExtendedErrorMessage, Ipv4SocketAddress, WireAddress } from '@stack/socket';
import { IP_RECVERR, SOL_IP } from '@stack/socket';

/** An IPv4 address with its port, as calls give it back. */
export function toText(address: number, port: number): Ipv4SocketAddress {
  return { address: formatAddress(address), family: 'IPv4', port };
}

/** The address in a `sockaddr_in`; an errno where it is none: EAFNOSUPPORT another family, EINVAL no address. */
export function toNumber(address: WireAddress): number | string {
  if (address.family !== 'IPv4') return 'EAFNOSUPPORT';
  if (address.address === '') return 0;
  try {
    return parseAddress(address.address);
  } catch {
    return 'EINVAL';
  }
}

/** An entry of an error queue as the control message that carries it. */
export function errorMessage(error: ExtendedError<unknown>): ControlMessage {
  const { errno, origin, type, code, info, data, offender } = error;
  const value: ExtendedErrorMessage = {
    errno,
    origin,
    type,
    code,
    info,
    data,
    offender: offender === undefined ? undefined : toText(offender as number, 0),
  };
  return { level: SOL_IP, type: IP_RECVERR, value };
}

/** Copies what fits of `payload` and tells how much that was. */
export function copyPayload(payload: Uint8Array, into: Uint8Array, offset: number, length: number): number {
  const copied = Math.min(payload.length, length);
  into.set(copied === payload.length ? payload : payload.subarray(0, copied), offset);
  return copied;
}
