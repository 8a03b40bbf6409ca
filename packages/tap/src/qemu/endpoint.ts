/**
 * Where the other end of a socket is.
 * @module
 */
import { isIPv6 } from 'node:net';
import { TapError } from '../tap-error.ts';
import { within } from './options.ts';

/** A TCP or UDP port of a host: a name or an address, default 127.0.0.1. */
export interface InetEndpoint {
  host?: string;
  /** 0..65535. */
  port: number;
}

/** A unix socket in the file system; on Windows, a named pipe. */
export interface UnixEndpoint {
  path: string;
}

/** What a stream connects to or listens on. */
export type Endpoint = InetEndpoint | UnixEndpoint;

/** The host where none is given: nobody else can connect. */
export const LOCALHOST = '127.0.0.1';

/** @throws RangeError for a port that is none, TypeError for neither a port nor a path. */
export function checkEndpoint(endpoint: Endpoint): Endpoint {
  if ('path' in endpoint && typeof endpoint.path === 'string' && endpoint.path !== '') {
    return { path: endpoint.path };
  }
  return checkInet(endpoint as InetEndpoint);
}

/** @throws RangeError for a port that is none, TypeError for no port. */
export function checkInet(endpoint: InetEndpoint): Required<InetEndpoint> {
  if (typeof endpoint?.port !== 'number') throw new TypeError('tap: neither a port nor the path of a socket');
  return { host: endpoint.host ?? LOCALHOST, port: within('port', endpoint.port, 0, 0xffff) };
}

/** Such as `127.0.0.1:1234`, `[::1]:1234` or `/run/net.sock`. */
export function formatEndpoint(endpoint: Endpoint): string {
  if ('path' in endpoint) return endpoint.path;
  const { host = LOCALHOST, port } = endpoint;
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** One line of what went wrong with a socket, by the errno's name. */
export function socketError(name: string, what: string, error: NodeJS.ErrnoException): TapError {
  const code = error.code ?? 'ERR_SOCKET';
  const hint = HINTS[code];
  return new TapError(code, `${name}: ${what}: ${hint ?? error.message}`, { cause: error });
}

const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOENT: 'there is no such socket',
  EADDRINUSE: 'somebody listens there already',
  EACCES: 'this user may not',
  EADDRNOTAVAIL: 'no interface has this address',
  ETIMEDOUT: 'no answer',
};
