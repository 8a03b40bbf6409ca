/**
 * The two programs, as they would be written anywhere. Nothing in them knows that the network is simulated.
 * @module
 */
import {
  AF_INET,
  MSG_ERRQUEUE,
  MSG_ZEROCOPY,
  SHUT_WR,
  SO_ZEROCOPY,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
  type Sockets,
} from '@stack/socket';

/** Bytes a `recv` of a transfer asks for. */
const CHUNK = 65_536;
/** Bytes a `recv` of a message asks for. */
const MESSAGE = 4096;

/** Where the server is. */
export interface Target {
  readonly address: string;
  readonly port: number;
}

/** The classic example: a request, one `recv` for the reply. */
export async function request(
  process: Sockets,
  target: Target,
  data: Uint8Array,
  zerocopy: boolean,
): Promise<Uint8Array[]> {
  const socket = process.socket(AF_INET, SOCK_STREAM);
  await socket.connect(target);
  await send(socket, data, zerocopy);
  const reply = await socket.recv(MESSAGE);
  if (zerocopy) await completion(socket);
  await socket.close();
  return [reply];
}

/** The server of {@link request}: answers each request until the client is done. */
export async function answer(
  process: Sockets,
  port: number,
  reply: (request: Uint8Array) => Uint8Array,
): Promise<Uint8Array[]> {
  const listener = listen(process, port);
  const connection = await listener.accept();
  const requests: Uint8Array[] = [];
  for (;;) {
    const got = await connection.recv(MESSAGE);
    if (got.length === 0) break;
    requests.push(got);
    await connection.sendall(reply(got));
  }
  await connection.close();
  await listener.close();
  return requests;
}

/** Sends all of `data`, says that this was all, and reads until the server has said the same. */
export async function transfer(
  process: Sockets,
  target: Target,
  data: Uint8Array,
  zerocopy: boolean,
): Promise<Uint8Array[]> {
  const socket = process.socket(AF_INET, SOCK_STREAM);
  await socket.connect(target);
  await send(socket, data, zerocopy);
  socket.shutdown(SHUT_WR);
  const chunks = await readAll(socket);
  if (zerocopy) await completion(socket);
  await socket.close();
  return chunks;
}

/** The server of {@link transfer}: takes everything, then answers. */
export async function echo(
  process: Sockets,
  port: number,
  reply: (request: Uint8Array) => Uint8Array,
): Promise<Uint8Array[]> {
  const listener = listen(process, port);
  const connection = await listener.accept();
  const chunks = await readAll(connection);
  await connection.sendall(reply(Buffer.concat(chunks)));
  await connection.close();
  await listener.close();
  return chunks;
}

function listen(process: Sockets, port: number): Socket {
  const listener = process.socket(AF_INET, SOCK_STREAM);
  listener.bind({ port });
  listener.listen(16);
  return listener;
}

async function send(socket: Socket, data: Uint8Array, zerocopy: boolean): Promise<void> {
  if (zerocopy) socket.setsockopt(SOL_SOCKET, SO_ZEROCOPY, 1);
  await socket.sendall(data, zerocopy ? MSG_ZEROCOPY : 0);
}

async function readAll(socket: Socket): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = await socket.recv(CHUNK);
    if (chunk.length === 0) return chunks;
    chunks.push(chunk);
  }
}

/** The kernel says that it is done with the bytes that it was lent. */
async function completion(socket: Socket): Promise<void> {
  await socket.recvmsg({ flags: MSG_ERRQUEUE });
}
