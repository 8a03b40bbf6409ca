/**
 * epoll over sockets: level and edge triggered, one shot. An item is ready when it was told of an event that it waits for, and stays so
 * until somebody looks and finds none (level) or one (edge).
 * @module
 */
import type { Clock } from '@stack/host';
import { POLLERR, POLLHUP, type Socket } from '@stack/socket';
import { symbolValue } from '../symbols.ts';

const EPOLLET = symbolValue('EPOLLET') as number;
const EPOLLONESHOT = symbolValue('EPOLLONESHOT') as number;
/** Bits that say how, not what. */
const HOW = 0xf000_0000;
const ALWAYS = POLLERR | POLLHUP;

/** What `epoll_wait` tells. */
export interface EpollEvent {
  events: number;
  fd: number;
}

interface Item {
  socket: Socket;
  fd: number;
  /** What it waits for, and how. */
  events: number;
  isReady: boolean;
  end: () => void;
}

/** See the module. */
export class Epoll {
  readonly #clock: Clock;
  /** By descriptor, the longest ready first. */
  readonly #items: Map<number, Item> = new Map();
  readonly #waiters: Set<() => void> = new Set();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** EPOLL_CTL_ADD. The errno, if there is one. */
  async add(fd: number, socket: Socket, events: number): Promise<string | undefined> {
    if (this.#items.has(fd)) return 'EEXIST';
    const item: Item = { socket, fd, events, isReady: false, end: () => {} };
    item.end = socket.watch((happened) => {
      if ((happened & waitedFor(item.events)) !== 0) this.#ready(item);
    });
    this.#items.set(fd, item);
    await this.#look(item);
    return undefined;
  }

  /** EPOLL_CTL_MOD. */
  async modify(fd: number, events: number): Promise<string | undefined> {
    const item = this.#items.get(fd);
    if (item === undefined) return 'ENOENT';
    item.events = events;
    await this.#look(item);
    return undefined;
  }

  /** EPOLL_CTL_DEL, and the close of a descriptor. */
  delete(fd: number): string | undefined {
    const item = this.#items.get(fd);
    if (item === undefined) return 'ENOENT';
    item.end();
    this.#items.delete(fd);
    return undefined;
  }

  /** Waits up to `timeout` ms, -1 = for ever, for at most `most` events. */
  async wait(most: number, timeout: number): Promise<EpollEvent[]> {
    const deadline = timeout < 0 ? Number.POSITIVE_INFINITY : this.#clock.now() + timeout * 1000;
    for (;;) {
      const events = await this.#collect(most);
      if (events.length > 0 || this.#clock.now() >= deadline) return events;
      await this.#sleep(deadline);
    }
  }

  /** Ends it. */
  close(): void {
    for (const fd of [...this.#items.keys()]) this.delete(fd);
  }

  async #collect(most: number): Promise<EpollEvent[]> {
    const found: EpollEvent[] = [];
    for (const item of [...this.#items.values()]) {
      if (found.length === most) break;
      if (!item.isReady) continue;
      const wanted = waitedFor(item.events);
      const events = (await item.socket.poll(wanted, 0)) & wanted;
      if (events === 0) {
        item.isReady = false;
        continue;
      }
      found.push({ events, fd: item.fd });
      if ((item.events & EPOLLONESHOT) !== 0) item.events = (item.events & HOW) >>> 0;
      if ((item.events & EPOLLET) !== 0 || waitedFor(item.events) === 0) item.isReady = false;
    }
    return found;
  }

  async #look(item: Item): Promise<void> {
    const wanted = waitedFor(item.events);
    if (((await item.socket.poll(wanted, 0)) & wanted) !== 0) this.#ready(item);
  }

  #ready(item: Item): void {
    item.isReady = true;
    for (const waiter of this.#waiters) waiter();
  }

  #sleep(deadline: number): Promise<void> {
    return new Promise((resolve) => {
      const clock = this.#clock;
      let timer: object | undefined;
      const over = (): void => {
        this.#waiters.delete(over);
        if (timer !== undefined) clock.cancel(timer);
        clock.woke();
        resolve();
      };
      if (deadline !== Number.POSITIVE_INFINITY) {
        timer = clock.at(
          deadline,
          () => {
            timer = undefined;
            over();
          },
          undefined,
        );
      }
      this.#waiters.add(over);
    });
  }
}

/** Errors and hang-ups are told without being asked for, but not by what a one-shot has left. */
function waitedFor(events: number): number {
  const what = (events & ~HOW) >>> 0;
  return what === 0 ? 0 : what | ALWAYS;
}
