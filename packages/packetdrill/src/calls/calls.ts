/**
 * The system calls that scripts may make, by name.
 * @module
 */
import { AF_INET, errnoText, isErrno, isSocketError, type Socket, SocketError } from '@stack/socket';
import { own } from '../own.ts';
import { Connection } from '../packet/connection.ts';
import type { CallEvent, Expression } from '../script/script.ts';
import { symbolValue } from '../symbols.ts';
import { boxedOf, Fields, integerOf, isEllipsis, listOf, requireCount } from './arguments.ts';
import { Epoll } from './epoll.ts';
import { CallFault } from './fault.ts';
import { getsockopt, setsockopt } from './options.ts';
import type { Handle, World } from './process.ts';
import type { CallContext } from './transfer.ts';
import * as transfer from './transfer.ts';

/** What a call answers: a number, or what gets a descriptor. */
type Answer = number | Handle;

type Call = (world: World, args: readonly Expression[], context: CallContext) => Answer | Promise<Answer>;

const O_RDWR = 2;
const O_NONBLOCK = 0o4000;
const F_GETFL = 3;
const F_SETFL = 4;

const CALLS: Readonly<Record<string, Call>> = {
  socket: socketCall,
  bind,
  listen,
  accept,
  connect,
  read: transfer.read,
  readv: transfer.readv,
  recv: transfer.recv,
  recvfrom: transfer.recvfrom,
  recvmsg: transfer.recvmsg,
  write: transfer.write,
  writev: transfer.writev,
  send: transfer.sendCall,
  sendto: transfer.sendto,
  sendmsg: transfer.sendmsg,
  sendfile: transfer.sendfile,
  splice: transfer.splice,
  fcntl,
  ioctl,
  close,
  shutdown,
  getsockopt,
  setsockopt,
  poll,
  open,
  pipe,
  epoll_create: epollCreate,
  epoll_create1: epollCreate,
  epoll_ctl: epollControl,
  epoll_wait: epollWait,
};

/** Names of the calls. */
export const CALL_NAMES: readonly string[] = Object.keys(CALLS);

/** Makes a call, and judges its result. @throws CallFault where it is not the script's. */
export async function makeCall(world: World, event: CallEvent, context: CallContext): Promise<void> {
  const call = own(CALLS, event.name);
  if (call === undefined) throw new CallFault(`the system call ${event.name} is not known`);
  let answer: Answer | { errno: string };
  try {
    answer = await call(world, event.arguments, context);
  } catch (error) {
    if (!isSocketError(error)) throw error;
    answer = { errno: error.code };
  }
  judge(world, event, answer);
}

function judge(world: World, { result }: CallEvent, answer: Answer | { errno: string }): void {
  const { value, errno } = result;
  const expected = integerOf(value, 'the result');
  if (errno !== undefined && !isErrno(errno)) throw new CallFault(`${errno} is no error of Linux's`);
  if (typeof answer === 'object' && 'errno' in answer) {
    if (expected !== -1)
      throw new CallFault(`it failed with ${describe(answer.errno)}; expected ${expected}`);
    if (errno !== undefined && errno !== answer.errno) {
      throw new CallFault(`it failed with ${describe(answer.errno)}, not with ${describe(errno)}`);
    }
    return;
  }
  if (typeof answer === 'number') {
    if (answer !== expected) throw new CallFault(`it returned ${answer}, not ${expected}${nameOf(errno)}`);
    return;
  }
  if (expected < 0) throw new CallFault(`it gave a descriptor; expected ${expected}${nameOf(errno)}`);
  world.process.bind(expected, answer);
}

function describe(errno: string): string {
  return `${errno} (${errnoText(errno)})`;
}

function nameOf(errno: string | undefined): string {
  return errno === undefined ? '' : ` ${errno}`;
}

function socketCall(world: World, args: readonly Expression[]): Answer {
  requireCount(args, 3);
  const family = isEllipsis(args[0]) ? AF_INET : integerOf(args[0], 'the family');
  const socket = world.host.socket(
    family,
    integerOf(args[1], 'the type'),
    integerOf(args[2], 'the protocol'),
  );
  const connection = new Connection();
  connection.socket = socket;
  world.connections.push(connection);
  world.underTest = connection;
  return { kind: 'socket', socket, connection };
}

function bind(world: World, args: readonly Expression[]): Answer {
  requireCount(args, 3);
  const { socket, connection } = socketOf(world, args);
  const { localIp: address, bindPort: port } = world.config;
  socket.bind({ address, port });
  connection.localPort = port;
  return 0;
}

function listen(world: World, args: readonly Expression[]): Answer {
  requireCount(args, 2);
  const { socket, connection } = socketOf(world, args);
  socket.listen(integerOf(args[1], 'the backlog'));
  if (connection.stage === 'new') connection.stage = 'listening';
  world.underTest = connection;
  return 0;
}

async function accept(world: World, args: readonly Expression[]): Promise<Answer> {
  requireCount(args, 3);
  const socket = await socketOf(world, args).socket.accept();
  const { remotePort, localPort } = portsOf(socket);
  let connection = [...world.connections]
    .reverse()
    .find(
      (each) => each.stage === 'passive' && each.remotePort === remotePort && each.localPort === localPort,
    );
  if (connection === undefined) {
    connection = new Connection();
    Object.assign(connection, { stage: 'passive', remotePort, localPort });
    world.connections.push(connection);
  }
  connection.socket = socket;
  world.underTest = connection;
  return { kind: 'socket', socket, connection };
}

function portsOf(socket: Socket): { remotePort: number; localPort: number } {
  const portOf = (address: object): number => ('port' in address ? Number(address.port) : 0);
  try {
    return { remotePort: portOf(socket.getpeername()), localPort: portOf(socket.getsockname()) };
  } catch {
    return { remotePort: 0, localPort: portOf(socket.getsockname()) }; // reset before it was accepted
  }
}

async function connect(world: World, args: readonly Expression[]): Promise<Answer> {
  requireCount(args, 3);
  const { socket, connection } = socketOf(world, args);
  const address = args[1];
  if (address?.kind === 'symbol' && address.name === 'AF_UNSPEC') {
    await socket.connect({ family: 'unspec' });
    return 0;
  }
  if (connection.stage === 'new') {
    connection.stage = 'connecting';
    connection.remotePort = world.config.connectPort;
  }
  world.underTest = connection;
  const { remoteIp, connectPort: port } = world.config;
  const connecting = socket.connect({ address: remoteIp, port });
  if (connection.localPort === 0) {
    const name = socket.getsockname();
    connection.localPort = 'port' in name ? name.port : 0;
  }
  await connecting;
  return 0;
}

function fcntl(world: World, args: readonly Expression[]): Answer {
  const { socket } = socketOf(world, args);
  const command = integerOf(args[1], 'the command');
  if (command === F_GETFL) {
    requireCount(args, 2);
    return O_RDWR | (socket.nonblocking ? O_NONBLOCK : 0);
  }
  if (command !== F_SETFL) throw new CallFault('of fcntl, F_GETFL and F_SETFL are known');
  requireCount(args, 3);
  socket.nonblocking = (integerOf(args[2], 'the flags') & O_NONBLOCK) !== 0;
  return 0;
}

function ioctl(world: World, args: readonly Expression[]): Answer {
  requireCount(args, 3);
  const answer = socketOf(world, args).socket.ioctl(integerOf(args[1], 'the request'));
  const expected = boxedOf(args[2], 'the number');
  if (answer !== expected) throw new CallFault(`the number is ${answer}, not ${expected}`, args[2]?.position);
  return 0;
}

async function close(world: World, args: readonly Expression[]): Promise<Answer> {
  requireCount(args, 1);
  const fd = integerOf(args[0], 'the descriptor');
  const handle = world.process.get(fd);
  world.process.release(fd);
  if (handle.kind === 'epoll') handle.epoll.close();
  if (handle.kind !== 'socket') return 0;
  for (const [, other] of world.process.handles()) if (other.kind === 'epoll') other.epoll.delete(fd);
  handle.connection.socket = undefined;
  await handle.socket.close();
  return 0;
}

function shutdown(world: World, args: readonly Expression[]): Answer {
  requireCount(args, 2);
  socketOf(world, args).socket.shutdown(integerOf(args[1], 'the direction'));
  return 0;
}

async function poll(world: World, args: readonly Expression[]): Promise<Answer> {
  requireCount(args, 3);
  const list = listOf(args[0], 'the list').map((item) => {
    const fields = new Fields(item, 'an entry').only('fd', 'events', 'revents');
    const { socket } = world.process.socket(fields.integer('fd'));
    const expected = fields.integer('revents');
    return { entry: { socket, events: fields.integer('events'), revents: 0 }, expected, item };
  });
  if (integerOf(args[1], 'the number of entries') !== list.length) {
    throw new CallFault(`there are ${list.length} entries`, args[1]?.position);
  }
  const count = await world.host.sockets.poll(
    list.map(({ entry }) => entry),
    integerOf(args[2], 'the timeout'),
  );
  for (const { entry, expected, item } of list) {
    if (entry.revents !== expected) {
      throw new CallFault(
        `revents is ${eventNames(entry.revents)}, not ${eventNames(expected)}`,
        item.position,
      );
    }
  }
  return count;
}

function open(world: World, args: readonly Expression[]): Answer {
  const name = args[0];
  if (name?.kind !== 'string') throw new CallFault('a path is a string', name?.position);
  const bytes = world.process.files.get(name.value);
  if (bytes === undefined) throw new SocketError('open', 'ENOENT');
  return { kind: 'file', bytes, offset: 0 };
}

function pipe(world: World, args: readonly Expression[]): Answer {
  requireCount(args, 1);
  const [reader, writer] = listOf(args[0], 'the descriptors');
  const shared = { length: 0 };
  world.process.bind(integerOf(reader, 'a descriptor'), { kind: 'pipe', pipe: shared, end: 'read' });
  world.process.bind(integerOf(writer, 'a descriptor'), { kind: 'pipe', pipe: shared, end: 'write' });
  return 0;
}

function epollCreate(world: World, args: readonly Expression[]): Answer {
  requireCount(args, 1);
  return { kind: 'epoll', epoll: new Epoll(world.clock) };
}

function epollOf(world: World, args: readonly Expression[]): Epoll {
  const handle = world.process.get(integerOf(args[0], 'the descriptor'));
  if (handle.kind !== 'epoll') throw new SocketError('epoll', 'EINVAL');
  return handle.epoll;
}

async function epollControl(world: World, args: readonly Expression[]): Promise<Answer> {
  requireCount(args, 4);
  const epoll = epollOf(world, args);
  const operation = integerOf(args[1], 'the operation');
  const fd = integerOf(args[2], 'the descriptor');
  const { socket } = world.process.socket(fd);
  let errno: string | undefined;
  if (operation === symbolValue('EPOLL_CTL_DEL')) errno = epoll.delete(fd);
  else {
    const events = new Fields(args[3], 'the event')
      .only('events', 'fd', 'ptr', 'u32', 'u64')
      .integer('events');
    if (operation === symbolValue('EPOLL_CTL_ADD')) errno = await epoll.add(fd, socket, events);
    else if (operation === symbolValue('EPOLL_CTL_MOD')) errno = await epoll.modify(fd, events);
    else errno = 'EINVAL';
  }
  if (errno !== undefined) throw new SocketError('epoll_ctl', errno);
  return 0;
}

async function epollWait(world: World, args: readonly Expression[]): Promise<Answer> {
  requireCount(args, 4);
  const epoll = epollOf(world, args);
  const found = await epoll.wait(integerOf(args[2], 'the room'), integerOf(args[3], 'the timeout'));
  const list = args[1]?.kind === 'list' ? args[1].items : [args[1] as Expression];
  for (const [index, item] of list.entries()) {
    if (isEllipsis(item)) continue;
    const fields = new Fields(item, 'an event').only('events', 'fd', 'ptr', 'u32', 'u64');
    const expected = fields.integer('events');
    const actual = found[index];
    if ((actual?.events ?? 0) !== expected) {
      throw new CallFault(
        `events is ${eventNames(actual?.events ?? 0)}, not ${eventNames(expected)}`,
        item.position,
      );
    }
    if (fields.has('fd') && actual !== undefined && actual.fd !== fields.integer('fd')) {
      throw new CallFault(`fd is ${actual.fd}, not ${fields.integer('fd')}`, item.position);
    }
  }
  return found.length;
}

const EVENTS = [
  'IN',
  'PRI',
  'OUT',
  'ERR',
  'HUP',
  'NVAL',
  'RDNORM',
  'RDBAND',
  'WRNORM',
  'WRBAND',
  'MSG',
  'RDHUP',
];

function eventNames(events: number): string {
  const names = EVENTS.filter((name) => {
    const bit = symbolValue(`EPOLL${name}`) ?? symbolValue(`POLL${name}`) ?? 0;
    return (events & bit) !== 0;
  });
  return names.length === 0 ? '0' : names.join('|');
}

function socketOf(world: World, args: readonly Expression[]): Extract<Handle, { kind: 'socket' }> {
  return world.process.socket(integerOf(args[0], 'the descriptor'));
}
