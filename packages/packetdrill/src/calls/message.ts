/**
 * `struct msghdr` and `struct iovec` as scripts write them, and ancillary data compared.
 * @module
 */
import {
  type ControlMessage,
  type ExtendedErrorMessage,
  errnoNumber,
  SCM_TIMESTAMPING,
  SO_TIMESTAMP,
  SO_TIMESTAMPNS,
  SOL_SOCKET,
  type Timespec,
  type Timeval,
} from '@stack/socket';
import type { Expression } from '../script/script.ts';
import { Fields, hasBuffer, integerOf, listOf } from './arguments.ts';
import { CallFault } from './fault.ts';

/** A message of `sendmsg` or `recvmsg`. */
export interface Message {
  /** Lengths of its buffers. */
  sizes: readonly number[];
  /** Whether one of the buffers that have a length is NULL. */
  hasNull: boolean;
  flags: number | undefined;
  /** What must come along; `undefined` = not checked. */
  control: readonly Expression[] | undefined;
}

/** Reads `{msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_flags=0}`. */
export function messageOf(expression: Expression | undefined): Message {
  if (expression?.kind !== 'struct')
    throw new CallFault('the message is to stand in { }', expression?.position);
  let iov: { sizes: number[]; hasNull: boolean } | undefined;
  let flags: number | undefined;
  let control: readonly Expression[] | undefined;
  for (const item of expression.items) {
    if (item.kind !== 'field') throw new CallFault('a message has named fields', item.position);
    switch (item.name) {
      case 'msg_name':
        break;
      case 'msg_iov':
        iov = iovOf(item.value);
        break;
      case 'msg_flags':
        flags = integerOf(item.value, 'msg_flags');
        break;
      case 'msg_control':
        control = listOf(item.value, 'msg_control');
        break;
      default:
        throw new CallFault(`a message has no field ${item.name}`, item.position);
    }
  }
  if (iov === undefined) throw new CallFault('the message has no msg_iov', expression.position);
  return { ...iov, flags, control };
}

/** Reads `[{..., 10}, {..., 20}]`. */
export function iovOf(expression: Expression | undefined): { sizes: number[]; hasNull: boolean } {
  let hasNull = false;
  const sizes = listOf(expression, 'the vector').map((item) => {
    const fields = new Fields(item, 'an element of the vector').only('0', '1', 'iov_base', 'iov_len');
    const size = integerOf(fields.get('1') ?? fields.get('iov_len'), 'the length of a buffer');
    if (!hasBuffer(fields.get('0') ?? fields.get('iov_base')) && size > 0) hasNull = true;
    return size;
  });
  return { sizes, hasNull };
}

/** Compares ancillary data. `start` is the clock's time at the script's 0. @throws CallFault where they differ. */
export function compareControl(
  expected: readonly Expression[],
  actual: readonly ControlMessage[],
  start: number,
  tolerance: number,
): void {
  if (expected.length !== actual.length) {
    throw new CallFault(
      `expected ${expected.length} control messages, got ${actual.length}`,
      expected[0]?.position,
    );
  }
  for (const [index, item] of expected.entries()) {
    const fields = new Fields(item, 'a control message').only('cmsg_level', 'cmsg_type', 'cmsg_data');
    const { level, type, value } = actual[index] as ControlMessage;
    same('cmsg_level', fields.integer('cmsg_level'), level, item);
    same('cmsg_type', fields.integer('cmsg_type'), type, item);
    const data = fields.get('cmsg_data');
    if (data === undefined || data.kind === 'ellipsis') continue;
    if (typeof value === 'number') same('cmsg_data', integerOf(data, 'cmsg_data'), value, data);
    else if (level === SOL_SOCKET)
      compareTime(new Fields(data, 'cmsg_data'), type, value, start, tolerance, data);
    else compareError(new Fields(data, 'cmsg_data'), value as ExtendedErrorMessage, data);
  }
}

function compareTime(
  fields: Fields,
  type: number,
  value: object,
  start: number,
  tolerance: number,
  at: Expression,
): void {
  if (type !== SO_TIMESTAMP && type !== SO_TIMESTAMPNS && type !== SCM_TIMESTAMPING) {
    throw new CallFault(`control messages of type ${type} cannot be compared`, at.position);
  }
  fields.only('scm_sec', 'scm_nsec', 'tv_sec', 'tv_usec', 'tv_nsec');
  const seconds = fields.integer(fields.has('scm_sec') ? 'scm_sec' : 'tv_sec');
  const nanoseconds = fields.has('tv_usec')
    ? fields.integer('tv_usec') * 1000
    : fields.integer(fields.has('scm_nsec') ? 'scm_nsec' : 'tv_nsec');
  const expected = seconds * 1_000_000 + nanoseconds / 1000;
  // Of three timestamps the first is the one of software.
  const time = (Array.isArray(value) ? value[0] : value) as Timespec & Timeval;
  const actual = time.sec * 1_000_000 + (time.nsec === undefined ? time.usec : time.nsec / 1000) - start;
  if (Math.abs(actual - expected) > tolerance) {
    throw new CallFault(`the timestamp is ${actual / 1e6} s, not ${expected / 1e6} s`, at.position);
  }
}

function compareError(fields: Fields, error: ExtendedErrorMessage, at: Expression): void {
  fields.only('ee_errno', 'ee_origin', 'ee_type', 'ee_code', 'ee_info', 'ee_data', 'ee_pad');
  same('ee_errno', fields.integer('ee_errno'), errnoNumber(error.errno), at);
  same('ee_origin', fields.integer('ee_origin'), error.origin, at);
  same('ee_type', fields.integer('ee_type'), error.type, at);
  same('ee_code', fields.integer('ee_code'), error.code, at);
  same('ee_info', fields.integer('ee_info'), error.info, at);
  same('ee_data', fields.integer('ee_data'), error.data, at);
}

function same(what: string, expected: number, actual: number, at: Expression): void {
  if (expected !== actual) throw new CallFault(`${what} is ${actual}, not ${expected}`, at.position);
}
