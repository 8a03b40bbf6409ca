/**
 * For tests of signed connections: an echo server, a client, and what crosses the wire.
 * @module
 */
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import type { Wire } from '@stack/nic-sim';
import { AF_INET, SHUT_WR, SOCK_STREAM, type Socket } from '@stack/socket';
import * as tcp from '@stack/tcp';
import { concat, pattern } from './fixture.ts';
import type { Host } from './host.ts';

/** Port of {@link serve}. */
const PORT = 179;

/** A segment on the wire. */
export interface Seen {
  direction: string;
  flags: number;
  seq: number;
  ackSeq: number;
  options: readonly tcp.Option[];
  /** Bytes of payload. */
  length: number;
}

/** Collects the segments that are sent over a wire. */
export function segmentsOf(wire: Wire): Seen[] {
  const seen: Seen[] = [];
  wire.onFrame(({ bytes, direction }) => {
    if (ethernet.decode(bytes).proto !== 0x0800) return;
    const ip = ipv4.decode(bytes, ethernet.HLEN);
    if (ip.protocol !== 6) return;
    const at = ethernet.HLEN + ip.ihl * 4;
    const { ackSeq, doff, flags, options, seq } = tcp.decode(bytes, at);
    const length = ip.totLen - ip.ihl * 4 - doff * 4;
    seen.push({ direction, flags, seq, ackSeq, options, length });
  });
  return seen;
}

/** How many counters the option of Accurate ECN has, segment by segment; 0 = there is none, or it has none. */
export function countersOf(seen: readonly Seen[]): number[] {
  return seen.map(({ options }) => {
    const option = options.find(({ kind }) => kind === tcp.TCPOPT_ACCECN0 || kind === tcp.TCPOPT_ACCECN1);
    return (option as tcp.AccEcn | undefined)?.counters.length ?? 0;
  });
}

/** Whether there are blocks of SACK. */
export const hasSack = ({ options }: Seen): boolean => options.some(({ kind }) => kind === tcp.TCPOPT_SACK);

/** Drops of a host that have to do with TCP. */
export function dropsOf(host: Host): Record<string, number> {
  return Object.fromEntries(
    Object.entries(host.drops).filter(([reason]) => /^TCP_|^NO_SOCKET$/.test(reason)),
  );
}

/** A key of a few characters. */
export function keyBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** A server of one connection, that sends back what it gets. */
export interface Server {
  readonly listener: Socket;
  readonly accepted: Promise<Socket>;
  /** How its connection failed, if it does. */
  readonly failed: Promise<unknown>;
  close(): Promise<void>;
}

/** Listens on port 179; `prepare` gets the listener before. */
export function serve(host: Host, prepare: (listener: Socket) => unknown): Server {
  const listener = host.socket(AF_INET, SOCK_STREAM);
  prepare(listener);
  listener.bind({ port: PORT });
  listener.listen(4);
  const accepted = listener.accept();
  accepted.catch(() => undefined);
  const echo = async (): Promise<unknown> => {
    const socket = await accepted;
    try {
      for (;;) {
        const part = await socket.recv(65_536);
        if (part.length === 0) break;
        await socket.sendall(part);
      }
      await socket.close();
      return undefined;
    } catch (error) {
      await socket.close();
      return error;
    }
  };
  const failed = echo().catch((error: unknown) => error);
  return { listener, accepted, failed, close: () => listener.close() };
}

/** A client of {@link serve}. */
export interface Client {
  readonly socket: Socket;
  connect(): Promise<void>;
  /** Sends bytes over a connection of its own, and gets what comes back until the end. */
  exchange(bytes: Uint8Array): Promise<Uint8Array>;
  /** Sends `length` bytes, and waits for as many; connects first where that is yet to do. */
  echo(length: number): Promise<void>;
}

/** `prepare` gets the socket before it connects to `address`. */
export function open(host: Host, prepare: (socket: Socket) => unknown, address = '192.168.1.100'): Client {
  const socket = host.socket(AF_INET, SOCK_STREAM);
  prepare(socket);
  let connected = false;
  const connect = async (): Promise<void> => {
    await socket.connect({ address, port: PORT });
    connected = true;
  };
  const receive = async (most: number): Promise<Uint8Array> => {
    const chunks: Uint8Array[] = [];
    for (let left = most; left > 0; ) {
      const chunk = await socket.recv(Math.min(left, 65_536));
      if (chunk.length === 0) break;
      chunks.push(chunk);
      left -= chunk.length;
    }
    return concat(chunks);
  };
  const send = async (bytes: Uint8Array): Promise<void> => {
    await socket.sendall(bytes);
    socket.shutdown(SHUT_WR);
  };
  return {
    socket,
    connect,
    exchange: async (bytes) => {
      await connect();
      const [received] = await Promise.all([receive(Number.POSITIVE_INFINITY), send(bytes)]);
      await socket.close();
      return received;
    },
    echo: async (length) => {
      if (!connected) await connect();
      const [received] = await Promise.all([receive(length), socket.sendall(pattern(length, length))]);
      if (received.length !== length) throw new Error(`${received.length} of ${length} bytes came back`);
    },
  };
}
