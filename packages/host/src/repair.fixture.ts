/**
 * Checkpoint and restore of a TCP connection, through socket calls alone, as CRIU does it on Linux.
 * @module
 */
import {
  MSG_DONTWAIT,
  MSG_PEEK,
  SIOCINQ,
  SIOCOUTQ,
  SIOCOUTQNSD,
  SO_RCVBUFFORCE,
  SO_SNDBUFFORCE,
  SOL_SOCKET,
  SOL_TCP,
  type Socket,
  type SocketAddress,
  TCP_INFO,
  TCP_MAXSEG,
  TCP_QUEUE_SEQ,
  TCP_RECV_QUEUE,
  TCP_REPAIR,
  TCP_REPAIR_OFF,
  TCP_REPAIR_ON,
  TCP_REPAIR_OPTIONS,
  TCP_REPAIR_QUEUE,
  TCP_REPAIR_WINDOW,
  TCP_SEND_QUEUE,
  TCP_TIMESTAMP,
  type TcpRepairOption,
  type TcpRepairWindow,
} from '@stack/socket';

/** A connection that is nowhere: plain data. */
export interface Checkpoint {
  local: SocketAddress;
  peer: SocketAddress;
  /** Received and not read; and the number behind it. */
  received: Uint8Array;
  receiveSeq: number;
  /** Not acknowledged, and after {@link sent} bytes not sent; and the number behind it. */
  written: Uint8Array;
  sent: number;
  sendSeq: number;
  options: TcpRepairOption[];
  timestamp: number;
  window: TcpRepairWindow;
}

const TCPI_OPT_TIMESTAMPS = 1;
const TCPI_OPT_SACK = 2;
const TCPI_OPT_WSCALE = 4;

/** Takes a connection out of its socket, which is closed: nothing is sent. Nothing of it may arrive meanwhile. */
export async function checkpoint(socket: Socket): Promise<Checkpoint> {
  const queue = async (which: number, length: number): Promise<[Uint8Array, number]> => {
    socket.setsockopt(SOL_TCP, TCP_REPAIR_QUEUE, which);
    const seq = socket.getsockopt(SOL_TCP, TCP_QUEUE_SEQ);
    return [length === 0 ? new Uint8Array(0) : await socket.recv(length, MSG_PEEK | MSG_DONTWAIT), seq];
  };
  socket.setsockopt(SOL_TCP, TCP_REPAIR, TCP_REPAIR_ON);
  const [received, receiveSeq] = await queue(TCP_RECV_QUEUE, socket.ioctl(SIOCINQ));
  const [written, sendSeq] = await queue(TCP_SEND_QUEUE, socket.ioctl(SIOCOUTQ));
  const info = socket.getsockopt(SOL_TCP, TCP_INFO) as Record<string, number>;
  const { options: agreed = 0, sndWscale = 0, rcvWscale = 0 } = info;
  const options = [{ optCode: 2, optVal: socket.getsockopt(SOL_TCP, TCP_MAXSEG) }];
  if (agreed & TCPI_OPT_WSCALE) options.push({ optCode: 3, optVal: sndWscale | (rcvWscale << 16) });
  if (agreed & TCPI_OPT_SACK) options.push({ optCode: 4, optVal: 0 });
  if (agreed & TCPI_OPT_TIMESTAMPS) options.push({ optCode: 8, optVal: 0 });
  const result: Checkpoint = {
    local: socket.getsockname(),
    peer: socket.getpeername(),
    received,
    receiveSeq,
    written,
    sent: written.length - socket.ioctl(SIOCOUTQNSD),
    sendSeq,
    options,
    timestamp: socket.getsockopt(SOL_TCP, TCP_TIMESTAMP),
    window: socket.getsockopt(SOL_TCP, TCP_REPAIR_WINDOW),
  };
  await socket.close();
  return result;
}

/** Puts it into a fresh socket, of a host that has its address; `connected` may set what only a connection has. */
export async function restore(
  socket: Socket,
  from: Checkpoint,
  connected: () => void = () => undefined,
): Promise<void> {
  const queue = (which: number): void => socket.setsockopt(SOL_TCP, TCP_REPAIR_QUEUE, which);
  socket.setsockopt(SOL_TCP, TCP_REPAIR, TCP_REPAIR_ON);
  socket.setsockopt(SOL_SOCKET, SO_SNDBUFFORCE, 2 * from.written.length + 65_536);
  socket.setsockopt(SOL_SOCKET, SO_RCVBUFFORCE, 4 * from.received.length + 262_144);
  queue(TCP_RECV_QUEUE);
  socket.setsockopt(SOL_TCP, TCP_QUEUE_SEQ, from.receiveSeq - from.received.length);
  queue(TCP_SEND_QUEUE);
  socket.setsockopt(SOL_TCP, TCP_QUEUE_SEQ, from.sendSeq - from.written.length);
  socket.bind(from.local);
  await socket.connect(from.peer);
  connected();
  socket.setsockopt(SOL_TCP, TCP_REPAIR_OPTIONS, from.options);
  socket.setsockopt(SOL_TCP, TCP_TIMESTAMP, from.timestamp + 2); // its lowest bit is not told: later than all that was sent
  queue(TCP_RECV_QUEUE);
  await socket.sendall(from.received);
  queue(TCP_SEND_QUEUE);
  await socket.sendall(from.written.subarray(0, from.sent));
  socket.setsockopt(SOL_TCP, TCP_REPAIR_WINDOW, from.window);
  socket.setsockopt(SOL_TCP, TCP_REPAIR, TCP_REPAIR_OFF);
  if (from.sent < from.written.length) await socket.sendall(from.written.subarray(from.sent));
}
