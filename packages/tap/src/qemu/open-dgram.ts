/**
 * `-netdev dgram`: one frame a datagram, over UDP.
 * @module
 */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { SkBuff } from '@stack/skbuff';
import { BUSY, OK } from '@stack/skbuff/netdev';
import { checkInet, formatEndpoint, type InetEndpoint, socketError } from './endpoint.ts';
import { FrameDevice } from './frame-device.ts';
import { checkOptions, type SocketDeviceOptions } from './options.ts';

/** How to make a {@link DgramDevice}. */
export interface DgramOptions extends SocketDeviceOptions {
  /** Where it receives. Default: port 0, any free one, of 127.0.0.1, or of all addresses where the peer is elsewhere. */
  local?: InetEndpoint;
  /** Where it sends to; from nobody else it receives. */
  remote: InetEndpoint;
}

/** Bytes of frames that may be in the socket's hands before `xmit` is BUSY. */
const CAPACITY = 262_144;
/** Packets that may wait for a poll, until a host says otherwise. */
const MAX_BACKLOG = 1000;

/** A device over UDP; made by {@link openDgram}. It always has a carrier: whether anybody listens is not known. */
export class DgramDevice extends FrameDevice {
  /** Packets that may wait for a poll before more are dropped (`net.core.netdev_max_backlog`). */
  maxBacklog: number = MAX_BACKLOG;
  /** Where it receives. */
  readonly local: InetEndpoint;
  readonly #socket: Socket;
  /** Frames that the socket reads from, in the order of sending. */
  readonly #bytes: Buffer = Buffer.allocUnsafeSlow(CAPACITY);
  #used = 0;
  #inFlight = 0;
  /** Use {@link openDgram}. @internal */
  constructor(options: DgramOptions, socket: Socket) {
    super(checkOptions(options));
    const { address, port } = socket.address();
    this.local = { host: address, port };
    this.#socket = socket;
    socket.on('message', (bytes) => this.#received(bytes));
    socket.on('error', (error) => {
      this.error = socketError(this.name, 'receiving', error); // such as an answer that nobody listens
    });
  }

  get carrierUp(): boolean {
    return !this.closed;
  }

  get txQueued(): number {
    return this.#inFlight;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#socket.close();
    this.stats.txDropped += this.#inFlight;
    this.#inFlight = 0;
    this.backlog.purge();
  }

  protected send(skb: SkBuff): number {
    const at = this.#used;
    const end = at + skb.len;
    if (end > CAPACITY) return BUSY;
    skb.copyBits(0, this.#bytes, at, skb.len);
    this.#used = end;
    this.#inFlight++;
    this.#transmit(this.#bytes.subarray(at, end), 1);
    return OK;
  }

  /** Sends; what comes back in place of that may be an error of an earlier frame, and this one was not sent: so once more, `retries` times. */
  #transmit(frame: Buffer, retries: number): void {
    this.#socket.send(frame, (error, length) => {
      if (this.closed) return;
      const isStale = (error as NodeJS.ErrnoException | null)?.code === 'ECONNREFUSED' && retries > 0;
      if (isStale) this.#transmit(frame, retries - 1);
      else this.#sent(error, length);
    });
  }

  #sent(error: Error | null, length: number): void {
    this.#inFlight--;
    if (error === null) {
      this.stats.txPackets++;
      this.stats.txBytes += length;
    } else {
      this.stats.txErrors++;
      this.error = socketError(this.name, 'sending', error);
    }
    if (this.#inFlight > 0) return;
    this.#used = 0;
    this.roomMade();
  }

  #received(bytes: Buffer): void {
    if (this.closed) return;
    this.error = undefined;
    if (this.backlog.length >= this.maxBacklog) {
      this.stats.rxDropped++;
      return;
    }
    const skb = this.allocate(bytes.length);
    if (skb === undefined) return;
    skb.putData(bytes);
    this.arrived(skb);
  }
}

/**
 * Opens a device that sends each frame as one datagram: `qemu -netdev dgram,remote.type=inet`, or a TAP behind
 * `socat TUN:…,tun-type=tap UDP4-DATAGRAM:…`. Rejects with a {@link TapError} (`EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, …). The device holds on to
 * the process until it is closed. @throws RangeError, TypeError for options that make no sense.
 */
export async function openDgram(options: DgramOptions): Promise<DgramDevice> {
  const { name } = checkOptions(options);
  const remote = checkInet(options.remote);
  const local = checkInet(options.local ?? { host: nearest(remote.host), port: 0 });
  const isV6 = isIPv6(remote.host) || isIPv6(local.host);
  const socket = createSocket(isV6 ? 'udp6' : 'udp4');
  try {
    const bind = { address: local.host, port: local.port, exclusive: true };
    await settled(socket, (done) => socket.bind(bind, done));
  } catch (error) {
    socket.close();
    throw socketError(name, `cannot bind ${formatEndpoint(local)}`, error as Error);
  }
  try {
    await settled(socket, (done) => socket.connect(remote.port, remote.host, done));
  } catch (error) {
    socket.close();
    throw socketError(name, `cannot send to ${formatEndpoint(remote)}`, error as Error);
  }
  return new DgramDevice(options, socket);
}

/** The address to receive at from a peer's. */
function nearest(remote: string): string {
  if (remote.startsWith('127.') || remote === '::1') return remote;
  return isIPv6(remote) ? '::' : '0.0.0.0';
}

/** Runs what calls back, or makes the socket tell of an error. */
function settled(socket: Socket, run: (done: (error?: Error) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    run((error) => {
      socket.off('error', reject);
      if (error instanceof Error) reject(error);
      else resolve();
    });
  });
}
