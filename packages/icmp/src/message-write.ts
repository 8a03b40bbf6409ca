/**
 * Whole messages, written.
 * @module
 */
import { requireRange, viewOf } from '@stack/skbuff';
import { checksumOf } from './checksum.ts';
import { checkExtensionRanges, extensionsSize, writeExtensions } from './extensions.ts';
import { HLEN } from './fields.ts';
import { write } from './header.ts';
import type { Message } from './message-kinds.ts';

/** Bytes that {@link encodeMessage} writes. */
export function messageSize(message: Message): number {
  switch (message.kind) {
    case 'error': {
      const { quote, extensions } = message;
      return HLEN + quote.length + (extensions === undefined ? 0 : extensionsSize(extensions));
    }
    case 'redirect':
      return HLEN + message.quote.length;
    case 'timestamp':
      return HLEN + 12 + message.data.length;
    case 'mask':
      return HLEN + 4 + message.data.length;
    case 'advertisement':
      return HLEN + message.routers.length * 8 + message.data.length;
    case 'extended-echo':
      return HLEN + extensionsSize(message.extensions);
    default:
      return HLEN + message.data.length;
  }
}

/**
 * Writes a message, every field as given, the checksum too: {@link seal} computes it.
 * @throws RangeError, and nothing written, if a field is out of its range.
 */
export function encodeMessage(message: Message): Uint8Array {
  requireRange('icmp', 'type', message.type, 0xff);
  requireRange('icmp', 'code', message.code, 0xff);
  requireRange('icmp', 'check', message.check, 0xffff);
  const rest = restOf(message);
  const bytes = new Uint8Array(messageSize(message));
  const view = viewOf(bytes);
  write(view, 0, message.type, message.code, message.check, rest);
  writeBody(view, bytes, message);
  return bytes;
}

/** The message with its checksum computed; the one given stays as it is. */
export function seal<M extends Message>(message: M): M {
  const bytes = encodeMessage(message);
  return { ...message, check: checksumOf(viewOf(bytes), 0, bytes.length) };
}

/** The second word. */
function restOf(message: Message): number {
  switch (message.kind) {
    case 'error':
      field('pointer', message.pointer, 0xff);
      field('length', message.length, 0xff);
      field('mtu', message.mtu, 0xffff);
      if (message.extensions !== undefined) checkExtensionRanges(message.extensions);
      return message.pointer * 0x100_0000 + message.length * 0x1_0000 + message.mtu;
    case 'redirect':
      return field('gateway', message.gateway, 0xffff_ffff);
    case 'solicitation':
      return field('reserved', message.reserved, 0xffff_ffff);
    case 'raw':
      return field('rest', message.rest, 0xffff_ffff);
    case 'advertisement':
      field('routers', message.routers.length, 0xff);
      checkBody(message);
      return message.routers.length * 0x100_0000 + 2 * 0x1_0000 + field('lifetime', message.lifetime, 0xffff);
    case 'extended-echo':
      field('reserved', message.reserved, 0x7f);
      field('local', message.local, 1);
      checkExtensionRanges(message.extensions);
      return extended(message.id, message.sequence, message.reserved * 2 + message.local);
    case 'extended-echo-reply':
      return extended(message.id, message.sequence, replyFlags(message));
    default:
      checkBody(message);
      field('id', message.id, 0xffff);
      return message.id * 0x1_0000 + field('sequence', message.sequence, 0xffff);
  }
}

/** Fields behind the second word. */
function checkBody(message: Message): void {
  if (message.kind === 'timestamp') {
    field('originate', message.originate, 0xffff_ffff);
    field('receive', message.receive, 0xffff_ffff);
    field('transmit', message.transmit, 0xffff_ffff);
  } else if (message.kind === 'mask') field('mask', message.mask, 0xffff_ffff);
  else if (message.kind === 'advertisement') {
    for (const { address, preference } of message.routers) {
      field('address', address, 0xffff_ffff);
      field('preference', preference + 0x8000_0000, 0xffff_ffff);
    }
  }
}

function replyFlags(message: Extract<Message, { kind: 'extended-echo-reply' }>): number {
  field('state', message.state, 7);
  field('reserved', message.reserved, 3);
  field('active', message.active, 1);
  field('ipv4', message.ipv4, 1);
  field('ipv6', message.ipv6, 1);
  const { state, reserved, active, ipv4, ipv6 } = message;
  return (state << 5) | (reserved << 3) | (active << 2) | (ipv4 << 1) | ipv6;
}

function extended(id: number, sequence: number, flags: number): number {
  field('id', id, 0xffff);
  return id * 0x1_0000 + field('sequence', sequence, 0xff) * 0x100 + flags;
}

/** What stands behind the first eight bytes. */
function writeBody(view: DataView, bytes: Uint8Array, message: Message): void {
  switch (message.kind) {
    case 'error': {
      const { quote, extensions } = message;
      bytes.set(quote, HLEN);
      if (extensions !== undefined) writeExtensions(view, bytes, HLEN + quote.length, extensions);
      break;
    }
    case 'redirect':
      bytes.set(message.quote, HLEN);
      break;
    case 'timestamp':
      view.setUint32(HLEN, message.originate);
      view.setUint32(HLEN + 4, message.receive);
      view.setUint32(HLEN + 8, message.transmit);
      bytes.set(message.data, HLEN + 12);
      break;
    case 'mask':
      view.setUint32(HLEN, message.mask);
      bytes.set(message.data, HLEN + 4);
      break;
    case 'advertisement':
      message.routers.forEach(({ address, preference }, i) => {
        view.setUint32(HLEN + i * 8, address);
        view.setInt32(HLEN + i * 8 + 4, preference);
      });
      bytes.set(message.data, HLEN + message.routers.length * 8);
      break;
    case 'extended-echo':
      writeExtensions(view, bytes, HLEN, message.extensions);
      break;
    default:
      bytes.set(message.data, HLEN);
  }
}

function field(name: string, value: number, max: number): number {
  requireRange('icmp', name, value, max);
  return value;
}
