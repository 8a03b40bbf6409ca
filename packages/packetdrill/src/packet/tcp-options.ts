/**
 * TCP options: from the script's words to the codec's, and back.
 * @module
 */
import {
  type Option,
  TCPOPT_ACCECN0,
  TCPOPT_ACCECN1,
  TCPOPT_EOL,
  TCPOPT_EXP,
  TCPOPT_FASTOPEN,
  TCPOPT_FASTOPEN_MAGIC,
  TCPOPT_MD5SIG,
  TCPOPT_MSS,
  TCPOPT_NOP,
  TCPOPT_RAW,
  TCPOPT_SACK,
  TCPOPT_SACK_PERM,
  TCPOPT_TIMESTAMP,
  TCPOPT_WINDOW,
} from '@stack/tcp';
import type { ScriptOption } from '../script/script.ts';
import type { Connection } from './connection.ts';

const NO_BYTES = new Uint8Array(0);

/** The options of a segment that is put in, as they go on the wire; see {@link Connection.timestampLive} for `infers`. @throws TimestampError for an echo of what was never sent. */
export function encodeOptions(
  options: readonly ScriptOption[],
  connection: Connection,
  echoes: boolean,
  infers: boolean,
): Option[] {
  return options.map((option) => encodeOption(option, connection, echoes, infers));
}

function encodeOption(
  option: ScriptOption,
  connection: Connection,
  echoes: boolean,
  infers: boolean,
): Option {
  switch (option.kind) {
    case 'eol':
      return { kind: TCPOPT_EOL, padding: NO_BYTES };
    case 'nop':
      return { kind: TCPOPT_NOP };
    case 'mss':
      return { kind: TCPOPT_MSS, mss: option.mss };
    case 'wscale':
      return { kind: TCPOPT_WINDOW, wscale: option.wscale };
    case 'sackOK':
      return { kind: TCPOPT_SACK_PERM };
    case 'sack':
      return {
        kind: TCPOPT_SACK,
        blocks: option.blocks.map(({ start, end }) => ({
          startSeq: connection.localLive(start, 0),
          endSeq: connection.localLive(end, 0),
        })),
      };
    case 'TS':
      return {
        kind: TCPOPT_TIMESTAMP,
        tsval: option.val,
        tsecr: echoes ? connection.timestampLive(option.ecr, infers) : option.ecr,
      };
    case 'md5':
      return { kind: TCPOPT_MD5SIG, digest: option.digest };
    case 'FO':
      return isCookie(option.cookie)
        ? { kind: TCPOPT_FASTOPEN, cookie: option.cookie }
        : { kind: TCPOPT_RAW, code: TCPOPT_FASTOPEN, data: option.cookie };
    case 'FOEXP':
      return { kind: TCPOPT_EXP, exid: TCPOPT_FASTOPEN_MAGIC, data: option.cookie };
    case 'ECN':
      return {
        kind: option.order === 0 ? TCPOPT_ACCECN0 : TCPOPT_ACCECN1,
        counters: [...option.counters],
      };
    case 'unknown':
      return { kind: TCPOPT_RAW, code: option.code, data: option.data };
  }
}

/** The options of a segment that came out, in the script's words. Zeros that fill up the header are none. */
export function decodeOptions(options: readonly Option[], connection: Connection): ScriptOption[] {
  const list: ScriptOption[] = [];
  for (const option of options) {
    switch (option.kind) {
      case TCPOPT_EOL:
        if (option.padding.some((byte) => byte !== 0)) list.push({ kind: 'eol' });
        break;
      case TCPOPT_NOP:
        list.push({ kind: 'nop' });
        break;
      case TCPOPT_MSS:
        list.push({ kind: 'mss', mss: option.mss });
        break;
      case TCPOPT_WINDOW:
        list.push({ kind: 'wscale', wscale: option.wscale });
        break;
      case TCPOPT_SACK_PERM:
        list.push({ kind: 'sackOK' });
        break;
      case TCPOPT_SACK:
        list.push({
          kind: 'sack',
          blocks: option.blocks.map(({ startSeq, endSeq }) => ({
            start: connection.remoteScript(startSeq, 0),
            end: connection.remoteScript(endSeq, 0),
          })),
        });
        break;
      case TCPOPT_TIMESTAMP:
        list.push({ kind: 'TS', val: connection.timestampScript(option.tsval), ecr: option.tsecr });
        break;
      case TCPOPT_MD5SIG:
        list.push({ kind: 'md5', digest: option.digest });
        break;
      case TCPOPT_FASTOPEN:
        list.push({ kind: 'FO', cookie: option.cookie });
        break;
      case TCPOPT_EXP:
        if (option.exid === TCPOPT_FASTOPEN_MAGIC) list.push({ kind: 'FOEXP', cookie: option.data });
        else list.push({ kind: 'unknown', code: option.kind, data: withExid(option.exid, option.data) });
        break;
      case TCPOPT_ACCECN0:
      case TCPOPT_ACCECN1:
        list.push({
          kind: 'ECN',
          order: option.kind === TCPOPT_ACCECN0 ? 0 : 1,
          counters: option.counters,
        });
        break;
      case TCPOPT_RAW:
        list.push({ kind: 'unknown', code: option.code, data: option.data });
        break;
      default:
        list.push({ kind: 'unknown', code: Math.max(option.kind, 0), data: NO_BYTES });
    }
  }
  return list;
}

/** Options as scripts write them: `<mss 1460,nop>`. */
export function formatOptions(options: readonly ScriptOption[]): string {
  return `<${options.map(formatOption).join(',')}>`;
}

/** One option. */
export function formatOption(option: ScriptOption): string {
  switch (option.kind) {
    case 'mss':
      return `mss ${option.mss}`;
    case 'wscale':
      return `wscale ${option.wscale}`;
    case 'sack':
      return `sack ${option.blocks.map(({ start, end }) => `${start}:${end}`).join(' ')}`;
    case 'TS':
      return `TS val ${option.val} ecr ${option.ecr}`;
    case 'md5':
      return `md5 ${hex(option.digest)}`;
    case 'ECN': {
      const names = option.order === 0 ? ['e0b', 'ceb', 'e1b'] : ['e1b', 'ceb', 'e0b'];
      return ['ECN', ...option.counters.map((counter, i) => `${names[i]} ${counter}`)].join(' ');
    }
    case 'FO':
    case 'FOEXP':
      return option.cookie.length === 0 ? option.kind : `${option.kind} ${hex(option.cookie)}`;
    case 'unknown':
      return option.data.length === 0
        ? `unknown ${option.code}`
        : `unknown ${option.code} ${hex(option.data)}`;
    default:
      return option.kind;
  }
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function withExid(exid: number, data: Uint8Array): Uint8Array {
  return Uint8Array.of(exid >>> 8, exid & 0xff, ...data);
}

/** Lengths that the codec takes for a cookie; others go out as they are. */
function isCookie(cookie: Uint8Array): boolean {
  const { length } = cookie;
  return length === 0 || (length >= 4 && length <= 16 && length % 2 === 0);
}
