/**
 * Calls, and what the model says of their results.
 * @module
 */
import {
  isSocketError,
  MSG_DONTWAIT,
  MSG_MORE,
  MSG_PEEK,
  MSG_WAITALL,
  SHUT_RD,
  SHUT_WR,
  SO_REUSEADDR,
  SOL_SOCKET,
  type Socket,
  type SocketError,
} from '@stack/socket';
import { must } from './stream.fixture.ts';
import { Connection, type End, nameOf, type Side, type World } from './world.fixture.ts';

/** What the end of a connection looks like that did not end as it should. */
const RESET = ['ECONNRESET', 'EPIPE', 'ETIMEDOUT'];

/** The result of a call: a value, or the errno. @throws what is no socket error. */
async function outcome<T>(call: Promise<T>): Promise<T | SocketError> {
  try {
    return await call;
  } catch (error) {
    if (isSocketError(error)) return error;
    throw error;
  }
}

/** Bytes the end may get without waiting for the network. Linux: who asks for none waits for one. */
function target(end: End, length: number, flags: number): number {
  return Math.max((flags & MSG_WAITALL) !== 0 ? length : Math.min(end.rcvlowat, length), 1);
}

/** `send`. Whoever waits already is served first: then a call that does not wait gets EAGAIN. */
export async function send(world: World, end: End, length: number, flags: number): Promise<void> {
  const { out, connection, socket } = end;
  const waits = (flags & MSG_DONTWAIT) === 0;
  const wasSending = end.isSending;
  const wasShut = end.writeShut;
  const bytes = wasSending || wasShut ? new Uint8Array(length) : out.offer(length);
  if (!wasSending) end.isSending = true;
  connection.judge();
  const result = await outcome(socket.send(bytes, flags));
  const what = `${out.name} send(${length}${(flags & MSG_MORE) !== 0 ? ', MORE' : ''}${waits ? '' : ', DONTWAIT'})`;
  world.note(`${what} = ${typeof result === 'number' ? result : result.code}`);
  if (!wasSending) end.isSending = false;
  if (typeof result === 'number') {
    must(!wasSending, `${what}: passed one that waits`);
    must(
      !waits || result === length || end.writeShut || end.isClosed || connection.isBroken,
      `${what} = ${result}: not all`,
    );
    out.accept(result);
    return;
  }
  if (!wasSending && !wasShut) out.accept(0);
  const { code } = result;
  if (code === 'EAGAIN') must(!waits, `${what}: EAGAIN`);
  else if (code === 'EBADF') must(end.isClosed, `${what}: EBADF`);
  else if (code === 'EPIPE' && end.writeShut) return;
  else {
    const mayBe = connection.isBroken || connection.isForgotten(end, world.now);
    must(mayBe && RESET.includes(code), `${what}: ${code}`);
  }
}

/** `recv`; how many bytes, 0 for the end and for an error. */
export async function recv(world: World, end: End, length: number, flags: number): Promise<number> {
  const { connection, socket } = end;
  const { in: stream } = end;
  const waits = (flags & MSG_DONTWAIT) === 0;
  const wasReceiving = end.receiving !== undefined;
  const { received, seen } = stream;
  const call = outcome(socket.recv(length, flags));
  if (!wasReceiving) end.receiving = { target: target(end, length, flags), over: call };
  const result = await call;
  if (!wasReceiving) end.receiving = undefined;
  const names = [
    [MSG_PEEK, 'PEEK'],
    [MSG_WAITALL, 'WAITALL'],
    [MSG_DONTWAIT, 'DONTWAIT'],
  ] as const;
  const what = `${stream.name} recv(${[length, ...names.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name)].join(', ')})`;
  if (!(result instanceof Uint8Array)) {
    world.note(`${what} = ${result.code}`);
    if (result.code === 'EAGAIN') {
      must(!waits, `${what}: EAGAIN`);
      must(wasReceiving || seen <= received, `${what}: EAGAIN, but ${seen - received} bytes are there`);
    } else if (result.code === 'EBADF') must(end.isClosed, `${what}: EBADF`);
    else {
      const isWhole = stream.received === stream.accepted;
      const mayBe = connection.isBroken || (isWhole && connection.isForgotten(end, world.now));
      must(mayBe && RESET.includes(result.code), `${what}: ${result.code}`);
    }
    return 0;
  }
  world.note(`${what} = ${result.length}`);
  must(!wasReceiving, `${what}: passed one that waits`);
  must(result.length <= length, `${what}: ${result.length} bytes`);
  stream.take(result, (flags & MSG_PEEK) !== 0);
  if (length === 0 || connection.isBroken || end.readShut || end.isClosed) return result.length;
  if (result.length === 0) {
    must(stream.ended, `${what}: the end, but ${stream.name} is open`);
    must(
      stream.received === stream.accepted,
      `${what}: the end after ${stream.received} of ${stream.accepted} bytes`,
    );
  } else if (waits && !stream.ended) {
    // SO_RCVLOWAT is not waited for where the buffer has no room for as much.
    const least = (flags & MSG_WAITALL) !== 0 ? length : 1;
    must(result.length >= least, `${what}: ${result.length} bytes, and it waits for ${least}`);
  }
  return result.length;
}

/** `shutdown`. */
export function shutdown(world: World, end: End, how: number): void {
  const { out, connection } = end;
  let code = '';
  try {
    end.socket.shutdown(how);
  } catch (error) {
    if (!isSocketError(error)) throw error;
    code = error.code;
  }
  world.note(`${out.name} shutdown(${how}) = ${code || 0}`);
  // Both directions are over, and nothing is left of the connection but its TIME-WAIT; or a keepalive probe was answered with a reset.
  const isOver = (out.ended && end.in.ended) || connection.isForgotten(end, world.now);
  must(
    code === '' || (code === 'ENOTCONN' && (connection.isBroken || isOver)),
    `${out.name} shutdown(${how}): ${code}`,
  );
  if (code !== '') return;
  if (how !== SHUT_WR) end.readShut = true;
  if (how !== SHUT_RD) {
    end.writeShut = true;
    out.ended = true;
  }
  connection.judge();
}

/** `close`. */
export async function close(world: World, end: End): Promise<void> {
  const { out, connection } = end;
  end.isClosed = true;
  end.closedAt = world.now;
  if (!end.isConnected) connection.expected = undefined;
  connection.judge();
  out.ended = true;
  const result = await outcome(end.socket.close());
  world.note(`${out.name} close = ${result === undefined ? 0 : result.code}`);
  must(result === undefined, `${out.name} close: ${result?.code}`);
}

/** `socket` and `connect`: to a port of the other side. */
export async function connect(
  world: World,
  side: Side,
  port: number,
  prepare: (end: End) => void,
): Promise<void> {
  const socket = world.socket(side);
  const other = side === 'a' ? 'b' : 'a';
  const listener = nameOf(other, port);
  socket.bind({ address: world.addressOf(side), port: 0 });
  const name = socket.getsockname();
  const local = name.family === 'IPv4' ? name.port : 0;
  const expected = world.listeners.has(listener);
  const connection = new Connection(world.connections.length, side, socket, local, listener, expected);
  world.connections.push(connection);
  const { client } = connection;
  prepare(client);
  const result = await outcome(socket.connect({ address: world.addressOf(other), port }));
  const what = `${client.out.name} connect(${listener})`;
  world.note(`${what} = ${result === undefined ? 0 : result.code}`);
  if (result === undefined) {
    must(connection.expected !== false, `${what}: nobody listens`);
    client.isConnected = true;
    return;
  }
  connection.isBroken = true;
  const { code } = result;
  if (code === 'EBADF') must(client.isClosed, `${what}: EBADF`);
  else must(connection.expected !== true && code === 'ECONNREFUSED', `${what}: ${code}`);
}

/** `accept`, waiting or not; the end that it gave. */
export async function accept(
  world: World,
  side: Side,
  port: number,
  waits: boolean,
): Promise<End | undefined> {
  const name = nameOf(side, port);
  const listener = world.listeners.get(name);
  if (listener === undefined) return undefined;
  const wasAccepting = listener.isAccepting;
  if (waits) listener.isAccepting = true;
  listener.socket.nonblocking = !waits;
  const call = listener.socket.accept();
  listener.socket.nonblocking = false;
  const result = await outcome(call);
  if (waits) listener.isAccepting = false;
  if ('code' in result) {
    world.note(`accept(${name}) = ${result.code}`);
    if (result.code === 'EAGAIN') must(!waits, `accept(${name}): EAGAIN`);
    else must(result.code === 'EBADF' && !world.listeners.has(name), `accept(${name}): ${result.code}`);
    return undefined;
  }
  must(waits || !wasAccepting, `accept(${name}): passed one that waits`);
  const peer = result.getpeername();
  const from = peer.family === 'IPv4' ? peer.port : 0;
  const found = world.connections.filter(
    (one) => one.port === from && one.listener === name && one.server === undefined,
  );
  const connection = found.at(-1);
  must(connection !== undefined, `accept(${name}): port ${from} never connected`);
  world.note(`accept(${name}) = ${connection.client.out.name}`);
  return connection.accepted(side, result);
}

/** `socket`, `bind` and `listen`. */
export function listen(world: World, side: Side, port: number): void {
  const name = nameOf(side, port);
  const socket = world.socket(side);
  socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); // connections of an earlier listener may still be there
  socket.bind({ port });
  socket.listen(100);
  world.listeners.set(name, { socket, isAccepting: false });
  world.note(`listen(${name})`);
  for (const one of world.connections) {
    if (one.listener === name && one.expected === false && !one.client.isConnected) one.expected = undefined;
  }
}

/** Closes a listener: whoever was not accepted is reset. */
export async function unlisten(world: World, name: string): Promise<void> {
  const { socket } = world.listeners.get(name) as { socket: Socket };
  world.listeners.delete(name);
  world.note(`close(${name})`);
  for (const one of world.connections) {
    if (one.listener !== name || one.server !== undefined) continue;
    one.expected = undefined;
    one.isBroken = true;
  }
  await socket.close();
}
