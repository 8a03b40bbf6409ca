/**
 * How a script is run: what it says of that itself, at its head, and what the caller says.
 * @module
 */
import { parseAddress } from '@stack/ipv4';
import { own } from './own.ts';
import { placeOf } from './script/cursor.ts';
import type { Script } from './script/script.ts';
import { ScriptError } from './script-error.ts';

/** The IP version of a run: IPv4, IPv6, or IPv4 through IPv6 sockets. */
export type IpVersion = '4' | '6' | '4in6';

/** All that a run is told by options. Times in µs. */
export interface Config {
  ipVersion: IpVersion;
  localIp: string;
  remoteIp: string;
  gatewayIp: string;
  /** Bits of the local network. */
  prefixLength: number;
  mtu: number;
  /** Segments of this size are what a longer segment that is put in was merged from; 0 = it is one. */
  mss: number;
  bindPort: number;
  connectPort: number;
  /** How early or late an event may be, at least. */
  tolerance: number;
  /** The same, as a share of the time since the event before. */
  tolerancePercent: number;
  /** µs that a tick of TS val is; 0 = values are not checked. */
  timestampTick: number;
  /** Echoes of timestamps that no segment had are reckoned from those before. */
  infersEchoes: boolean;
  /** A line is one packet. */
  strictSegments: boolean;
}

/** Options that change nothing here: what they are about is not there. */
const IDLE = new Set(['send_omit_free', 'debug', 'verbose', 'is_anyip', 'speed', 'code_command']);
const TOLERANCE = 4000;
const TOLERANCE_PERCENT = 12.5;
const VERSIONS: Readonly<Record<string, IpVersion>> = {
  ipv4: '4',
  ipv6: '6',
  'ipv4-mapped-ipv6': '4in6',
};

/** What a run is made with: a script's own options are stronger than `base`. @throws ScriptError for one that is none. */
export function configure(script: Script, base: Partial<Config>): Config {
  const config: Config = {
    ipVersion: '4',
    localIp: '192.168.0.1',
    remoteIp: '192.0.2.1',
    gatewayIp: '192.168.0.2',
    prefixLength: 16,
    mtu: 1500,
    mss: 0,
    bindPort: 8080,
    connectPort: 8080,
    tolerance: TOLERANCE,
    tolerancePercent: TOLERANCE_PERCENT,
    timestampTick: 0,
    infersEchoes: false,
    strictSegments: false,
    ...base,
  };
  for (const { name, value, position } of script.options) {
    const fail = (reason: string): never => {
      const { line, column } = placeOf(script.text, position);
      throw new ScriptError(script.file, line, column, reason);
    };
    const number = (most: number): number => {
      const result = Number(value);
      if (value === undefined || !/^\d+$/.test(value) || result > most) {
        fail(`--${name} takes a number up to ${most}, not '${value ?? ''}'`);
      }
      return result;
    };
    const address = (): string => {
      try {
        parseAddress(value ?? '');
      } catch {
        if (!value?.includes(':')) fail(`--${name} takes an address, not '${value ?? ''}'`);
      }
      return value as string;
    };
    switch (name) {
      case 'ip_version':
        config.ipVersion = own(VERSIONS, value ?? '') ?? fail(`'${value ?? ''}' is no --ip_version`);
        break;
      case 'local_ip':
        config.localIp = address();
        break;
      case 'remote_ip':
        config.remoteIp = address();
        break;
      case 'gateway_ip':
        config.gatewayIp = address();
        break;
      case 'netmask_ip':
        config.prefixLength =
          prefixOf(value ?? '') ?? fail(`--netmask_ip takes a mask, not '${value ?? ''}'`);
        break;
      case 'mtu':
        config.mtu = number(0xffff);
        break;
      case 'mss':
        config.mss = number(0xffff);
        break;
      case 'bind_port':
        config.bindPort = number(0xffff);
        break;
      case 'connect_port':
        config.connectPort = number(0xffff);
        break;
      case 'tolerance_usecs':
        if (base.tolerance === undefined) config.tolerance = number(Number.MAX_SAFE_INTEGER);
        break;
      case 'tolerance_percent':
        if (base.tolerancePercent === undefined) config.tolerancePercent = number(100);
        break;
      case 'tcp_ts_tick_usecs':
        config.timestampTick = number(1_000_000);
        break;
      case 'tcp_ts_ecr_scaled':
        config.infersEchoes = true;
        break;
      case 'strict_segments':
        config.strictSegments = true;
        break;
      default:
        if (!IDLE.has(name)) fail(`--${name} is no option of scripts`);
    }
  }
  return config;
}

/** `255.255.0.0` → 16. */
function prefixOf(mask: string): number | undefined {
  try {
    const bits = parseAddress(mask).toString(2).padStart(32, '0');
    return /^1*0*$/.test(bits) ? bits.replaceAll('0', '').length : undefined;
  } catch {
    return undefined;
  }
}
