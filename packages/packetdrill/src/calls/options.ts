/**
 * `setsockopt` and `getsockopt`.
 * @module
 */
import {
  type OptionData,
  SO_LINGER,
  SO_RCVTIMEO,
  SO_SNDTIMEO,
  SOL_IP,
  SOL_SOCKET,
  SOL_TCP,
  SocketError,
  TCP_MD5SIG,
  TCP_MD5SIG_EXT,
  type TcpMd5Sig,
} from '@stack/socket';
import type { Expression } from '../script/script.ts';
import { symbolValue } from '../symbols.ts';
import { boxedOf, bytesOf, Fields, integerOf, itemOf, requireCount } from './arguments.ts';
import { CallFault } from './fault.ts';
import type { World } from './process.ts';

const INT = 4;
const TCP_FASTOPEN_KEY = symbolValue('TCP_FASTOPEN_KEY');

/** `setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4)`. */
export function setsockopt(world: World, args: readonly Expression[]): number {
  requireCount(args, 5);
  const { socket } = world.process.socket(integerOf(args[0], 'the descriptor'));
  const level = integerOf(args[1], 'the level');
  const option = integerOf(args[2], 'the option');
  const length = integerOf(args[4], 'the length');
  const value = optionOf(args[3], level, option, length);
  if (value === undefined) throw new SocketError('setsockopt', 'EINVAL');
  socket.setsockopt(level, option, value);
  return 0;
}

/** The value as sockets take it; `undefined` where its length is too short for one. */
function optionOf(
  expression: Expression | undefined,
  level: number,
  option: number,
  length: number,
): OptionData | undefined {
  switch (expression?.kind) {
    case 'string':
      if (option === TCP_FASTOPEN_KEY) return bytesOf(expression.value).slice(0, length);
      return expression.value.slice(0, length);
    case 'struct': {
      const fields = new Fields(expression, 'the value');
      if (level === SOL_SOCKET && option === SO_LINGER) {
        fields.only('onoff', 'linger', 'l_onoff', 'l_linger');
        const onoff = fields.integer(fields.has('onoff') ? 'onoff' : 'l_onoff');
        return { onoff, linger: fields.integer(fields.has('linger') ? 'linger' : 'l_linger') };
      }
      if (level === SOL_SOCKET && (option === SO_RCVTIMEO || option === SO_SNDTIMEO)) {
        fields.only('tv_sec', 'tv_usec');
        return { sec: fields.integer('tv_sec'), usec: fields.integer('tv_usec') };
      }
      if (level === SOL_TCP && (option === TCP_MD5SIG || option === TCP_MD5SIG_EXT)) return keyOf(fields);
      throw new CallFault('a struct for this option is not known', expression.position);
    }
    default: {
      // An int; options of IP may be a byte.
      const value = boxedOf(expression, 'the value') | 0;
      if (level === SOL_IP ? length < 1 : length < INT) return undefined;
      return value;
    }
  }
}

/** `{addr="192.0.2.1", key="secret"}`, a `struct tcp_md5sig`; its flags and prefix for TCP_MD5SIG_EXT. */
function keyOf(fields: Fields): TcpMd5Sig {
  fields.only('addr', 'key', 'flags', 'prefixlen');
  return {
    addr: fields.string('addr'),
    key: bytesOf(fields.string('key')),
    ...(fields.has('flags') && { flags: fields.integer('flags') }),
    ...(fields.has('prefixlen') && { prefixlen: fields.integer('prefixlen') }),
  };
}

/** `getsockopt(4, SOL_SOCKET, SO_ERROR, [0], [4])`. @throws CallFault where the value is another. */
export function getsockopt(world: World, args: readonly Expression[]): number {
  requireCount(args, 5);
  const { socket } = world.process.socket(integerOf(args[0], 'the descriptor'));
  const level = integerOf(args[1], 'the level');
  const option = integerOf(args[2], 'the option');
  const actual = socket.getsockopt(level, option) as OptionData;
  compareValue(args[3], actual);
  return 0;
}

function compareValue(expected: Expression | undefined, actual: OptionData): void {
  if (expected?.kind === 'ellipsis') return;
  const shown = actual instanceof Uint8Array ? String.fromCharCode(...actual) : actual;
  const differ = (wanted: string): never => {
    const text = typeof shown === 'object' ? JSON.stringify(shown) : String(shown);
    throw new CallFault(`the value is ${text}, not ${wanted}`, expected?.position);
  };
  if (expected?.kind === 'string') {
    if (shown !== expected.value) differ(`"${expected.value}"`);
    return;
  }
  if (expected?.kind === 'struct') {
    const fields = new Fields(expected, 'the value').only('onoff', 'linger', 'l_onoff', 'l_linger');
    const onoff = fields.integer(fields.has('onoff') ? 'onoff' : 'l_onoff');
    const linger = fields.integer(fields.has('linger') ? 'linger' : 'l_linger');
    const { onoff: isOn, linger: seconds } = actual as { onoff: boolean | number; linger: number };
    if (Number(isOn) !== onoff || seconds !== linger) differ(`{onoff=${onoff}, linger=${linger}}`);
    return;
  }
  const item = itemOf(expected, 'the value');
  if (item.kind === 'ellipsis') return;
  const wanted = integerOf(item, 'the value');
  if (typeof actual !== 'number' || (actual | 0) !== (wanted | 0)) differ(String(wanted));
}
