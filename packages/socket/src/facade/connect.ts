/**
 * `connect()` of the WinterTC sockets API, over a process's sockets.
 * @module
 */
import type { SocketAddress } from '../address.ts';
import { AF_INET, AF_INET6, SOCK_STREAM } from '../constants/families.ts';
import type { ByteReadable, ByteWritable, Signal } from '../platform.ts';
import type { Socket } from '../socket.ts';
import type { Sockets } from '../sockets.ts';
import { SocketStreams, type StreamsOptions } from './streams.ts';

/** Where to connect to: `'192.168.1.100:80'`, `'[2001:db8::1]:80'`, or in two parts. */
export type ConnectAddress = string | { hostname: string; port: number };

/** How {@link connect} connects. */
export interface ConnectOptions extends StreamsOptions {
  /** There is no TLS here. */
  secureTransport?: 'off';
  /** Gives up connecting. */
  signal?: Signal;
  /** Finds the address of a name. Default: `localhost` alone has one. */
  lookup?: (hostname: string) => Promise<string> | string;
  /** Is called with the socket before it connects: a place for `setsockopt` and `bind`. */
  prepare?: (socket: Socket) => void;
}

/** What is known when a connection is there. */
export interface SocketInfo {
  /** `'192.168.1.100:80'`. */
  remoteAddress: string;
  /** `'192.168.1.10:40000'`. */
  localAddress: string;
  /** There is no TLS here. */
  alpn: null;
}

/** A connection, from the moment it is asked for. */
export class Connection {
  /** What the peer sends. */
  readonly readable: ByteReadable;
  /** What is sent to the peer. */
  readonly writable: ByteWritable;
  /** Resolves when the connection is there; rejects when it cannot be had. */
  readonly opened: Promise<SocketInfo>;
  /** Resolves when both streams have ended and the socket is closed; rejects with what broke the connection. */
  readonly closed: Promise<void>;
  /** Whether TLS was started: never. */
  readonly upgraded = false as const;
  readonly secureTransport = 'off' as const;
  readonly #streams: SocketStreams;

  /** @internal */
  constructor(streams: SocketStreams, opened: Promise<SocketInfo>) {
    this.#streams = streams;
    this.readable = streams.readable;
    this.writable = streams.writable;
    this.opened = opened;
    this.closed = streams.closed;
  }

  /** Closes both streams and the socket; what was sent still reaches the peer. The same promise as {@link closed}. */
  close(reason?: unknown): Promise<void> {
    return this.#streams.close(reason);
  }

  /** @throws TypeError always: there is no TLS here. */
  startTls(): never {
    throw new TypeError('socket: there is no TLS here');
  }
}

/**
 * Connects, and gives the streams at once: what is written waits for the connection.
 * @throws TypeError for an address that is none, and for TLS.
 */
export function connect(sockets: Sockets, address: ConnectAddress, options: ConnectOptions = {}): Connection {
  if ((options.secureTransport ?? 'off') !== 'off') throw new TypeError('socket: there is no TLS here');
  const { hostname, port } = parse(address);
  const isKnown = isIpv4(hostname) || isIpv6(hostname) || hostname === 'localhost';
  if (!isKnown && options.lookup === undefined) {
    throw new TypeError(`socket: ${hostname} is a name, and there is no lookup for it`);
  }
  const socket = sockets.socket(isIpv6(hostname) ? AF_INET6 : AF_INET, SOCK_STREAM);
  options.prepare?.(socket);
  const opened = open(socket, hostname, port, options);
  opened.catch(() => undefined); // `closed` tells, too
  return new Connection(new SocketStreams(socket, options, opened), opened);
}

async function open(
  socket: Socket,
  hostname: string,
  port: number,
  { lookup, signal }: ConnectOptions,
): Promise<SocketInfo> {
  const address = await resolve(hostname, lookup);
  await socket.connect({ address, port }, { signal });
  return { remoteAddress: text(socket.getpeername()), localAddress: text(socket.getsockname()), alpn: null };
}

function resolve(hostname: string, lookup: ConnectOptions['lookup']): Promise<string> | string {
  if (isIpv4(hostname) || isIpv6(hostname)) return hostname;
  return lookup === undefined ? '127.0.0.1' : lookup(hostname);
}

function parse(address: ConnectAddress): { hostname: string; port: number } {
  const { hostname, port } = typeof address === 'string' ? split(address) : address;
  if (typeof hostname !== 'string' || hostname === '')
    throw new TypeError('socket: connect() needs a hostname');
  if (!Number.isInteger(port) || port < 1 || port > 0xffff) {
    throw new TypeError(`socket: port ${String(port)} is not in 1..65535`);
  }
  return { hostname: hostname.replace(/^\[(.*)\]$/, '$1'), port };
}

function split(address: string): { hostname: string; port: number } {
  const colon = address.lastIndexOf(':');
  const port = address.slice(colon + 1);
  return {
    hostname: address.slice(0, Math.max(colon, 0)),
    port: /^\d+$/.test(port) ? Number(port) : Number.NaN,
  };
}

function isIpv4(hostname: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(hostname);
}

function isIpv6(hostname: string): boolean {
  return hostname.includes(':');
}

function text(address: SocketAddress): string {
  if (address.family === 'packet') return address.address;
  return address.family === 'IPv6'
    ? `[${address.address}]:${address.port}`
    : `${address.address}:${address.port}`;
}
