/**
 * How long TCP options are.
 * @module
 */
import type { ScriptOption } from './script.ts';

/** Bytes an option takes in the header. */
export function optionSize(option: ScriptOption): number {
  switch (option.kind) {
    case 'eol':
    case 'nop':
      return 1;
    case 'sackOK':
      return 2;
    case 'wscale':
      return 3;
    case 'mss':
      return 4;
    case 'TS':
      return 10;
    case 'md5':
      return 18;
    case 'sack':
      return 2 + 8 * option.blocks.length;
    case 'FO':
      return 2 + option.cookie.length;
    case 'ECN':
      return 2 + 3 * option.counters.length;
    case 'FOEXP':
      return 4 + option.cookie.length;
    case 'unknown':
      return 2 + option.data.length;
  }
}
